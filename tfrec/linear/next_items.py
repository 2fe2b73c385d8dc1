"""Which items come next: the log as material for one regression."""

import numpy as np

from tfrec.linear.sequential_ease import MAX_POSITIONS, moments, solve

BACKWARD_SHARE = 0.5  # weight of the log read from its end
RIDGE = 2.5  # times the mean second moment of a feature
RECENCY_HALF_LIFE = 0.55  # of the time that the log spans


def learn_next_items(interactions, columns, half_lives, scales, seed):
    """Ridge regression of next items on decays of the history.

    The log is learnt from in both directions: what follows an item, and, with less
    weight, what came before it.

    Args:
        interactions: `Interactions`.
        columns: `[num_items]` int array, item row -> column, -1 to leave it out.
        half_lives: float per decay, events.
        scales: float per decay.
        seed: int, of the sample of positions from a large log.

    Returns:
        `(coefficients [num_decays * num_columns, num_columns], moments)`: what having
        met each item, by each decay, says for each item, and the second moments of
        the histories that will be asked about.
    """
    positions = np.flatnonzero(interactions.labels > 0)
    if len(positions) > MAX_POSITIONS:
        rng = np.random.default_rng(seed)
        positions = rng.choice(positions, MAX_POSITIONS, replace=False)
    decays = (half_lives, scales)
    log = (interactions, columns, positions, decays)
    sums = _moments(*log, is_reversed=False)
    asked = sums.xx
    sums += BACKWARD_SHARE * _moments(*log, is_reversed=True)
    ridge = RIDGE * np.diag(sums.xx).mean() or 1.0  # 0 if nobody has a history
    return solve(sums, ridge), asked


def _moments(interactions, columns, positions, decays, is_reversed):
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
