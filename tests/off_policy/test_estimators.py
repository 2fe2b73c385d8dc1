"""Tests of tfrec.off_policy: estimates beside truths that are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.off_policy.random_logs import CLICKS, ITEMS, TARGET, TRUTH, draw
from tfrec.errors import DataError
from tfrec.off_policy.checks import importance_weights
from tfrec.off_policy.diagnostics import unsupported_share, weight_diagnostics
from tfrec.off_policy.estimators import (
    Uncertainty,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)
from tfrec.off_policy.outcomes import SmoothedMeans

REWARDS, PROPENSITIES, TARGETS = [1.0, 0.0, 1.0], [0.5, 0.25, 0.1], [0.5, 0.5, 0.3]
BOOTSTRAP = Uncertainty("bootstrap", num_samples=200)


def test_estimates_by_hand():
    log = (REWARDS, PROPENSITIES, TARGETS)  # weights 1, 2, 3
    assert inverse_propensity(*log).value == pytest.approx(4 / 3)
    assert self_normalised(*log).value == pytest.approx(4 / 6)
    assert inverse_propensity(*log, clip=2).value == pytest.approx(3 / 3)
    assert self_normalised(*log, clip=2).value == pytest.approx(3 / 5)
    # Predictions 0.5 everywhere: 0.5 + (1 x 0.5 - 2 x 0.5 + 3 x 0.5) / 3
    errors, direct = np.array(REWARDS) - 0.5, np.full(3, 0.5)
    found = doubly_robust(errors, PROPENSITIES, TARGETS, direct)
    assert found.value == pytest.approx(0.5 + 1 / 3)


def estimates(log, *methods):
    """IPS, SNIPS and DR of a log of `draw`, with intervals by each of the methods."""
    arrays = [log[name].to_numpy() for name in ("propensity", "target")]
    cells = (log["item_id"], log["position"])
    means = SmoothedMeans(log["reward"], *cells)
    alone = means.predict_without(log["reward"], *cells)
    everything = means.predict([*ITEMS] * 2, [1] * 5 + [2] * 5).reshape(2, 5)
    direct = (everything @ TARGET)[log["position"] - 1]
    predicted = direct + log["target"] * (alone - means.predict(*cells))
    rewards, errors = log["reward"], log["reward"] - alone
    return [
        each
        for how in methods
        for each in (
            inverse_propensity(rewards, *arrays, uncertainty=how),
            self_normalised(rewards, *arrays, uncertainty=how),
            doubly_robust(errors, *arrays, predicted, uncertainty=how),
        )
    ]


def test_intervals_cover_the_truth():
    rng = np.random.default_rng(0)
    runs = [estimates(draw(rng, 400), None, BOOTSTRAP) for _ in range(81)]
    values = np.array([[each.value for each in run] for run in runs])
    spread = values.std(axis=0)
    assert (np.abs(values.mean(axis=0) - TRUTH) < 3 * spread / 9).all()
    covered = [[e.interval[0] <= TRUTH <= e.interval[1] for e in run] for run in runs]
    # 0.95 less three standard errors of 81 runs: 0.95 - 3 x 0.024
    assert (np.mean(covered, axis=0) >= 0.877).all()
    assert spread[2] < spread[0]  # what DR is for


def test_the_truth_is_found_in_a_large_log():
    for each in estimates(draw(np.random.default_rng(1), 200_000), None):
        assert each.value == pytest.approx(TRUTH, abs=0.005)


def test_right_predictions_make_up_for_wrong_propensities():
    log = draw(np.random.default_rng(2), 100_000)
    rows = pd.Index(ITEMS).get_indexer(log["item_id"])
    right = CLICKS[log["position"] - 1, rows]
    direct = (CLICKS @ TARGET)[log["position"] - 1]
    wrong = np.full(len(log), 0.5)
    arrays = (wrong, log["target"])
    assert inverse_propensity(log["reward"], *arrays).value < TRUTH - 0.05
    found = doubly_robust(log["reward"] - right, *arrays, direct)
    assert found.value == pytest.approx(TRUTH, abs=0.005)


def test_rows_of_one_person_are_one_observation():
    log = draw(np.random.default_rng(3), 500)
    names = ("reward", "propensity", "target")
    arrays = [log[name].to_numpy() for name in names]
    once = inverse_propensity(*arrays)
    again = [np.repeat(array, 4) for array in arrays]
    people = np.repeat(np.arange(500), 4)
    assert inverse_propensity(*again, groups=people).interval == pytest.approx(
        once.interval
    )
    low, high = inverse_propensity(*again).interval
    assert once.interval[0] < low < high < once.interval[1]


PROBABILITY = st.floats(0.01, 1)


@given(st.lists(st.tuples(st.floats(-5, 5), PROBABILITY, PROBABILITY), min_size=1))
def test_estimates_are_bounded(rows):
    rewards, propensities, targets = np.array(rows).T
    value = self_normalised(rewards, propensities, targets).value
    assert rewards.min() - 1e-9 <= value <= rewards.max() + 1e-9
    same = inverse_propensity(rewards, propensities, propensities).value
    assert same == pytest.approx(rewards.mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("propensities", "targets", "clip", "words"),
    [
        ([0.0, 0.5], [0.1, 0.1], None, "`propensities` must be above 0 and at most 1"),
        ([1.5, 0.5], [0.1, 0.1], None, "1 of 2 rows outside, first: 1.5"),
        ([np.nan, 0.5], [0.1, 0.1], None, "`propensities` must be finite numbers"),
        ([0.5, 0.5], [0.1, -0.1], None, "`targets` must be from 0 to 1"),
        ([0.5, 0.5], [0.1], None, "the same length"),
        ([], [], None, "must have rows"),
        ([0.5], [0.5], 0, "`clip` must be above 0"),
    ],
)
def test_arrays_that_mean_nothing_are_refused(propensities, targets, clip, words):
    with pytest.raises(DataError, match=words):
        importance_weights(propensities, targets, clip)


def test_nothing_of_the_target_was_logged():
    found = self_normalised([1, 0], [0.5, 0.5], [0, 0], uncertainty=BOOTSTRAP)
    assert np.isnan(found.value)
    assert inverse_propensity([1, 0], [0.5, 0.5], [0, 0]).value == 0
    assert weight_diagnostics([0.0, 0.0])["effective_sample_size"] == 0
    assert np.isnan(inverse_propensity([1], [0.5], [0.5]).interval).all()


def test_diagnostics_by_hand():
    even = weight_diagnostics(np.ones(200))
    assert even == {
        "mean": 1.0,
        "effective_sample_size": 200.0,
        "largest": 1.0,
        "top_share": 0.01,
    }
    # (1 + 2 + 3)^2 / (1 + 4 + 9)
    found = weight_diagnostics([1.0, 2.0, 3.0])
    assert found["effective_sample_size"] == pytest.approx(36 / 14)
    assert found["top_share"] == pytest.approx(3 / 6)
    shown = pd.DataFrame({"item_id": ["a", "b"], "position": [1, 2]})
    policy = pd.DataFrame(
        {
            "item_id": ["a", "b", "c"],
            "position": [1, 1, 2],
            "probability": [0.5, 0.25, 0.25],
        }
    )
    assert unsupported_share(shown, policy) == pytest.approx(0.5)


def test_means_are_drawn_towards_their_position():
    rewards, items, places = [1, 0, 1, 0], ["a", "a", "b", "a"], [1, 1, 1, 2]
    means = SmoothedMeans(rewards, items, places, strength=2)
    # Position 1 has the mean 2/3: a (1 + 2 x 2/3) / (2 + 2), b (1 + 2 x 2/3) / (1 + 2)
    assert means.predict(["a", "b", "z"], [1, 1, 1]) == pytest.approx(
        [7 / 12, 7 / 9, 2 / 3]
    )
    assert means.predict(["a"], [9]) == pytest.approx([0.5])  # of the whole log
    # Without their own rows: a (0 + 4/3) / (1 + 2), (1 + 4/3) / (1 + 2), b (4/3) / 2
    alone = means.predict_without(rewards, items, places)
    assert alone[:3] == pytest.approx([4 / 9, 7 / 9, 2 / 3])


def test_strata_have_means_of_their_own():
    arrays = ([1, 0], ["a", "a"], [1, 1])
    means = SmoothedMeans(*arrays, strata=["new", "known"], strength=1)
    assert means.predict(["a", "a"], [1, 1], ["new", "known"]).tolist() == [0.75, 0.25]
