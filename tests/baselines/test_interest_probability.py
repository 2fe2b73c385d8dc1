"""Tests of tfrec.baselines.interest_probability."""

import dataclasses

import numpy as np
import pytest

from tests.evaluation.logs import make_log
from tfrec.baselines.interest_probability import FactorisedInterest, LogisticInterest
from tfrec.data.split import next_item_queries
from tfrec.evaluation.metrics import auc, expected_calibration_error
from tfrec.training.calibration import labelled_pairs

NUM_USERS, NUM_ITEMS, EVENTS = 60, 20, 40


@pytest.fixture(scope="module")
def tastes():
    """A log where users like the items of their parity, nine times in ten."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(NUM_USERS), EVENTS)
    items = rng.integers(0, NUM_ITEMS, len(users))
    is_right = rng.random(len(users)) < 0.9
    labels = np.where((users % 2 == items % 2) == is_right, 1, -1)
    times = np.tile(np.arange(EVENTS), NUM_USERS)
    ones = np.ones(len(users))
    events = zip(users, items, times, ones, labels, strict=True)
    return make_log(events, NUM_ITEMS, NUM_USERS)


def asked(log, is_in):
    events = np.flatnonzero(is_in)
    return next_item_queries(log, events), log.labels[events] > 0


def halves(log):
    """Questions to learn from and to judge by: early and late events of everybody."""
    places = np.arange(len(log)) % EVENTS
    return asked(log, places < 30), asked(log, places >= 30)


def parity_vectors(count):
    return np.eye(2)[np.arange(count) % 2]


@pytest.mark.parametrize(
    "make",
    [
        lambda: FactorisedInterest(dim=2),
        lambda: LogisticInterest(parity_vectors(NUM_ITEMS), np.zeros((NUM_USERS, 2))),
    ],
    ids=["factors", "logistic"],
)
def test_knows_tastes_from_live_histories(tastes, make):
    learn, judge = halves(tastes)
    found = make().fit(*learn).probabilities(judge[0])
    assert auc(judge[1], found) > 0.85  # knowing the parity gives 0.9
    assert expected_calibration_error(judge[1], found) < 0.06


def test_rates_are_learnt_from_other_examples(tastes):
    """Labels at random: a rate that held an example's own label would give it away."""
    rng = np.random.default_rng(1)
    (queries, labels), _ = halves(tastes)
    labels = rng.permutation(labels)
    model = LogisticInterest(np.zeros((NUM_ITEMS, 2)), np.zeros((NUM_USERS, 2)))
    model.fit(queries, labels)
    assert abs(model._slopes[2]) < 1.5  # of the item's rate


def test_a_user_without_a_past_gets_the_items_bias(tastes):
    learn, _ = halves(tastes)
    model = FactorisedInterest(dim=2).fit(*learn)
    queries, _ = asked(tastes, np.arange(len(tastes)) % EVENTS == 0)
    expected = model._mean + model._items[queries.target_rows, -1]
    np.testing.assert_allclose(model._scores(queries), expected)


def test_without_times_the_slope_is_learnt_from_both_labels(tastes):
    """Drawn items come after all events; a slope from them alone would be random."""
    untimed = dataclasses.replace(
        tastes,
        timestamps=np.zeros(len(tastes), np.int64),
        sequences=np.arange(len(tastes)),
    )
    is_early = np.arange(len(tastes)) % EVENTS < 30
    learn, judge = (
        labelled_pairs(untimed, is_in, 0, True, is_explicit=False)
        for is_in in (is_early, ~is_early)
    )
    model = FactorisedInterest(dim=2).fit(learn.queries, learn.labels)
    # Of the drawn items half are of the own parity: knowing it gives 0.7.
    assert auc(judge.labels, model.probabilities(judge.queries)) > 0.65
