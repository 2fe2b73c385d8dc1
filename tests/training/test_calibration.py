"""Tests of tfrec.training.calibration: pairs that teach, probabilities."""

import dataclasses

import numpy as np
import pytest

from tests.evaluation.logs import make_log
from tests.training.toy_fit import toy_dataset, toy_model
from tfrec.data.split import SPLITS, make_split
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.linear.logistic import fit_logistic
from tfrec.training import calibration
from tfrec.training.calibration import (
    MIN_NEGATIVES,
    LabelPlan,
    calibrate,
    explicit_negatives,
    interest_features,
    labelled_pairs,
)


@pytest.fixture(scope="module")
def log():
    """`Interactions` with skips, which are explicit negatives."""
    return toy_dataset(with_skips=True)[1]


def late_with(log, negatives):
    """The latest events, among them so many explicit negatives."""
    times = np.sort(log.timestamps[log.labels < 0])
    return log.timestamps >= times[-negatives]


def test_explicit_negatives(log):
    late = late_with(log, MIN_NEGATIVES)
    assert explicit_negatives(log, late, 0, True) == MIN_NEGATIVES
    pairs = labelled_pairs(log, late, 0, allow_repeats=True, is_explicit=True)
    assert pairs.is_explicit
    assert pairs.counts == (pairs.labels.sum(), MIN_NEGATIVES)
    assert (~pairs.labels).sum() == MIN_NEGATIVES
    assert pairs.labels.sum() == (late & (log.labels > 0)).sum()
    np.testing.assert_array_equal(pairs.queries.target_rows, log.item_rows[late])
    np.testing.assert_array_equal(pairs.queries.timestamps, log.timestamps[late])


def test_sampled_negatives(log):
    late = late_with(log, MIN_NEGATIVES)
    pairs = labelled_pairs(log, late, 0, allow_repeats=True, is_explicit=False)
    positive = late & (log.labels > 0)
    size = positive.sum()
    assert not pairs.is_explicit
    assert pairs.labels.tolist() == [True] * size + [False] * size
    rows = pairs.queries.target_rows
    np.testing.assert_array_equal(rows[:size], log.item_rows[positive])
    # The same question, another item: uniform over the catalogue of 60.
    np.testing.assert_array_equal(*np.split(pairs.queries.history_ends, 2))
    assert len(set(rows[size:])) > 45
    assert (rows[size:] != rows[:size]).any()


@pytest.mark.parametrize("is_explicit", [True, False])
def test_pairs_about_some_items(log, is_explicit):
    """And of sampled ones as many as there are positives, or the odds would be off."""
    late = late_with(log, 2 * MIN_NEGATIVES)
    items = np.arange(log.num_items) % 3 != 1
    pairs = labelled_pairs(log, late, 0, True, is_explicit, items=items)
    rows = pairs.queries.target_rows
    assert set(rows) <= set(np.flatnonzero(items))
    liked = log.item_rows[late & (log.labels > 0)]
    np.testing.assert_array_equal(rows[pairs.labels], liked[items[liked]])
    if is_explicit:
        found = explicit_negatives(log, late, 0, True, items=items)
        assert found == (~pairs.labels).sum() < 2 * MIN_NEGATIVES
    else:
        assert pairs.labels.mean() == 0.5


def test_one_part_with_few_refusals_decides_for_all():
    parts = {"validation": MIN_NEGATIVES - 1, "test": 10 * MIN_NEGATIVES}
    assert not LabelPlan(parts).is_explicit
    assert LabelPlan(parts | {"validation": MIN_NEGATIVES}).is_explicit


def test_refusals_are_counted_in_the_sample_that_is_taken(log, monkeypatch):
    """Of 120 reactions of the last ones, a fifth or so are refused: 12 of 60."""
    monkeypatch.setattr(calibration, "MAX_PAIRS", 60)
    late = np.zeros(len(log), bool)
    late[np.argsort(log.timestamps)[-120:]] = True
    pairs = labelled_pairs(log, late, 0, True, True, calibration.MAX_PAIRS)
    assert len(pairs.labels) == 60
    assert explicit_negatives(log, late, 0, True) == (~pairs.labels).sum()


@pytest.mark.parametrize("allow_repeats", [True, False])
def test_who_likes_an_item_again_says_nothing_of_new_ones(allow_repeats):
    events = [(0, item % 7, 10 + item) for item in range(12)]
    log = make_log(events, num_items=7, num_users=1)
    late = log.timestamps >= 15
    pairs = labelled_pairs(log, late, 0, allow_repeats, is_explicit=False)
    liked = pairs.queries.target_rows[pairs.labels].tolist()
    assert liked == ([5, 6, 0, 1, 2, 3, 4] if allow_repeats else [5, 6])


@pytest.mark.parametrize("kind", SPLITS)
def test_every_split_holds_pairs_out(log, kind):
    if kind == "random":
        places = {"timestamps": 0 * log.timestamps, "sequences": np.arange(len(log))}
        log = dataclasses.replace(log, **places)
    split = make_split(log, kind, 0.2)
    pairs = labelled_pairs(log, split.held_out, 0, True, is_explicit=False)
    assert 0 < pairs.labels.mean() < 1
    held_out = _keys(log)[split.held_out]
    assert not np.isin(held_out, _keys(split.train)).any()


def _keys(log):
    return (log.timestamps + log.sequences) * 1000 + log.user_rows


def test_the_seed_decides_the_sample(log):
    late = late_with(log, 1)
    first, again, other = (
        labelled_pairs(log, late, seed, True, False).queries.target_rows
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_no_history_reaches_its_own_event(log):
    pairs = labelled_pairs(
        log, late_with(log, MIN_NEGATIVES), 0, allow_repeats=True, is_explicit=True
    )
    for place in range(len(pairs.queries)):
        history = pairs.queries.history(place)
        assert (log.timestamps[history] < pairs.queries.timestamps[place]).all()


def test_the_calibrated_score_is_the_logit_of_interest():
    """And the reported slopes fit the scores that the new weighting gives."""
    towers, split, _ = toy_model("model.text_encoder=none")
    model = HybridModel(towers)
    model.fit_scorers(split.train).choose_weights(split.queries)
    log = split.queries.interactions
    pairs = labelled_pairs(log, split.held_out, 0, towers.allow_repeats, False)
    before = interest_features(model.hybrid_scorer(), pairs)
    calibrate(model, pairs)
    features, how = interest_features(model.hybrid_scorer(), pairs), model.weights
    np.testing.assert_allclose(features[:, :2], before[:, :2], atol=1e-4)
    slopes, intercept = fit_logistic(features[:, 2:], pairs.labels)
    np.testing.assert_allclose([*slopes, intercept], [1, 0], atol=0.01)
    slopes, intercept = fit_logistic(features, pairs.labels)
    asked = [how.head_slope, how.rating_slope, how.score_slope, how.intercept]
    np.testing.assert_allclose([*slopes, intercept], asked, atol=0.01)


def test_probabilities_of_the_toy_run_mean_something(trained):
    found = trained.report["interest"]
    # Half of the test's pairs are positive, half sampled: a coin has ln 2 = 0.693.
    assert found["log_loss"] < 0.6
    assert found["auc"] > 0.75
    assert found["expected_calibration_error"] < 0.15
