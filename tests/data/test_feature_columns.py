"""Tests of feature columns: named in the configuration, read, coded."""

import json
import logging

import numpy as np
import pandas as pd
import pytest

from tfrec.config import from_dict, from_settings, load_config
from tfrec.data.coded_columns import CodedColumns
from tfrec.data.unread import likely_kind
from tfrec.errors import ConfigError, DataError
from tfrec.recommender import Recommender
from tfrec.training.log import load_run_data, prepare

DAY = 86_400
EVENTS = {
    "user_id": ["ann", "bob", "ann"],
    "item_id": ["tea", "cup", "cup"],
    "timestamp": [10 * DAY, 11 * DAY, 12 * DAY],
    "device": ["phone", "", "desktop"],
}
ITEMS = {
    "item_id": ["tea", "cup", "pot"],
    "title": ["Tea", "Cup", "Pot"],
    "price": [2.5, None, 30],
    "brand": ["Acme", "", "Zeta"],
    "tags": ["hot|green", "", "hot"],
    "released": ["1970-01-03", None, "1970-01-02"],
    "image": [[1.0, 2.0], [0.5, 0.0], None],
    "blurb": ["From a hill.", "", "Holds much."],
}
USERS = {"user_id": ["ann", "cleo"], "age": [31, 40], "joined": [9 * DAY, DAY]}
KINDS = {
    "items": {
        "price": "number",
        "brand": {"kind": "category", "use": ["towers", "words"]},
        "tags": "categories",
        "released": "time",
        "image": "vector",
        "blurb": "text",
    },
    "users": {"age": "number", "joined": "time"},
    "context": {"device": "category"},
}


def write_shop(folder, items=ITEMS, events=EVENTS, users=USERS):
    """A folder of JSONL files."""
    tables = {"items": items, "events": events, "users": users}
    for name, columns in tables.items():
        frame = pd.DataFrame(columns).astype(object)
        frame = frame.where(frame.notna(), None)
        lines = map(json.dumps, frame.to_dict("records"))
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def read(folder, kinds=KINDS, **data):
    config = from_dict({"data": {"folder": str(folder), **data}, "features": kinds})
    return load_run_data(config)


def column(coded, name):
    """Cells of a column, row by row."""
    return coded.values([each.name for each in coded.columns].index(name)).tolist()


@pytest.fixture(params=["files", "frames"])
def log(request, tmp_path):
    """The `RunData` of the shop."""
    if request.param == "files":
        return read(write_shop(tmp_path))
    recommender = Recommender(features=KINDS)
    frames = (pd.DataFrame(each) for each in (EVENTS, ITEMS, USERS))
    dataset = recommender._read(*frames)
    return prepare(dataset, recommender.config)


def test_every_kind_is_read_in_the_rows_of_the_log(log):
    features, ids = log.interactions.features, log.interactions.item_ids.tolist()
    assert ids == ["tea", "cup", "pot"]
    np.testing.assert_array_equal(column(features.items, "price"), [2.5, np.nan, 30])
    assert column(features.items, "brand") == ["Acme", "", "Zeta"]
    assert column(features.items, "tags") == ["hot|green", "", "hot"]
    np.testing.assert_array_equal(
        column(features.items, "released"), [172_800, 0, 86_400]
    )
    assert column(features.items, "image") == [[1, 2], [0.5, 0], [0, 0]]
    np.testing.assert_array_equal(column(features.users, "age"), [31, np.nan])


def test_context_is_of_each_event_and_times_of_users_are_ages(log):
    context = log.interactions.features.context
    assert log.interactions.user_ids[log.interactions.user_rows].tolist() == [
        "ann",
        "ann",
        "bob",
    ]
    assert column(context, "device") == ["phone", "desktop", ""]
    np.testing.assert_array_equal(column(context, "joined"), [1, 3, np.nan])
    kept = log.interactions.select(np.array([False, True, True]))
    assert column(kept.features.context, "device") == ["desktop", ""]


def test_words_are_part_of_the_text(log):
    texts = log.dataset.items.texts.tolist()
    assert texts == ["Tea. Acme. From a hill", "Cup", "Pot. Zeta. Holds much"]
    names = [each.name for each in log.interactions.features.items.columns]
    assert "blurb" not in names


def test_a_question_has_the_context_of_its_event(log):
    from tfrec.data.split import next_item_queries

    queries = next_item_queries(log.interactions, np.array([1, 2]))
    context = log.interactions.features.context
    device = [context.cells[0][row] for row in queries.context_rows[:, 0]]
    assert device == ["desktop", ""]
    assert queries.take([1]).context_rows.tolist() == queries.context_rows[1:].tolist()


def test_vectors_may_stand_in_an_npy_file(tmp_path):
    kinds = {"items": {"image": {"kind": "vector", "file": "image.npy"}}}
    items = {name: cells for name, cells in ITEMS.items() if name != "image"}
    folder = write_shop(tmp_path, items=items)
    vectors = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.save(tmp_path / "image.npy", vectors)
    found = read(folder, kinds).interactions.features.items
    assert column(found, "image") == vectors.tolist()
    np.save(tmp_path / "image.npy", vectors[:2])
    with pytest.raises(DataError, match=r"a vector for each of the 3 rows .*\(2, 2\)"):
        read(folder, kinds)
    np.save(tmp_path / "image.npy", np.full_like(vectors, np.inf))
    with pytest.raises(DataError, match="must hold finite numbers"):
        read(folder, kinds)
    (tmp_path / "image.npy").unlink()
    with pytest.raises(DataError, match=r"image\.npy cannot be read as vectors"):
        read(folder, kinds)


