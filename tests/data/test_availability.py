"""Limits in time of items, in the log and as training reads them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.evaluation.logs import ask_all, make_log, make_split_of
from tfrec.data.availability import Availability
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.evaluation.evaluate import evaluate
from tfrec.evaluation.protocol import describe_protocol
from tfrec.retrieval.filters import available_at
from tfrec.towers.possible_items import PossibleItems
from tfrec.training.calibration import labelled_pairs
from tfrec.training.diagnosis import out_of_reach

STARTS, ENDS = np.array([0, 10, 0, 10]), np.array([0, 0, 20, 20])
TIMES = np.array([5, 10, 19, 20])
LIMITS = Availability(STARTS, ENDS)


def test_an_item_is_there_from_its_start_and_gone_at_its_end():
    expected = [
        [True, False, True, False],
        [True, True, True, True],
        [True, True, True, True],
        [True, True, False, False],
    ]
    np.testing.assert_array_equal(LIMITS.at(TIMES), expected)
    rows, times = np.tile(np.arange(4), 4), np.repeat(TIMES, 4)
    pairs = LIMITS.of_pairs(rows, times)
    np.testing.assert_array_equal(pairs.reshape(4, 4), expected)


def test_log_training_and_server_have_one_rule():
    allowed, (now,) = available_at(
        *(tf.constant(each, tf.int64) for each in (STARTS, ENDS, TIMES))
    )
    served = allowed(tf.range(4)[None], now)
    possible = PossibleItems(np.ones(4, bool), STARTS, ENDS)
    batch = {"timestamps": tf.constant(TIMES)[:, None]}
    trained = possible.at(tf.range(4)[None], batch)
    np.testing.assert_array_equal(served, LIMITS.at(TIMES))
    np.testing.assert_array_equal(trained, LIMITS.at(TIMES))


def test_a_catalogue_without_limits_has_none():
    events = pd.DataFrame({"user_id": ["u"], "item_id": ["a"], "timestamp": [50]})
    users = Users(pd.DataFrame({"user_id": ["u"]}))

    def log(**columns):
        items = Items(pd.DataFrame({"item_id": ["a", "b"], **columns}))
        return encode(Dataset("d", Events(events), items, users), FeedbackRules())

    assert log().availability is None
    assert log(available_until=[0, 70]).availability.ends.tolist() == [0, 70]
    kept = log(available_until=[0, 70]).select(np.array([True]))
    assert kept.availability is not None


class Wide:
    """The lower the row, the better."""

    name = "wide"

    def score(self, queries):
        return -np.tile(np.arange(4.0), (len(queries), 1))


def asked(target, now):
    log = make_log([(0, 3, 1)], num_items=4, num_users=1)
    log = dataclasses.replace(log, availability=LIMITS)
    return ask_all(log, [[target]], now)


def test_what_cannot_be_had_is_no_candidate():
    """Item 1 comes at 10: until then item 2 is the second."""
    ranks = [evaluate(Wide(), asked(2, now)).means["mrr@10"] for now in (5, 10)]
    assert ranks == [1 / 2, 1 / 3]


@pytest.mark.parametrize("repeats", [True, False])
def test_a_choice_that_cannot_be_had_is_missed(repeats):
    result = evaluate(Wide(), asked(2, 20), allow_repeats=repeats, cutoffs=(3,))
    assert result.means["mrr@3"] == 0


def test_the_report_says_it():
    queries = asked(2, 5)
    split = make_split_of("rolling", queries.interactions, queries, np.zeros(4, bool))
    assert describe_protocol(split)["candidates"] == (
        "Of 4 items those that could be had when it was asked are ranked, except those "
        "of the history."
    )


def test_there_is_a_warning_of_choices_that_cannot_be_had():
    assert out_of_reach(asked(2, 5)) is None
    assert "100% of the judged choices" in out_of_reach(asked(2, 20))
    plain = make_log([(0, 3, 1)], num_items=4, num_users=1)
    assert out_of_reach(ask_all(plain, [[2]])) is None


def test_zeros_are_items_that_could_be_had():
    """Item 3 is there for a moment only: uniform draws would have it often."""
    events = [(user, 0, 5) for user in range(60)]
    log = make_log(events, num_items=4, num_users=60)
    log = dataclasses.replace(log, availability=LIMITS)
    held_out = np.ones(len(log), bool)
    pairs = labelled_pairs(log, held_out, 0, True, is_explicit=False)
    assert set(pairs.queries.target_rows[60:]) == {0, 2}
