"""Ranks of the true items in a full ranking of the catalogue."""

import itertools

import numpy as np


def target_ranks(scores, target_offsets, target_rows):
    """Rank of each true item among all items, 1 is best.

    Ties break against the targets: an item of equal score that is no target
    comes first, so a constant score earns the last rank, never the first.
    NaN is the worst score. Several targets of equal score take consecutive ranks.

    Args:
        scores: `[queries, num_items]` float array; `-inf` where excluded.
        target_offsets: `[queries + 1]` int array; the targets of query `i` are
            `target_rows[target_offsets[i] : target_offsets[i + 1]]`.
        target_rows: `[targets]` int array, distinct within each query.

    Returns:
        `[targets]` int64 array.

    Example:
    >>> target_ranks(np.array([[0.5, 0.9, 0.5]]), [0, 1], np.array([0]))
    array([3])
    """
    if (np.diff(target_offsets) == 1).all():
        own = np.take_along_axis(scores, target_rows[:, None], axis=1)
        ranks = np.count_nonzero(scores >= own, axis=1)
        # No other place is as good as the last.
        return np.where(own[:, 0] > -np.inf, ranks, scores.shape[1])
    ranks = np.empty(len(target_rows), np.int64)
    bounds = itertools.pairwise(target_offsets)
    for row, (start, end) in zip(scores, bounds, strict=True):
        ranks[start:end] = _ranks_in(row, target_rows[start:end])
    return ranks


def ranks_of_blends(first, second, shares, target_offsets, target_rows, k):
    """Ranks in `first + share * second`, for each share, as far as place `k`.

    An item that both parts place before a question's right one is before it whatever
    the share; where `k` are, which is most often, there is nothing to rank. One that
    both place behind it is behind it.

    Args:
        first: `[queries, num_items]` float array; `-inf` where excluded.
        second: `[queries, num_items]` float array.
        shares: `[num_shares]` float array, not negative.
        target_offsets: as in `target_ranks`.
        target_rows: as in `target_ranks`.
        k: int.

    Returns:
        `[num_shares, targets]` int64 array; `k + 1` for all ranks beyond `k`.
    """
    shares = np.asarray(shares, second.dtype)[:, None]
    ranks = np.full((len(shares), len(target_rows)), k + 1)
    bounds = itertools.pairwise(target_offsets)
    for one, other, (start, end) in zip(first, second, bounds, strict=True):
        targets = target_rows[start:end]
        if end - start > 1:
            for place, blend in enumerate(one + shares * other):
                ranks[place, start:end] = _ranks_in(blend, targets)
        elif one[targets[0]] > -np.inf:
            by_one, by_other = one >= one[targets], other >= other[targets]
            always_ahead = np.count_nonzero(by_one & by_other)
            if always_ahead <= k:
                at = np.flatnonzero(by_one != by_other)
                blends = one[at] + shares * other[at]
                is_ahead = blends >= one[targets] + shares * other[targets]
                # As small integers they add up fast.
                is_ahead = is_ahead.view(np.int8).sum(axis=1, dtype=np.int32)
                ranks[:, start] = always_ahead + is_ahead
    return np.minimum(ranks, k + 1, out=ranks)


def top_rows(scores, k):
    """The `k` best items of each query, best first.

    Args:
        scores: `[queries, num_items]` float array; `-inf` where excluded.
        k: int; at most `num_items` are given.

    Returns:
        `[queries, min(k, num_items)]` int array; -1 where fewer are allowed.
    """
    costs = -_without_nan(scores)
    k = min(k, costs.shape[1])
    rows = np.argpartition(costs, k - 1, axis=1)[:, :k]
    order = np.argsort(np.take_along_axis(costs, rows, axis=1), axis=1)
    rows = np.take_along_axis(rows, order, axis=1)
    return np.where(np.take_along_axis(costs, rows, axis=1) < np.inf, rows, -1)


def _without_nan(scores):
    return np.where(np.isnan(scores), -np.inf, scores)


def _ranks_in(scores, targets):
    own = scores[targets]
    if len(own) == 1:
        is_allowed = own[0] > -np.inf  # no other place is as good as the last
        return np.count_nonzero(scores >= own[0]) if is_allowed else len(scores)
    scores, own = _without_nan(scores), _without_nan(own)
    at_least = len(scores) - np.searchsorted(np.sort(scores), own, side="left")
    # Tied targets would all get the place of the last of them: count them down.
    order = np.argsort(own, kind="stable")
    ascending = own[order]
    place_in_tie = np.arange(len(own)) - np.searchsorted(ascending, ascending)
    at_least[order] -= place_in_tie
    return at_least