def test_a_column_that_one_file_lacks_is_told_and_missing_there(tmp_path, caplog):
    folder = write_shop(tmp_path)
    (tmp_path / "events.jsonl").unlink()
    (tmp_path / "events").mkdir()
    row = "user_id,item_id,timestamp\nann,tea,864000\n"
    (tmp_path / "events" / "1.csv").write_text(row)
    row = "user_id,item_id,timestamp,device\nann,cup,964000,phone\n"
    (tmp_path / "events" / "2.csv").write_text(row)
    with caplog.at_level(logging.WARNING):
        context = read(folder).interactions.features.context
    assert column(context, "device") == ["", "phone"]
    assert any("1.csv: no column `device`" in line for line in caplog.messages)


def test_a_column_that_no_file_has_is_refused(tmp_path):
    items = {name: cells for name, cells in ITEMS.items() if name != "price"}
    with pytest.raises(DataError, match=r"Items must have a column `price`.*brand"):
        read(write_shop(tmp_path, items=items))
    with pytest.raises(DataError, match=r"Items must have a column `price`"):
        Recommender(features=KINDS)._table("items", pd.DataFrame(items))


def test_a_table_that_is_not_there_cannot_have_columns(tmp_path):
    folder = write_shop(tmp_path)
    (tmp_path / "users.jsonl").unlink()
    with pytest.raises(DataError, match="`features.users` names columns of a table"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "cell", "rule"),
    [
        ("price", "cheap", "`price` must be a number"),
        ("released", "soon", "`released` must be UTC seconds"),
        ("image", [1.0, 2.0, 3.0], "`image` has not 2 numbers, as most have"),
        ("image", [1.0, float("nan")], "`image` is no list of finite numbers"),
    ],
)
def test_cells_of_another_kind_are_bad_rows(tmp_path, name, cell, rule):
    items = {**ITEMS, name: [*ITEMS[name][:2], cell]}
    with pytest.raises(DataError, match=f"1 × {rule}.* row 3"):
        read(write_shop(tmp_path, items=items))
    found = read(tmp_path, on_bad_rows="quarantine").interactions
    assert found.item_ids.tolist() == ["tea", "cup"]


def test_items_that_the_catalogue_lacks_have_missing_cells(tmp_path):
    events = {**EVENTS, "item_id": ["tea", "new", "cup"]}
    found = read(write_shop(tmp_path, events=events)).interactions.features.items
    assert column(found, "brand") == ["Acme", "", "Zeta", ""]
    assert np.isnan(column(found, "price")[3])
    assert column(found, "image")[3] == [0, 0]


def test_columns_are_mapped(tmp_path):
    items = {"cost" if n == "price" else n: cells for n, cells in ITEMS.items()}
    folder = write_shop(tmp_path, items=items)
    found = read(folder, columns={"price": "cost"}).interactions.features.items
    assert column(found, "price")[0] == 2.5


@pytest.mark.parametrize(
    ("side", "columns", "message"),
    [
        ("items", {"price": "money"}, "`features.items.price` must be one of"),
        ("items", {"title": "text"}, "must not name `title`"),
        ("items", {"the price": "number"}, "only letters, digits and _"),
        ("items", {"price": {"kind": "number", "use": ["words"]}}, "use` must be a"),
        ("items", {"price": {"kind": "number", "uses": []}}, "Did you mean `use`"),
        ("items", {"price": {"kind": "number", "file": "a.npy"}}, "for a vector"),
        ("users", {"age": {"kind": "number", "use": ["filter"]}}, "use` must be a"),
        ("context", {"note": "text"}, "must be another kind"),
    ],
)
def test_a_configuration_that_cannot_be(side, columns, message):
    with pytest.raises(ConfigError, match=message):
        from_dict({"features": {side: columns}})


def test_overrides_and_settings_name_columns():
    config = load_config(overrides=['features.items={price = "number"}'])
    assert [each.name for each in config.features.columns("items")] == ["price"]
    settings = {"features": {"items": {"price": "number"}}}
    assert from_settings(settings).features == config.features


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([1, 2.5], "number"),
        (["1", "2,5", "3"], "category"),
        (["2024-05-01", "2024-05-02T10:00:00Z"], "time"),
        (["red", "green"], "category"),
        ([["a", "b"], ["c"]], "categories"),
        ([[0.5, 1.0], [1.0, 2.0]], "vector"),
        (["A long sentence of more than forty letters."] * 2, "text"),
        ([None, None], "category"),
    ],
)
def test_what_an_unread_column_could_be(cells, kind):
    assert likely_kind(pd.Series(cells, dtype=object)) == kind


def test_rows_of_nobody_are_missing(log):
    taken = log.interactions.features.items.take(np.array([0, -1]))
    assert column(taken, "brand") == ["Acme", ""]
    assert len(CodedColumns.none(3)) == 3


def test_arrays_give_the_same_columns_back(log, tmp_path):
    coded = log.interactions.features.items
    np.savez(tmp_path / "cells.npz", **coded.to_arrays())
    with np.load(tmp_path / "cells.npz") as arrays:
        found = CodedColumns.of_arrays(coded.columns, arrays)
    for number in range(len(coded.columns)):
        np.testing.assert_array_equal(found.values(number), coded.values(number))
