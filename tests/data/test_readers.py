"""Tests of reading tables: formats, bad rows, quarantine and folders."""

import gzip
import json
import logging

import pandas as pd
import pytest

from tests.data.logs import make_dataset
from tfrec.config import DataConfig
from tfrec.data import formats, text_files
from tfrec.data.readers import read_events, read_folder, read_items, read_users
from tfrec.data.writers import write_folder
from tfrec.errors import ConfigError, DataError

ROWS = [
    {"user_id": "007", "item_id": "a", "timestamp": 5, "event": "buy", "value": 2.5},
    {
        "user_id": "NA",
        "item_id": "Café, 2",
        "timestamp": 3,
        "event": "view",
        "value": 1,
    },
    {"user_id": "x y", "item_id": '"q"', "timestamp": -1, "event": "buy", "value": 0},
]


def write_csv(path, frame):
    frame.to_csv(path, index=False)


def write_jsonl(path, frame):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in frame.to_dict("records"))


def write_parquet(path, frame):
    frame.to_parquet(path, compression="brotli")


WRITERS = {
    "log.csv": write_csv,
    "log.csv.gz": write_csv,
    "log.jsonl": write_jsonl,
    "log.jsonl.gz": write_jsonl,
    "log.parquet": write_parquet,
    "log.parquet.brotli": write_parquet,
}


@pytest.fixture(params=WRITERS)
def log_path(request, tmp_path):
    path = tmp_path / request.param
    WRITERS[request.param](path, pd.DataFrame(ROWS))
    return path


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(formats, "CHUNK_ROWS", 2)
    monkeypatch.setattr(text_files, "CHUNK_CHARACTERS", 64)


def records(events):
    return events.frame.drop(columns="sequence").to_dict("records")


def csv_of(tmp_path, text, name="events.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


# === Formats ===


def test_every_format_reads_the_same(log_path):
    assert records(read_events(log_path)) == ROWS


@pytest.mark.usefixtures("small_chunks")
def test_chunks_make_no_difference(log_path):
    assert records(read_events(log_path)) == ROWS


def test_a_folder_of_files_in_any_format(tmp_path):
    folder = tmp_path / "log"
    (folder / "day=2").mkdir(parents=True)
    write_csv(folder / "a.csv", pd.DataFrame(ROWS[:1]))
    write_parquet(folder / "day=2" / "b.parquet", pd.DataFrame(ROWS[1:]))
    (folder / "_SUCCESS").touch()
    (folder / ".a.csv").write_text("junk")
    assert records(read_events(folder)) == ROWS


def test_a_parquet_id_with_holes_is_no_float(tmp_path):
    frame = pd.DataFrame({"user_id": pd.array([2**60 + 1, None], "Int64")})
    frame.assign(item_id="a", timestamp=1).to_parquet(tmp_path / "log.parquet")
    with pytest.raises(DataError, match="1 × `user_id` is missing or empty: .* row 2"):
        read_events(tmp_path / "log.parquet")
    frame[:1].assign(item_id="a", timestamp=1).to_parquet(tmp_path / "log.parquet")
    events = read_events(tmp_path / "log.parquet").frame
    assert events["user_id"].tolist() == [str(2**60 + 1)]


def test_json_may_lack_keys_that_have_a_default(tmp_path):
    lines = [
        {"item_id": "a", "category": ["x", "y"]},
        {"item_id": 2, "title": "Two", "available_from": "1970-01-02"},
    ]
    path = csv_of(tmp_path, "\n".join(map(json.dumps, lines)), "items.jsonl")
    frame = read_items(path).frame
    assert frame["category"].tolist() == ["x|y", ""]
    assert frame["title"].tolist() == ["", "Two"]
    assert frame["available_from"].tolist() == [0, 86400]
    assert frame["item_id"].tolist() == ["a", "2"]


def test_users_keep_group_columns(tmp_path):
    path = csv_of(tmp_path, "user_id,city\n1,Rome\n2,\n")
    assert read_users(path).frame["city"].tolist() == ["Rome", ""]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.parquet", b"PAR1", "log.parquet cannot be read as parquet: "),
        ("log.csv", b"user_id,item_id,timestamp\n\xff,1,1\n", "byte 0xff at byte 26 "),
        ("log.jsonl.gz", b"{}", "log.jsonl.gz cannot be read as jsonl: "),
        ("log.csv", b"", "must begin with a line of column names"),
        ("log.xlsx", b"", "file or folder of files ending in .parquet, .csv, .jsonl"),
        ("log.jsonl", b"", "must have at least one event.*no good row in .*log.jsonl"),
        ("log.csv", b"user_id,item_id,timestamp\n", "must have at least one event"),
        (
            "log.csv",
            b"user_id,user_id,item_id,timestamp\n1,2,3,4\n",
            "must have one column `user_",
        ),
    ],
)
def test_damaged_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_events(tmp_path / name)


