"""Tests of tfrec.evaluation.metrics."""

import numpy as np
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score

from tfrec.evaluation import metrics

RANKS = np.array([1, 4, 2, 12, 3])
OFFSETS = np.array([0, 2, 4, 5])  # query 0: ranks 1, 4; query 1: 2, 12; query 2: 3


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (metrics.recall, [2 / 2, 1 / 2, 1 / 1]),
        (metrics.precision, [2 / 5, 1 / 5, 1 / 5]),
        (metrics.hit_rate, [1, 1, 1]),
        (metrics.mrr, [1 / 1, 1 / 2, 1 / 3]),
        # Precision at the places of the targets: (1/1 + 2/4) / 2, (1/2) / 2, 1/3.
        (metrics.mean_average_precision, [0.75, 0.25, 1 / 3]),
    ],
)
def test_hand_computed_at_5(metric, expected):
    np.testing.assert_allclose(metric(RANKS, OFFSETS, 5), expected)


def test_ndcg_at_5():
    # Two targets: the ideal is 1/log2(2) + 1/log2(3) = 1.63093.
    ideal = 1 + 1 / np.log2(3)
    expected = [
        (1 + 1 / np.log2(5)) / ideal,  # ranks 1 and 4
        (1 / np.log2(3)) / ideal,  # rank 2; 12 is too late
        1 / np.log2(4),  # rank 3 of one target
    ]
    np.testing.assert_allclose(metrics.ndcg(RANKS, OFFSETS, 5), expected)


def test_more_targets_than_places_can_still_be_perfect():
    """The ideal list of 2 places holds 2 of the 3 targets."""
    ranks, offsets = np.array([2, 1, 3]), np.array([0, 3])
    assert metrics.ndcg(ranks, offsets, 2).tolist() == [1.0]
    assert metrics.mean_average_precision(ranks, offsets, 2).tolist() == [1.0]
    np.testing.assert_allclose(metrics.recall(ranks, offsets, 2), [2 / 3])


def test_nothing_beyond_k_counts():
    ranks, offsets = np.array([6, 9]), np.array([0, 2])
    for metric in (
        metrics.recall,
        metrics.precision,
        metrics.hit_rate,
        metrics.mrr,
        metrics.ndcg,
        metrics.mean_average_precision,
    ):
        assert metric(ranks, offsets, 5).tolist() == [0.0]


def test_coverage_counts_distinct_items_without_padding():
    assert metrics.coverage(np.array([[0, 1], [1, -1]]), num_items=4) == 0.5


def test_auc_agrees_with_scikit_learn_on_ties():
    rng = np.random.default_rng(0)
    labels, scores = rng.random(200) < 0.3, rng.integers(0, 5, 200)
    assert metrics.auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))


def test_auc_of_nan_is_the_worst():
    assert metrics.auc([True, False], np.array([np.nan, 0.0])) == 0.0
    assert metrics.auc([True, False], np.array([0.0, np.nan])) == 0.0


def test_auc_of_one_class_is_unknown():
    assert np.isnan(metrics.auc([True, True], np.array([0.1, 0.2])))


def test_log_loss_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    labels, probabilities = rng.random(50) < 0.5, rng.random(50)
    expected = sklearn_log_loss(labels, probabilities)
    assert metrics.log_loss(labels, probabilities) == pytest.approx(expected)


def test_certain_and_wrong_costs_a_lot_but_not_infinity():
    # -log(1e-7) = 16.118; NaN is taken for certain and wrong.
    assert metrics.log_loss([True], [0.0]) == pytest.approx(16.118, abs=1e-3)
    assert metrics.log_loss([True], [np.nan]) == pytest.approx(16.118, abs=1e-3)


def test_calibration_error_by_hand():
    probabilities = [0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8, 0.8]
    labels = [0, 0, 0, 1, 1, 1, 0, 0]
    # Two bins of four: |0.1 - 0.25| and |0.8 - 0.5|, each half the examples.
    error = metrics.expected_calibration_error(labels, probabilities, num_bins=2)
    assert error == pytest.approx(0.5 * 0.15 + 0.5 * 0.3)


def test_equal_probabilities_share_a_bin():
    """A constant, right probability is calibrated, however many bins there are."""
    labels = [True] * 3 + [False] * 7
    promised, observed, counts = metrics.reliability(labels, [0.3] * 10, num_bins=5)
    assert (observed.tolist(), counts.tolist()) == ([0.3], [10])
    np.testing.assert_allclose(promised, [0.3])


def test_bins_hold_equally_many():
    rng = np.random.default_rng(0)
    probabilities = rng.random(1000) ** 4
    _, _, counts = metrics.reliability(rng.random(1000) < 0.5, probabilities, 10)
    assert counts.tolist() == [100] * 10


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="2 labels and 1 probabilities"):
        metrics.log_loss([True, False], [0.5])
