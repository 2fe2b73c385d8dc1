"""Second moments of decayed histories, from the pairs of events that make them.

A history is a sum over its events, so a product of two is a sum over pairs of events.
What all positions of a log say of one pair is one number: how much the positions count
that look back on both. So the log is gone through once for each distance of a pair, and
no history is ever written out.
"""

import dataclasses

import numpy as np

MAX_HISTORY = 50  # events
EVENTS_AT_ONCE = 4096  # bounds memory


@dataclasses.dataclass(frozen=True)
class Moments:
    """Sums over the positions of a log from which the regression is solved.

    With features `x` (decayed histories), target `y` and seen items `z`.
    """

    xx: np.ndarray  # [num_features, num_features]
    xy: np.ndarray  # [num_features, num_items], in Fortran order for LAPACK
    xz: np.ndarray  # the same
    z: np.ndarray  # [num_items]


def no_moments(num_decays, num_columns):
    """`Moments` of nothing, float32, to add to."""
    size = num_decays * num_columns
    xx = np.zeros((size, size), np.float32)
    xy, xz = (np.zeros((size, num_columns), np.float32, order="F") for _ in range(2))
    return Moments(xx, xy, xz, np.zeros(num_columns, np.float32))


def add_moments(sums, columns, users, ends, positions, weights, half_lives, scales):
    """Adds the moments of predicting the item at each position from those before it.

    Args:
        sums: `Moments`, changed in place.
        columns: `[n]` int array, the column of each event's item, -1 to leave it out.
        users: `[n]` int array, whose events they are; each user's in one run.
        ends: `[num_positions]` int array, one past the last event that the
            position may look back on; events of its own moment are not among them.
        positions: `[num_positions]` int array.
        weights: `[num_positions]` float array, how much each position counts.
        half_lives: float per decay, events.
        scales: float per decay.
    """
    ranks = np.arange(MAX_HISTORY)
    decays = [
        scale * 0.5 ** (ranks / half_life)
        for half_life, scale in zip(half_lives, scales, strict=True)
    ]
    _add_targets(sums.xy, columns, users, ends, positions, weights, decays)
    counts = np.bincount(ends, weights, minlength=len(columns) + MAX_HISTORY)
    following = _following(columns, users)
    for start in range(0, len(columns), EVENTS_AT_ONCE):
        events = np.arange(start, min(start + EVENTS_AT_ONCE, len(columns)))
        reach = _reach(events, users, counts)
        _add_pairs(sums, columns, users, following, events, reach, decays)


def _add_targets(xy, columns, users, ends, positions, weights, decays):
    """Pairs of a position's item and an event before it."""
    for rank in range(MAX_HISTORY):
        events = np.maximum(ends - 1 - rank, 0)
        is_met = (ends > rank) & (users[events] == users[positions])
        is_met &= (columns[events] >= 0) & (columns[positions] >= 0)
        x, y = columns[events[is_met]], columns[positions[is_met]]
        for number, decay in enumerate(decays):
            _add(xy.T, y, number * len(xy.T) + x, decay[rank] * weights[is_met])


def _following(columns, users):
    """`[n]`: the same user's next event of the same column; far off if none comes."""
    following = np.full(len(columns), len(columns) + MAX_HISTORY)
    order = np.lexsort((columns, users))
    is_same = (np.diff(columns[order]) == 0) & (np.diff(users[order]) == 0)
    following[order[:-1][is_same]] = order[1:][is_same]
    return following


def _reach(events, users, counts):
    """`[MAX_HISTORY, num_events]`: what positions count, by the events in between."""
    ends = events + 1 + np.arange(MAX_HISTORY)[:, None]
    is_same = users[np.minimum(ends, len(users) - 1)] == users[events]
    return counts[ends] * is_same


def _add_pairs(sums, columns, users, following, events, reach, decays):
    """Pairs of events and those before them, or themselves."""
    size = len(sums.z)
    seen = _running_sums(reach)
    once = [_running_sums(reach, decay) for decay in decays]
    twice = [[_running_sums(reach, one * other) for other in decays] for one in decays]
    for lag in range(MAX_HISTORY):
        first = np.maximum(events - lag, 0)
        is_pair = (events >= lag) & (users[first] == users[events])
        at = np.flatnonzero(is_pair & (columns[first] >= 0) & (columns[events] >= 0))
        first, second = first[at], events[at]
        one, other = columns[first], columns[second]
        room = MAX_HISTORY - lag  # positions that look back on both
        # An item that comes again is seen by its latest event alone.
        by_second = np.minimum(following[second] - second, room)
        by_first = np.clip(following[first] - second, 0, room)
        if not lag:
            _add(sums.z[None], 0, other, seen[by_second, at])
        for place, decay in enumerate(decays):
            fade = decay[lag] / decay[0]
            x, later_x = place * size + one, place * size + other
            _add(sums.xz.T, other, x, fade * once[place][by_second, at])
            if lag:
                _add(sums.xz.T, one, later_x, once[place][by_first, at])
            for number, table in enumerate(twice[place]):
                y, values = number * size + other, fade * table[room, at]
                _add(sums.xx, x, y, values)
                if lag:
                    _add(sums.xx, y, x, values)


def _running_sums(reach, factors=1.0):
    """`[MAX_HISTORY + 1, num_events]`: sums of so many first rows times factors."""
    sums = np.zeros((len(reach) + 1, reach.shape[1]))
    np.cumsum((reach.T * factors).T, axis=0, out=sums[1:])
    return sums


def _add(matrix, rows, columns, values):
    """Adds values at places, which may repeat, to a matrix in C order."""
    places = rows * matrix.shape[1] + columns
    np.add.at(matrix.reshape(-1), places, values.astype(np.float32))