def test_a_path_that_does_not_exist(tmp_path):
    with pytest.raises(DataError, match="nowhere.csv, that does not exist"):
        read_events(tmp_path / "nowhere.csv")


# === Columns ===


def test_columns_are_mapped(tmp_path):
    path = csv_of(tmp_path, "who,what,when,text,review\n1,2,3,short,long\n")
    columns = {
        "user_id": "who",
        "item_id": "what",
        "timestamp": "when",
        "text": "review",
    }
    row = read_events(path, columns).frame.iloc[0]
    assert row[["user_id", "item_id", "timestamp", "text"]].tolist() == [
        *("1", "2", 3, "long")
    ]


@pytest.mark.parametrize("columns", [{}, {"user_id": "user"}])
def test_a_missing_column_names_the_file(tmp_path, columns):
    path = csv_of(tmp_path, "uder_id,item_id,timestamp\n1,2,3\n")
    with pytest.raises(DataError) as info:
        read_events(path, columns)
    assert str(info.value) == (
        "Events must have a column `user_id`. Did you mean `uder_id`? "
        f"Columns found in {path}: uder_id, item_id, timestamp. "
        'Map it with `data.columns = { user_id = "uder_id" }` in a '
        "training's configuration, or rename it in the file."
    )


def test_a_mapped_column_must_be_there_even_if_it_is_optional(tmp_path):
    path = csv_of(tmp_path, "user_id,item_id,timestamp,rating\n1,2,3,4\n")
    with pytest.raises(DataError, match="a column `ratng`. Did you mean `rating`?"):
        read_events(path, {"value": "ratng"})


# === Bad rows ===

BAD = """user_id,item_id,timestamp,value
u,a,1,1
,b,2,1
u,c,soon,nine
u,d
u,e,1500000000000,1
u,f,6,1,1
u,g,7,1
"""


def test_all_bad_rows_are_told_at_once(tmp_path):
    path = csv_of(tmp_path, BAD)
    with pytest.raises(DataError) as info:
        read_events(path)
    message = str(info.value)
    assert message.startswith("Events: 5 bad rows.\n")
    for line in (
        f"2 × the line is no row (wrong number of cells, or not a JSON object): "
        f"{path} row 4 ('u,d'); {path} row 6 ('u,f,6,1,1')",
        f"1 × `user_id` is missing or empty: {path} row 2 ('')",
        f"must be UTC seconds, ISO 8601 or a datetime: {path} row 3 ('soon')",
        f"looks like milliseconds; divide it by 1000 to get seconds: {path} row 5 (",
        f"1 × `value` must be a number or absent: {path} row 3 ('nine')",
        'set `data.on_bad_rows = "quarantine"`, which writes them to a file',
    ):
        assert line in message


@pytest.mark.parametrize("is_chunked", [False, True])
def test_quarantine_sets_bad_rows_aside(tmp_path, caplog, request, is_chunked):
    if is_chunked:
        request.getfixturevalue("small_chunks")
    path, aside = csv_of(tmp_path, BAD), tmp_path / "aside" / "events.jsonl"
    with caplog.at_level(logging.WARNING):
        events = read_events(path, on_bad_rows="quarantine", quarantine_path=aside)
    assert events.frame["item_id"].tolist() == ["a", "g"]
    assert "Events: 5 bad rows." in caplog.text
    set_aside = [json.loads(line) for line in aside.read_text().splitlines()]
    set_aside.sort(key=lambda record: record["row"])
    assert [record["row"] for record in set_aside] == [2, 3, 4, 5, 6]
    assert {record["file"] for record in set_aside} == {str(path)}
    assert set_aside[1]["content"] == {
        **{"user_id": "u", "item_id": "c", "timestamp": "soon", "value": "nine"}
    }
    assert len(set_aside[1]["reasons"]) == 2
    assert [p.name for p in aside.parent.iterdir()] == ["events.jsonl"]


def test_a_failed_read_leaves_no_quarantine(tmp_path):
    log, aside = tmp_path / "log", tmp_path / "aside"
    log.mkdir()
    csv_of(log, BAD, "1.csv")
    csv_of(log, "user_id,item_id\n1,2\n", "2.csv")
    with pytest.raises(DataError, match="must have a column `timestamp`"):
        read_events(log, on_bad_rows="quarantine", quarantine_path=aside / "e.jsonl")
    assert list(aside.iterdir()) == []


