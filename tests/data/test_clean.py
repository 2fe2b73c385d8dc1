"""Tests of tfrec.data.clean."""

import pandas as pd

from tfrec.data.clean import CleaningReport, clean
from tfrec.data.schema import Events


def make_events(**more):
    return Events(
        pd.DataFrame(
            {
                "user_id": ["u", "u", "u", "u", "v"],
                "item_id": ["a", "a", "b", "a", "a"],
                "timestamp": [9, 9, 9, 3, 9],
                "sequence": [1, 5, 0, 7, 1],
                "value": [0, 1, 2, 3, 4],
                **more,
            }
        )
    )


def test_the_first_of_equal_events_stays_and_time_orders():
    events, report = clean(make_events())
    # Row 1 repeats row 0; by (timestamp, sequence): 3 (3, 7), 2 (9, 0), 0, 4 (9, 1).
    assert events.frame["value"].tolist() == [3, 2, 0, 4]
    assert report == CleaningReport(num_read=5, num_duplicates=1, num_kept=4)


def test_another_event_kind_is_no_duplicate():
    events, _ = clean(make_events(event=["view", "buy", "view", "view", "view"]))
    assert len(events) == 5


def test_event_ids_decide_where_they_are_given():
    events, report = clean(make_events(event_id=["1", "2", "3", "3", "5"]))
    assert events.frame["value"].tolist() == [2, 0, 4, 1]
    assert report.num_duplicates == 1


def test_rows_without_an_event_id_are_told_apart_by_their_content():
    log = {
        "user_id": ["u"] * 5,
        "item_id": ["a", "a", "a", "b", "a"],
        "timestamp": [1, 1, 1, 1, 1],
        "event_id": ["e", "", None, "", "e"],
    }
    events, report = clean(Events(pd.DataFrame(log)))
    assert events.frame["item_id"].tolist() == ["a", "a", "b"]
    assert report.num_duplicates == 2


def test_texts_without_an_item_are_told_apart_by_what_they_say():
    """Those with one are not: row 1 repeats row 0, whatever it says."""
    items, texts = ["a", "a", "", "", ""], ["old", "new", "sea", "sea", "boat"]
    log = make_events(item_id=items, text=texts, timestamp=9, user_id="u")
    events, report = clean(log)
    assert sorted(events.frame["text"]) == ["boat", "old", "sea"]
    assert report.num_duplicates == 2
