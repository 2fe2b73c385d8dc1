"""Tests of tfrec.data.impressions."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.ab_log import write_log
from tests.data.interaction_logs import (
    IMPRESSION,
    NOON,
    events_of,
    impressions_of,
)
from tfrec.data.impressions import REPEATED, attribute, read_interaction_log
from tfrec.errors import DataError

HOUR = 3600


def test_a_log_is_read_as_it_was_written(tmp_path):
    impressions = impressions_of({}, {"item_id": "b", "position": 2})
    write_log(tmp_path, impressions, events_of({"value": 3.5}))
    shown, events = read_interaction_log(tmp_path)
    pd.testing.assert_frame_equal(shown, impressions, check_dtype=False)
    assert events["value"].tolist() == [3.5]
    assert shown.attrs[REPEATED] == events.attrs[REPEATED] == 0


def test_repeated_rows_are_dropped_and_counted(tmp_path):
    impressions = impressions_of({}, {"score": 9.0}, {"item_id": "b", "position": 2})
    events = events_of(
        {},
        {"received": NOON + 70},  # sent twice
        {"sequence": 1},
        {"event_id": "e1"},  # an id tells events apart, even of one content
        {"event_id": "e1", "timestamp": NOON + 61},
        {"event_id": "e2"},
        {"user_id": "u2", "event_id": "e1"},
        {"user_id": "", "recommendation_id": "r8"},
        {"user_id": "", "recommendation_id": "r9"},  # somebody else
    )
    shown, happened = read_interaction_log(write_log(tmp_path, impressions, events))
    assert shown["score"].tolist() == [1.5, 1.5]
    assert shown.attrs[REPEATED] == 1
    assert len(happened) == 7
    assert happened.attrs[REPEATED] == 2


def test_only_the_hours_of_a_span_are_read(tmp_path):
    times = [NOON + hours * HOUR for hours in (-30, -1, 0, 1, 2, 30)]
    rows = [{"recommendation_id": f"r{t}", "timestamp": t} for t in times]
    events = events_of(
        {"received": NOON + 20 * HOUR},  # late, yet of the span
        {"timestamp": NOON + 5 * HOUR},
    )
    write_log(tmp_path, impressions_of(*rows), events)
    far = tmp_path / "impressions" / "2026-11-28T06"
    (far / "part-0.parquet").write_text("not parquet")
    shown, happened = read_interaction_log(
        tmp_path, since="2026-11-29T12:00:00Z", until=NOON + 2 * HOUR
    )
    assert shown["timestamp"].tolist() == [NOON, NOON + HOUR]
    assert happened["timestamp"].tolist() == [NOON + 60]


def test_missing_texts_and_numbers_are_filled(tmp_path):
    impressions = impressions_of({"user_id": None, "score": None, "arm": None})
    write_log(tmp_path, impressions, events_of())
    shown, events = read_interaction_log(tmp_path)
    assert shown.loc[0, ["user_id", "arm"]].tolist() == ["", ""]
    assert np.isnan(shown["score"][0])
    assert events.empty
    assert "received" in events


def test_a_folder_without_impressions_is_refused(tmp_path):
    with pytest.raises(DataError, match="must have a folder `impressions` of hours"):
        read_interaction_log(tmp_path)
    write_log(tmp_path, impressions_of({}), events_of())
    with pytest.raises(DataError, match=r"must have impressions .* in this span\."):
        read_interaction_log(tmp_path, since=NOON + HOUR)
    (tmp_path / "events").rmdir()
    with pytest.raises(DataError, match="must have a folder `events` of hours"):
        read_interaction_log(tmp_path)


def test_wrong_columns_are_told_at_once(tmp_path):
    frame = impressions_of({"timestamp": NOON, "position": "first"})
    write_log(tmp_path, frame.drop(columns=["arm"]), events_of())
    with pytest.raises(DataError) as caught:
        read_interaction_log(tmp_path)
    words = str(caught.value)
    assert "column `arm` is missing. Columns found: recommendation_id" in words
    assert "column `position` must have whole numbers. Received:" in words
    assert "part-0.parquet" in words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recommendation_id": ""}, "1 × `recommendation_id` must not be empty"),
        ({"item_id": ""}, "1 × `item_id` must not be empty"),
        ({"position": 0}, "1 × `position` must be 1 or more"),
    ],
)
def test_impressions_without_a_place_are_refused(tmp_path, change, words):
    write_log(tmp_path, impressions_of(change, {}), events_of())
    with pytest.raises(DataError, match=words):
        read_interaction_log(tmp_path)


def test_files_that_are_no_parquet_and_gaps_are_refused(tmp_path):
    write_log(tmp_path, impressions_of({}), events_of({}))
    part = next((tmp_path / "events").rglob("*.parquet"))
    frame = events_of({}, {"sequence": 1}).astype({"sequence": "Int64"})
    frame.assign(sequence=[pd.NA, 1]).to_parquet(part)
    with pytest.raises(DataError, match="`sequence` must be given in every row"):
        read_interaction_log(tmp_path)
    part.write_bytes(b"PAR1 half")
    with pytest.raises(DataError, match="must be a parquet file"):
        read_interaction_log(tmp_path)
    with pytest.raises(DataError, match="`since` must be UTC seconds"):
        read_interaction_log(tmp_path, since="yesterday")


def test_an_event_belongs_to_the_list_that_it_names():
    impressions = impressions_of(
        {}, {"recommendation_id": "r2", "timestamp": NOON + 30}
    )
    events = events_of(
        {"recommendation_id": "r1", "event": "click"},
        {"recommendation_id": "r1", "event": "purchase", "value": 9.0, "sequence": 1},
        {"event": "click", "sequence": 2},  # names none: the latest
    )
    found = attribute(impressions, events, HOUR)
    assert found.impressions["num_events"].tolist() == [2, 1]
    assert found.impressions["chosen_event"].tolist() == ["click", "click"]
    assert found.matches["impression"].tolist() == [0, 0, 1]
    assert found.matches["event"].tolist() == ["click", "purchase", "click"]
    assert found.matches["delay_s"].tolist() == [60, 60, 30]
    assert found.counts["by_list"] == 2
    assert found.counts["by_user"] == 1
    only = attribute(impressions, events, HOUR, kinds=["purchase"]).impressions
    assert only["chosen"].tolist() == [True, False]
    assert only["chosen_value"].tolist()[0] == 9.0
    assert only["chosen_at"].tolist() == [NOON + 60, 0]


def test_events_that_belong_to_no_impression_are_counted():
    impressions = impressions_of({}, {"recommendation_id": "r2", "user_id": ""})
    events = events_of(
        {"recommendation_id": "r1", "timestamp": NOON - 5},  # clocks differ
        {"recommendation_id": "r1", "timestamp": NOON - 6},
        {"recommendation_id": "r1", "timestamp": NOON + HOUR + 1},
        {"recommendation_id": "lost"},
        {"recommendation_id": "r1", "item_id": "b"},
        {"user_id": ""},  # nobody knows whose
        {"timestamp": NOON - 4},
        {"timestamp": NOON - 6},
    )
    found = attribute(impressions, events, HOUR)
    assert found.counts == {
        "events": 8,
        "with_list": 5,
        "by_list": 1,
        "by_user": 1,
        "unknown_list": 1,
        "too_early": 1,
        "too_late": 1,
        "not_shown": 3,
    }
    assert found.impressions["num_events"].tolist() == [2, 0]


def test_an_impression_just_after_wins_over_one_outside_the_window():
    impressions = impressions_of(
        {"timestamp": NOON - 2 * HOUR},
        {"recommendation_id": "r2", "timestamp": NOON + 63},
    )
    found = attribute(impressions, events_of({}), HOUR)
    assert found.impressions["num_events"].tolist() == [0, 1]


def test_nothing_happened():
    found = attribute(impressions_of({}), events_of(), HOUR)
    assert not found.impressions["chosen"].any()
    assert found.matches.empty
    with pytest.raises(DataError, match="`window_s` must be 0 or more"):
        attribute(impressions_of({}), events_of(), -1)


LISTS, WINDOW, TOLERANCE = st.integers(0, 3), 6, 2
ROW = {
    "user_id": st.sampled_from(["", "u", "v"]),
    "item_id": st.sampled_from("ab"),
    "timestamp": st.integers(0, 20),
    "recommendation_id": st.sampled_from(["", "r0", "r1", "r2", "r9"]),
}


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 2), st.sampled_from("ab")),
        st.tuples(ROW["user_id"], ROW["timestamp"]),
    ),
    st.lists(st.fixed_dictionaries(ROW), max_size=6),
)
def test_attribution_as_one_event_after_the_other(shown, happened):
    impressions = impressions_of(
        *(
            {
                "recommendation_id": f"r{place[0]}",
                "item_id": place[1],
                "user_id": user,
                "timestamp": time,
            }
            for place, (user, time) in shown.items()
        )
    )
    found = attribute(impressions, events_of(*happened), WINDOW, None, TOLERANCE)
    rows = dict(
        zip(found.matches["event_row"], found.matches["impression"], strict=True)
    )
    assert len(rows) == len(found.matches)
    for number, event in enumerate(happened):
        allowed = slow_rows(impressions.to_dict("records"), event)
        assert rows.get(number) in (allowed or [None])


def slow_rows(impressions, event):
    """Rows that the event may belong to: several where times are equal."""

    def delay(row):
        return event["timestamp"] - impressions[row]["timestamp"]

    rows = [n for n, i in enumerate(impressions) if i["item_id"] == event["item_id"]]
    if event["recommendation_id"]:
        same = "recommendation_id"
        rows = [n for n in rows if impressions[n][same] == event[same]]
        return [n for n in rows if -TOLERANCE <= delay(n) <= WINDOW]
    rows = [n for n in rows if impressions[n]["user_id"] == event["user_id"] != ""]
    for rule in (lambda d: 0 <= d <= WINDOW, lambda d: -TOLERANCE <= d < 0):
        fitting = [n for n in rows if rule(delay(n))]
        if fitting:
            least = min(abs(delay(n)) for n in fitting)
            return [n for n in fitting if abs(delay(n)) == least]
    return []


def test_the_rows_of_the_tests_have_all_columns():
    from tfrec.data.impressions import IMPRESSIONS

    assert [*IMPRESSION] == [*IMPRESSIONS]