def test_a_log_of_bad_rows_only_is_empty(tmp_path):
    path = csv_of(tmp_path, "user_id,item_id,timestamp\n1,2,x\n")
    with pytest.raises(DataError, match="no good row in"):
        read_events(
            path, on_bad_rows="quarantine", quarantine_path=tmp_path / "q.jsonl"
        )


@pytest.mark.usefixtures("small_chunks")
def test_an_item_that_comes_twice_is_set_aside(tmp_path):
    folder = tmp_path / "items"
    folder.mkdir()
    csv_of(folder, "item_id,title\na,A\nb,B\nc,C\n", "1.csv")
    csv_of(folder, "item_id,title\nd,D\na,again\n", "2.csv")
    with pytest.raises(
        DataError, match="`item_id` comes more than once: .*2.csv row 2"
    ):
        read_items(folder)
    aside = tmp_path / "q.jsonl"
    items = read_items(folder, on_bad_rows="quarantine", quarantine_path=aside)
    assert items.frame["title"].tolist() == ["A", "B", "C", "D"]
    assert json.loads(aside.read_text())["content"] == {
        "item_id": "a",
        "title": "again",
    }


def test_bad_jsonl_lines_are_bad_rows(tmp_path):
    good = '{"user_id": 1, "item_id": 2, "timestamp": 3}'
    path = csv_of(tmp_path, f'{good}\n{{oops\n\n[1]\n{{"user_id": 1}}\n', "e.jsonl")
    with pytest.raises(DataError) as info:
        read_events(path)
    assert "Events: 3 bad rows." in str(info.value)
    assert f"{path} row 2 ('{{oops'); {path} row 4 ('[1]')" in str(info.value)
    assert f"`timestamp` is missing: {path} row 5 (None)" in str(info.value)


def test_arguments_are_checked(tmp_path):
    path = csv_of(tmp_path, BAD)
    with pytest.raises(ConfigError, match='`on_bad_rows` must be "raise"'):
        read_events(path, on_bad_rows="drop")
    with pytest.raises(ConfigError, match="`quarantine_path` must say"):
        read_events(path, on_bad_rows="quarantine")


# === Folders ===

DATASET_ROWS = [("u1", "a", 1, 0, "good"), ("u2", "b", 2, 1, "bad")]


def test_a_folder_survives_a_round_trip(tmp_path):
    dataset = make_dataset(DATASET_ROWS, items=["b", "a", "c"])
    write_folder(dataset, tmp_path / "shop")
    again = read_folder(tmp_path / "shop", DataConfig())
    assert again.name == "shop"
    assert again.digest() == dataset.digest()
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == [
        *("events.parquet", "items.parquet", "users.parquet")
    ]


def test_the_digest_follows_the_content():
    first = make_dataset(DATASET_ROWS).digest()
    assert first == make_dataset(DATASET_ROWS).digest()
    assert len(first) == 64
    changed = [DATASET_ROWS[0], ("u2", "b", 2, 1, "good")]
    assert make_dataset(changed).digest() != first
    assert make_dataset(DATASET_ROWS[::-1]).digest() != first


def test_a_folder_with_a_log_only(tmp_path):
    csv_of(tmp_path, "user_id,item_id,timestamp\n1,2,3\n")
    dataset = read_folder(tmp_path, DataConfig())
    assert dataset.items.frame["item_id"].tolist() == ["2"]
    assert len(dataset.users) == 0


def test_one_mapping_serves_all_tables(tmp_path):
    csv_of(tmp_path, "user_id,sku,timestamp\n1,2,3\n")
    csv_of(tmp_path, "item_id,name\n2,Tea\n", "items.csv")
    config = DataConfig(columns={"item_id": "sku", "title": "name"})
    assert read_folder(tmp_path, config).items.texts.tolist() == ["Tea"]


def test_a_folder_sets_bad_rows_aside_per_table(tmp_path):
    csv_of(tmp_path, BAD)
    read_folder(tmp_path, DataConfig(on_bad_rows="quarantine"), tmp_path / "run")
    assert len((tmp_path / "run" / "events.jsonl").read_text().splitlines()) == 5


def test_wrong_folders_are_explained(tmp_path):
    with pytest.raises(DataError, match="must hold a log.*which holds nothing"):
        read_folder(tmp_path, DataConfig())
    csv_of(tmp_path, BAD)
    csv_of(tmp_path, "", "events.jsonl")
    with pytest.raises(DataError, match="must hold one table of events"):
        read_folder(tmp_path, DataConfig())
    with pytest.raises(ConfigError, match="Did you mean `user_id`?"):
        read_folder(tmp_path, DataConfig(columns={"userid": "who"}))
