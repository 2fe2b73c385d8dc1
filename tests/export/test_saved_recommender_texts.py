"""What a saved model is sent for questions about a log with texts."""

import numpy as np

from tests.data.test_event_texts import make_log
from tfrec.data.packing import pack_histories
from tfrec.data.split import next_item_queries
from tfrec.export.saved_recommender import _with_texts

ROWS = [
    ("u", "a", 1, "good", "of a"),
    ("u", "", 2, "search", "sea"),
    ("u", "b", 3, "good", ""),
    ("u", "", 4, "search", "too late"),
    ("v", "a", 5, "good", ""),
]


def test_searches_and_reviews_before_the_question():
    """A review at its event, a search as an event of its own; none of later ones."""
    log = make_log(ROWS)
    queries = next_item_queries(log, [1, 2])
    packed = pack_histories(queries, 5)
    is_real = packed["item_rows"] >= 0
    names = {
        "history_item_ids": np.where(is_real, log.item_ids[packed["item_rows"]], "")
    }
    names["history_events"] = np.where(is_real, "good", "")
    inputs = names | {
        "history_values": packed["values"],
        "history_timestamps": packed["timestamps"],
    }
    found = _with_texts(inputs, queries)
    columns = ("history_item_ids", "history_timestamps", "history_texts")
    rows = [
        {
            event
            for event in zip(
                *(found[name][row].tolist() for name in columns), strict=True
            )
            if event[0] or event[2]
        }
        for row in range(2)
    ]
    assert rows == [{("a", 1, "of a"), ("", 2, "sea")}, set()]
    assert len({found[name].shape for name in (*columns, "history_values")}) == 1
