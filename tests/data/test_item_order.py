"""The column `after`: read from every format, checked for circles and unknown ids."""

import logging

import pandas as pd
import pytest

from tests.toy_log import write_table
from tfrec.config import Config, DataConfig
from tfrec.data.item_changes import ItemChange
from tfrec.data.item_order import check_order
from tfrec.data.readers import read_folder, read_items
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.errors import DataError
from tfrec.training.log import prepare

EVENTS = Events(pd.DataFrame({"user_id": ["u"], "item_id": ["a"], "timestamp": [5]}))
NOBODY = Users(pd.DataFrame({"user_id": []}))


def dataset_of(ids, after):
    items = Items(pd.DataFrame({"item_id": ids, "after": after}))
    return Dataset("courses", EVENTS, items, NOBODY)


@pytest.mark.parametrize(
    ("suffix", "cells"),
    [
        ("csv", ["", "a", " a | 7.0 "]),
        ("jsonl", [None, ["a"], ["a", 7]]),
        ("parquet", [[], ["a"], ["a", "7"]]),
    ],
)
def test_ids_are_read_from_every_format(tmp_path, suffix, cells):
    frame = pd.DataFrame({"item_id": ["a", "7", "c"], "after": cells})
    write_table(frame, tmp_path / f"items.{suffix}")
    items = read_items(tmp_path / f"items.{suffix}")
    assert items.frame["after"].tolist() == ["", "a", "a|7"]
    assert items.after == {"7": ["a"], "c": ["a", "7"]}


def test_a_catalogue_without_the_column_has_none():
    items = Items(pd.DataFrame({"item_id": ["a"]}))
    assert "after" not in items.frame
    assert items.after == {}


def test_what_is_no_id_is_a_bad_row():
    with pytest.raises(DataError, match="`after` must have no control characters"):
        Items(pd.DataFrame({"item_id": ["a"], "after": ["b|c\x00"]}))


def test_an_item_after_itself_is_refused():
    with pytest.raises(DataError, match="`after` must not lead .*: 'b' after 'b'."):
        dataset_of(["a", "b"], ["", "a|b"])


def test_a_circle_is_refused_with_its_items():
    with pytest.raises(DataError, match="Received: '.' after '.' after '.' after '.'"):
        dataset_of(["a", "b", "c", "d"], ["c", "a", "b", "a"])
    check_order({"a": [], "b": ["a"], "c": ["a", "b"]})


def test_a_circle_in_files_is_refused(tmp_path):
    EVENTS.frame.to_parquet(tmp_path / "events.parquet")
    (tmp_path / "items.csv").write_text("item_id,after\na,b\nb,a\n")
    with pytest.raises(DataError, match="none of these items could ever be"):
        read_folder(tmp_path, DataConfig(on_bad_rows="quarantine"))


def test_there_is_a_warning_of_unknown_ids(caplog):
    dataset = dataset_of(["a", "b", "c"], ["", "x", "a|x|y"])
    with caplog.at_level(logging.WARNING):
        prepare(dataset, Config())
    assert caplog.messages == [
        "courses: 2 ids in `after` are not in the catalogue ('x', 'y'). Nobody can "
        "meet them, so 2 items are not recommended to anybody ('b', 'c')."
    ]


def test_items_of_the_log_alone_can_be_met(caplog):
    """They are added to the catalogue, and come after nothing."""
    made = dataset_of(["b"], ["a"])
    with caplog.at_level(logging.WARNING):
        prepare(made, Config())
    assert made.items.frame["after"].tolist() == ["a", ""]
    assert "in `after`" not in caplog.text


def test_a_new_item_after_itself_is_refused():
    assert ItemChange(item_id="b", after=["a", 7]).prerequisites == ["a", "7"]
    with pytest.raises(DataError, match="'b' after 'b'"):
        ItemChange(item_id="b", after="a|b")


def test_older_readers_are_not_given_the_field():
    assert "after" not in ItemChange(item_id="b").as_row()
    assert ItemChange(item_id="b", after="a").as_row()["after"] == "a"
