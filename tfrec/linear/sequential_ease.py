"""Sequential EASE: the next item by one ridge regression on decayed histories."""

import numpy as np
import scipy.linalg

from tfrec.data.fading import recency
from tfrec.linear.moments import add_moments, no_moments

MAX_POSITIONS = 200_000  # of the log, that a regression learns from
BACKWARD_SHARE = 0.5  # weight of the log read from its end
RECENCY_HALF_LIFE = 0.55  # of the time that the log spans


def learn_sequential_ease(
    interactions, columns, half_lives, scales, ridge, seed, half_life_days=0.0
):
    """Ridge regression of next items on decays of the history.

    The log is learnt from in both directions: what follows an item, and, with less
    weight, what came before it.

    Args:
        interactions: `Interactions`.
        columns: `[num_items]` int array, item row -> column, -1 to leave it out.
        half_lives: float per decay, events.
        scales: float per decay.
        ridge: positive float, in units of the mean second moment of a feature.
        seed: int, of the sample of positions from a large log.
        half_life_days: float, days in which the weight of an event halves; 0 = by
            the time that the log spans.

    Returns:
        `(coefficients [num_decays * num_columns, num_columns], moments)`: what having
        met each item, by each decay, says for each item, and the second moments of
        histories read forwards, as requests have them.
    """
    positions = np.flatnonzero(interactions.labels > 0)
    if len(positions) > MAX_POSITIONS:
        rng = np.random.default_rng(seed)
        positions = rng.choice(positions, MAX_POSITIONS, replace=False)
    weights = recency(interactions.timestamps, half_life_days, RECENCY_HALF_LIFE)
    weights = weights[positions]
    decays, known = (half_lives, scales), columns[interactions.item_rows]
    starts, users = interactions.group_starts, interactions.user_rows
    sums = no_moments(len(half_lives), columns.max() + 1)
    add_moments(sums, known, users, starts[positions], positions, weights, *decays)
    forward = sums.xx.copy()
    size = len(interactions)
    ends = size - _group_ends(starts)[positions]
    positions, weights = size - 1 - positions, BACKWARD_SHARE * weights
    add_moments(sums, known[::-1], users[::-1], ends, positions, weights, *decays)
    l2 = ridge * np.diag(sums.xx).mean() or 1.0  # 0 if nobody has a history
    return solve(sums, l2), forward


def _group_ends(group_starts):
    """`[n]`: one past the last event of each event's moment."""
    bounds = np.append(np.unique(group_starts), len(group_starts))
    return bounds[np.searchsorted(bounds, group_starts, side="right")]


def solve(sums, ridge):
    """Coefficients of the regression, one column for each next item.

    An item that was seen is not offered again, which says nothing against it: each
    column's own "was seen" indicator is a free covariate, as the diagonal is in
    EASE, and drops out in closed form.

    Args:
        sums: `Moments`; `xx` and `xy` are overwritten.
        ridge: positive float.

    Returns:
        `[num_features, num_items]` float32 array.

    Reference:
        Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019,
        https://arxiv.org/abs/1905.03375; Choi et al., Session-aware Linear
        Item-Item Models for Session-based Recommendation, WWW 2021,
        https://arxiv.org/abs/2103.16104
    """
    sums.xx[np.diag_indices_from(sums.xx)] += ridge
    how = {"check_finite": False}
    factor = scipy.linalg.cho_factor(sums.xx.T, overwrite_a=True, **how)
    seen = scipy.linalg.cho_solve(factor, sums.xz, **how)
    plain = scipy.linalg.cho_solve(factor, sums.xy, overwrite_b=True, **how)
    left = sums.z - _column_products(sums.xz, seen)
    gain = _column_products(sums.xz, plain) / np.maximum(left, 1e-3)
    seen *= gain
    plain += seen
    return plain


def _column_products(left, right):
    return np.einsum("fi,fi->i", left, right)  # no array as large as these


def truncate(coefficients, xx, column_weights, rank):
    """The best low-rank form of a regression for histories like those it learnt from.

    Args:
        coefficients: `[num_features, num_items]` float array.
        xx: `[num_features, num_features]` array, the features' second moments.
        column_weights: `[num_items]` array, how much an error of each item's scores
            matters.
        rank: int.

    Returns:
        `(queries [num_features, rank], candidates [num_items, rank])`, float32,
        whose product is nearest to `coefficients` under `xx`.
    """
    rank = min(rank, coefficients.shape[1])
    weighted = coefficients * column_weights.astype(coefficients.dtype)
    predicted = weighted.T @ (xx @ weighted)
    size = len(predicted)
    _, vectors = scipy.linalg.eigh(predicted, subset_by_index=[size - rank, size - 1])
    candidates = vectors / column_weights[:, None]
    return (weighted @ vectors).astype(np.float32), candidates.astype(np.float32)
