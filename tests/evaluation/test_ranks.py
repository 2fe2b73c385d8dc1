"""Tests of tfrec.evaluation.ranks."""

import numpy as np
import pytest

from tfrec.evaluation.ranks import ranks_of_blends, target_ranks, top_rows


def ranks_oracle(scores, targets):
    """Sort all items by score, those that are no target first among equals."""
    scores = [-np.inf if np.isnan(s) else s for s in scores]
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i in targets))
    return sorted(order.index(target) + 1 for target in targets)


def test_constant_scores_earn_the_last_rank():
    """TFRS's FactorizedTopK gives them top-1 = 1.0."""
    ranks = target_ranks(np.ones((1, 5)), [0, 1], np.array([2]))
    assert ranks.tolist() == [5]


def test_nan_is_worst():
    scores = np.array([[np.nan, -9.0, -np.inf]])
    assert target_ranks(scores, [0, 1], np.array([0])).tolist() == [3]
    # An all-NaN model has no best item either.
    assert top_rows(np.full((1, 3), np.nan), 2).tolist() == [[-1, -1]]


def test_agrees_with_sorting():
    """Few distinct scores, so ties abound, with one or several targets."""
    rng = np.random.default_rng(0)
    for num_targets in (1, 2, 7):
        scores = rng.integers(0, 4, size=(20, 9)).astype(float)
        scores[rng.random(scores.shape) < 0.1] = np.nan
        targets = np.array([rng.permutation(9)[:num_targets] for _ in scores])
        offsets = np.arange(21) * num_targets
        ranks = target_ranks(scores, offsets, targets.ravel()).reshape(20, -1)
        for row, own, found in zip(scores, targets, ranks, strict=True):
            assert sorted(found.tolist()) == ranks_oracle(row, own.tolist())


@pytest.mark.parametrize("k", [2, 4, 8])
def test_ranks_of_blends_are_those_of_each_blend(k):
    """With ties, with scores that may not come, and with one or several targets."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, size=(2, 20, 9)).astype(np.float32)
    first[rng.random(first.shape) < 0.2] = -np.inf
    for num_targets in (1, 3):
        rows = np.concatenate([rng.permutation(9)[:num_targets] for _ in first])
        asked = np.arange(21) * num_targets, rows
        found = ranks_of_blends(first, second, [0.0, 0.5, 2.0], *asked, k)
        expected = [target_ranks(first + s * second, *asked) for s in (0, 0.5, 2)]
        np.testing.assert_array_equal(found, np.minimum(expected, k + 1))


def test_top_rows_are_sorted_and_leave_out_the_excluded():
    scores = np.array([[0.1, -np.inf, 0.9, 0.5]])
    assert top_rows(scores, 2).tolist() == [[2, 3]]
    assert top_rows(scores, 10).tolist() == [[2, 3, 0, -1]]
