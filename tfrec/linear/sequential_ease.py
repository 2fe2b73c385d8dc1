"""Sequential EASE: the next item by one ridge regression on decayed histories."""

import dataclasses
import operator

import numpy as np
import scipy.linalg
import scipy.sparse

MAX_POSITIONS = 200_000  # of the log, that a regression learns from
MAX_HISTORY = 50  # events
BACKWARD_SHARE = 0.5  # weight of the log read from its end
RECENCY_HALF_LIFE = 0.55  # of the time that the log spans


@dataclasses.dataclass(frozen=True)
class Moments:
    """Sums over the positions of a log from which the regression is solved.

    With features `x` (decayed histories), target `y` and seen items `z`.
    """

    xx: np.ndarray  # [num_features, num_features]
    xy: np.ndarray  # [num_features, num_items]
    xz: np.ndarray  # [num_features, num_items]
    z: np.ndarray  # [num_items]

    def __add__(self, other):
        return Moments(*map(operator.add, vars(self).values(), vars(other).values()))

    def __rmul__(self, factor):
        return Moments(*(factor * each for each in vars(self).values()))


def learn_sequential_ease(interactions, columns, half_lives, scales, ridge, seed):
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

    Returns:
        `(coefficients [num_decays * num_columns, num_columns], moments)`: what having
        met each item, by each decay, says for each item, and the second moments of
        histories read forwards, as requests have them.
    """
    positions = np.flatnonzero(interactions.labels > 0)
    if len(positions) > MAX_POSITIONS:
        rng = np.random.default_rng(seed)
        positions = rng.choice(positions, MAX_POSITIONS, replace=False)
    log = (interactions, columns, positions, (half_lives, scales))
    forward = _moments_of_log(*log, is_reversed=False)
    sums = forward + BACKWARD_SHARE * _moments_of_log(*log, is_reversed=True)
    l2 = ridge * np.diag(sums.xx).mean() or 1.0  # 0 if nobody has a history
    return solve(sums, l2), forward.xx


def _moments_of_log(interactions, columns, positions, decays, is_reversed):
    offsets, rows = interactions.offsets, interactions.item_rows
    weights = _recency(interactions.timestamps)[positions]
    ends = interactions.group_starts[positions]
    if is_reversed:
        rows = rows[::-1]
        ends = len(rows) - _group_ends(interactions.group_starts)[positions]
        positions = len(rows) - 1 - positions
        offsets = len(rows) - offsets[::-1]
    starts = offsets[np.searchsorted(offsets, positions, side="right") - 1]
    return moments(rows, starts, ends, positions, weights, columns, *decays)


def _group_ends(group_starts):
    """`[n]`: one past the last event of each event's moment."""
    bounds = np.append(np.unique(group_starts), len(group_starts))
    return bounds[np.searchsorted(bounds, group_starts, side="right")]


def _recency(timestamps):
    """`[n]` weights of events: the log's first half counts half as much or less."""
    age_s = timestamps.max() - timestamps
    return 0.5 ** (age_s / max(1.0, RECENCY_HALF_LIFE * age_s.max()))


def moments(item_rows, starts, ends, positions, weights, columns, half_lives, scales):
    """Moments of predicting the item at each position from those before it.

    Args:
        item_rows: `[n]` int array of the log's items, users one after another.
        starts: `[num_positions]` int array, first event of the position's user.
        ends: `[num_positions]` int array, one past the last event that the
            position may look back on; events of its own moment are not among them.
        positions: `[num_positions]` int array.
        weights: `[num_positions]` float array, how much each position counts.
        columns: `[num_items]` int array, item row -> column, -1 to leave it out.
        half_lives: float per decay, events.
        scales: float per decay.

    Returns:
        `Moments`.
    """
    num_columns = columns.max() + 1
    ranks = np.arange(MAX_HISTORY)
    events = ends[:, None] - 1 - ranks
    own = columns[item_rows[np.maximum(events, 0)]]
    is_real = (events >= starts[:, None]) & (own >= 0)
    rows, places = np.nonzero(is_real)
    shape = (len(positions), num_columns)

    def sparse(by_rank):
        values = by_rank[places].astype(np.float32)
        return scipy.sparse.csr_matrix((values, (rows, own[rows, places])), shape=shape)

    decayed = [
        sparse(scale * 0.5 ** (ranks / half_life))
        for half_life, scale in zip(half_lives, scales, strict=True)
    ]
    x = scipy.sparse.hstack(decayed).tocsr()
    seen = sparse(np.ones(MAX_HISTORY))
    seen.data[:] = 1.0
    targets = columns[item_rows[positions]]
    known = np.flatnonzero(targets >= 0)
    y = scipy.sparse.csr_matrix(
        (np.ones(len(known), np.float32), (known, targets[known])), shape=shape
    )
    weighted = scipy.sparse.diags_array(weights.astype(np.float32)) @ x
    xx, xy, xz = ((weighted.T @ other).toarray() for other in (x, y, seen))
    return Moments(xx, xy, xz, weights @ seen)


def solve(sums, ridge):
    """Coefficients of the regression, one column for each next item.

    An item that was seen is not offered again, which says nothing against it: each
    column's own "was seen" indicator is a free covariate, as the diagonal is in
    EASE, and drops out in closed form.

    Args:
        sums: `Moments`.
        ridge: positive float.

    Returns:
        `[num_features, num_items]` float32 array.

    Reference:
        Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019,
        https://arxiv.org/abs/1905.03375; Choi et al., Session-aware Linear
        Item-Item Models for Session-based Recommendation, WWW 2021,
        https://arxiv.org/abs/2103.16104
    """
    gram = sums.xx.copy()
    gram[np.diag_indices(len(gram))] += ridge
    factor = scipy.linalg.cho_factor(gram, overwrite_a=True, check_finite=False)
    both = scipy.linalg.cho_solve(factor, np.hstack([sums.xy, sums.xz]))
    plain, seen = np.split(both, 2, axis=1)
    left = sums.z - (sums.xz * seen).sum(axis=0)
    gain = (sums.xz * plain).sum(axis=0) / np.maximum(left, 1e-3)
    return (plain + seen * gain).astype(np.float32)


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
    weighted = coefficients * column_weights
    predicted = weighted.T @ (xx @ weighted)
    size = len(predicted)
    _, vectors = scipy.linalg.eigh(predicted, subset_by_index=[size - rank, size - 1])
    candidates = vectors / column_weights[:, None]
    return (weighted @ vectors).astype(np.float32), candidates.astype(np.float32)
