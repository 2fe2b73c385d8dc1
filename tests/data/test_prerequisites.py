"""Who may have what: as training, judging and calibration read the log."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.logs import ask_all, make_log, make_split_of
from tfrec.data.feedback import FeedbackRules
from tfrec.data.first_met import FirstMet
from tfrec.data.interactions import encode
from tfrec.data.prerequisites import Prerequisites
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.data.split import next_item_queries
from tfrec.data.windows import training_windows
from tfrec.evaluation.evaluate import evaluate, strike_forbidden
from tfrec.evaluation.protocol import describe_protocol
from tfrec.towers.possible_items import PossibleItems
from tfrec.training.calibration import labelled_pairs
from tfrec.training.diagnosis import too_early

# 1 after 0; 3 after 0 and 2; 4 after an item that there is not.
AFTER = {1: {0}, 3: {0, 2}, 4: {9}}
NUM_ITEMS, NUM_USERS = 6, 3
ITEMS = Items(
    pd.DataFrame(
        {
            "item_id": [f"i{row}" for row in range(NUM_ITEMS)],
            "after": [
                [f"i{each}" for each in AFTER.get(row, ())] for row in range(NUM_ITEMS)
            ],
        }
    )
)
events = st.lists(
    st.tuples(
        st.integers(0, NUM_USERS - 1), st.integers(0, NUM_ITEMS - 1), st.integers(0, 9)
    ),
    min_size=1,
    max_size=25,
)


def ordered(rows):
    """A log of two kinds, every third event a skip, in which items have an order."""
    log = make_log(rows, NUM_ITEMS, NUM_USERS)
    kinds = (np.arange(len(log)) % 3 == 0).astype(np.int32)
    order = Prerequisites.of(ITEMS, meets=[True, False])
    names = np.array(["view", "skip"], object)
    return dataclasses.replace(
        log, event_rows=kinds, event_names=names, prerequisites=order
    )


def is_open(log, history, row):
    """By plain Python."""
    met = {
        item
        for item, kind in zip(
            log.item_rows[history].tolist(), log.event_rows[history], strict=True
        )
        if kind == 0
    }
    return AFTER.get(row, set()) <= met


@settings(max_examples=50, deadline=None)
@given(events)
def test_histories_are_read_as_by_plain_python(rows):
    log = ordered(rows)
    queries = next_item_queries(log, np.arange(len(log)))
    scores = np.zeros((len(queries), NUM_ITEMS))
    strike_forbidden(scores, queries, allow_repeats=True)
    expected = [
        [is_open(log, queries.history(i), row) for row in range(NUM_ITEMS)]
        for i in range(len(queries))
    ]
    np.testing.assert_array_equal(scores == 0, expected)
    of_targets = log.prerequisites.of_targets(queries)
    targets = (np.arange(len(log)), log.item_rows)
    np.testing.assert_array_equal(of_targets, np.array(expected)[targets])


@settings(max_examples=8, deadline=None)
@given(events)
def test_training_has_the_same_rule(rows):
    """Negatives of each place in a window, those of long histories included."""
    log = ordered(rows)
    nothing = np.zeros(NUM_ITEMS, np.int64)
    possible = PossibleItems(nothing > 0, nothing, nothing, log.prerequisites.rows)
    every_row = tf.range(NUM_ITEMS)[None]
    windows = training_windows(log, length=4, batch_size=1, seed=0, allow_repeats=True)
    users = np.unique(log.user_rows)
    for batch in windows.take(2 * len(users)):
        user = int(batch["user_rows"][0])
        start = find_window(log, user, batch)
        for place in range(4):
            if batch["target_weights"][0, place] == 0:
                continue
            end = start + int(batch["context"][0, place])
            history = slice(log.offsets[user], end)
            context = batch["context"][:, place : place + 1]
            asked = {"context": context, "open_from": batch["open_from"]}
            found = possible.at(every_row, asked)
            expected = [is_open(log, history, row) for row in range(NUM_ITEMS)]
            assert found.numpy()[0].tolist() == expected


def find_window(log, user, batch):
    """Where the log has the window: `context` tells nothing of that."""
    width = int((batch["item_rows"] >= 0).numpy().sum())
    columns = ("item_rows", "event_rows", "timestamps")
    for start in range(log.offsets[user], log.offsets[user + 1] - width + 1):
        here = [getattr(log, name)[start : start + width].tolist() for name in columns]
        if here == [batch[name][0, :width].numpy().tolist() for name in columns]:
            is_first = start == log.offsets[user]
            if is_first == bool(batch["target_weights"][0, 0] > 0):
                return start
    raise AssertionError("no such window")


def test_first_met_by_hand():
    """User 0 meets item 0 by its third event, after a skip, and item 2 by its last."""
    log = ordered([(0, 0, 1), (0, 5, 2), (0, 0, 3), (0, 5, 4), (0, 2, 5)])
    assert log.event_rows.tolist() == [1, 0, 0, 1, 0]
    never = np.iinfo(np.int64).max
    assert FirstMet(log)(tf.constant([0, 1])).numpy().tolist() == [
        [3, 5, never],
        [never, never, never],
    ]


class Last:
    """The higher the row, the better."""

    name = "last"

    def score(self, queries):
        return np.tile(np.arange(float(NUM_ITEMS)), (len(queries), 1))


def asked(target, history):
    rows = [(0, item, 1 + place) for place, item in enumerate(history)]
    log = make_log(rows, NUM_ITEMS, 1)
    order = Prerequisites.of(ITEMS, meets=[True])
    return ask_all(dataclasses.replace(log, prerequisites=order), [[target]])


def test_what_is_not_open_is_no_candidate():
    """Of 5, 4, 3, 2: without item 0, item 2 is second, and with 0 and 2 item 3 is."""
    assert evaluate(Last(), asked(2, [1])).means["mrr@10"] == 1 / 2
    assert evaluate(Last(), asked(3, [0, 2])).means["mrr@10"] == 1 / 2
    missed = evaluate(Last(), asked(3, [0]), cutoffs=(3,))
    assert missed.means["mrr@3"] == 0


def test_the_report_says_it():
    queries = asked(2, [1])
    split = make_split_of("rolling", queries.interactions, queries, np.zeros(6, bool))
    assert describe_protocol(split)["candidates"] == (
        "All 6 items are ranked, except those of the history. Those whose "
        "prerequisites are not in the history are left out."
    )


def test_there_is_a_warning_of_choices_before_their_prerequisites():
    assert too_early(asked(3, [0, 2])) is None
    assert "100% of the judged choices are of items whose" in too_early(asked(3, [0]))
    plain = make_log([(0, 3, 1)], NUM_ITEMS, 1)
    assert too_early(ask_all(plain, [[2]])) is None


def test_zeros_are_items_that_the_user_can_have():
    """Item 4 is open to nobody, 3 to nobody here, 1 after the first event."""
    rows = [(user, item, 1 + item) for user in range(60) for item in (0, 5)]
    log = make_log(rows, NUM_ITEMS, 60)
    order = Prerequisites.of(ITEMS, meets=[True])
    log = dataclasses.replace(log, prerequisites=order)
    held_out = np.ones(len(log), bool)
    pairs = labelled_pairs(log, held_out, 0, True, is_explicit=False)
    drawn = pairs.queries.target_rows[len(log) :]
    assert set(drawn[0::2]) == {0, 2, 5}
    assert set(drawn[1::2]) == {0, 1, 2, 5}


@pytest.mark.parametrize(
    ("rules", "meets"),
    [
        (FeedbackRules(), {"rating": True, "skip": True}),
        (
            FeedbackRules(negative=["skip", "rating<=2"]),
            {"rating": True, "skip": False},
        ),
    ],
)
def test_all_but_negative_kinds_meet_an_item(rules, meets):
    """A low rating still tells that the item was met."""
    frame = pd.DataFrame(
        {
            "user_id": ["u"] * 3,
            "item_id": ["i0", "i1", "i2"],
            "timestamp": [1, 2, 3],
            "event": ["rating", "skip", "rating"],
            "value": [1, 1, 5],
        }
    )
    users = Users(pd.DataFrame({"user_id": []}))
    log = encode(Dataset("d", Events(frame), ITEMS, users), rules)
    found = dict(zip(log.event_names, log.prerequisites.meets, strict=True))
    assert found == meets
    assert log.select(np.array([True, False, False])).prerequisites is not None
