"""Tests of logs without times: how they are read, and what is refused."""

import logging

import numpy as np
import pandas as pd
import pytest

from tests.toy_log import write_table
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.readers import read_events
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.errors import ConfigError, DataError

LOG = pd.DataFrame({"user_id": ["ann", "ann", "bob"], "item_id": ["a", "b", "a"]})
BLANK = [None, "", " NaN "]  # of each kind that means nothing


@pytest.fixture(params=["csv", "parquet", "jsonl", "frame"])
def read(request, tmp_path):
    """Reads a frame of events, from a file of each format or as it is."""

    def read(frame, columns=None):
        if request.param == "frame":
            return Events(frame.rename(columns={b: a for a, b in columns or ()}))
        path = tmp_path / f"events.{request.param}"
        write_table(frame, path)
        return read_events(path, dict(columns or ()))

    return read


@pytest.mark.parametrize("frame", [LOG, LOG.assign(timestamp=BLANK)])
def test_a_log_without_times_is_read(read, frame):
    events = read(frame.assign(value=[3, 4, 5]))
    assert not events.has_times
    assert events.frame["timestamp"].tolist() == [0, 0, 0]
    assert events.frame["timestamp"].dtype == np.int64
    assert events.frame["item_id"].tolist() == ["a", "b", "a"]
    assert events.frame["value"].tolist() == [3, 4, 5]


def test_json_objects_may_have_an_empty_time_or_none(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"user_id": 1, "item_id": 2, "timestamp": null}\n' * 2
        + '{"user_id": 1, "item_id": 3}\n'
    )
    assert not read_events(path).has_times


def test_where_some_times_are_missing_these_rows_are_bad(read):
    with pytest.raises(DataError, match="2 × `timestamp` is missing: .*row 1"):
        read(LOG.assign(timestamp=[None, None, "1970-01-02"]))


def test_a_wrong_time_is_a_bad_row(read):
    """Milliseconds in all rows are no log without times."""
    with pytest.raises(DataError, match="3 × `timestamp` looks like milliseconds"):
        read(LOG.assign(timestamp=1_500_000_000_000))


@pytest.mark.parametrize(
    "name", ["time_stmp", "Time Stamp", "time", "date", "EventTime"]
)
def test_times_under_another_name_are_not_lost(read, name):
    frame = LOG.assign(price=1).assign(**{name: 5})
    with pytest.raises(DataError) as info:
        read(frame)
    words = str(info.value)
    assert f"those of `{name}` would be lost. Did you mean `{name}`?" in words
    assert f'Map it with `data.columns = {{ timestamp = "{name}" }}`' in words
    assert read(frame, [("timestamp", name)]).frame["timestamp"].tolist() == [5] * 3


def test_a_mapped_column_must_be_there(tmp_path):
    write_table(LOG, tmp_path / "events.csv")
    with pytest.raises(DataError, match="must have a column `when`"):
        read_events(tmp_path / "events.csv", {"timestamp": "when"})


def test_other_columns_of_a_frame_are_named(caplog):
    with caplog.at_level(logging.WARNING):
        Events(LOG.assign(price=1, seen_on="2024-05-01"))
    (told,) = caplog.messages
    assert told.startswith("Events: columns that are not read: price, seen_on. ")
    assert '`features.context = { price = "number", seen_on = "time" }`' in told


def test_each_file_of_a_folder_must_have_the_times_of_one(tmp_path):
    write_table(LOG, tmp_path / "1.csv")
    assert not read_events(tmp_path).has_times
    write_table(LOG.assign(timestamp=[None, None, 5]), tmp_path / "2.csv")
    with pytest.raises(DataError, match="must have a column `timestamp`.*1.csv"):
        read_events(tmp_path)


def test_times_may_be_in_the_names_of_folders(tmp_path):
    (tmp_path / "day=2024-05-01").mkdir()
    write_table(LOG, tmp_path / "day=2024-05-01" / "0.csv")
    found = read_events(tmp_path, {"timestamp": "day"}).frame["timestamp"]
    assert found.tolist() == [1_714_521_600] * 3  # date -ud 2024-05-01 +%s


def encoded(frame, seed=0):
    empty = Users(pd.DataFrame({"user_id": []}))
    items = Items(pd.DataFrame({"item_id": [f"{n:03}" for n in range(100)]}))
    return encode(Dataset("test", Events(frame), items, empty), FeedbackRules(), seed)


def test_events_without_times_are_in_a_random_order():
    """Neither in that of the file nor of the item ids; the same for the same seed."""
    frame = pd.DataFrame({"user_id": "ann", "item_id": [f"{n:03}" for n in range(100)]})
    one, same, other = (encoded(frame, seed).item_rows for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()
    assert sorted(one) == list(range(100))
    # Of 100 in random order, 50 rise from their neighbour, with a deviation of 3.
    assert 35 < (np.diff(one) > 0).sum() < 65
    assert np.array_equal(encoded(frame).group_starts, np.arange(100))  # one by one


def test_limits_of_items_are_not_those_of_events_without_times():
    frame = pd.DataFrame({"item_id": ["a", "b"], "available_from": [5, 0]})
    nobody = Users(pd.DataFrame({"user_id": []}))
    dataset = Dataset("test", Events(LOG), Items(frame), nobody)
    assert encode(dataset, FeedbackRules()).availability is None


def test_half_lives_need_times():
    with pytest.raises(
        ConfigError, match="`data.half_life_days` must be 0, because no"
    ):
        FeedbackRules(half_life_days=30.0).check(Events(LOG))
