"""Counts and weights of events that fade with their age."""

FAST_S, SLOW_S = 3_600, 7 * 86_400  # half-lives of live counts
DAY_S = 86_400


def recency(timestamps, half_life_days, share):
    """Weights of a log's events, 1 for the last.

    Args:
        timestamps: `[n]` int array, UTC seconds, not empty.
        half_life_days: float, days in which a weight halves; 0 = by `share`.
        share: float, the half-life as a share of the time that the log spans.

    Returns:
        `[n]` float array; all 1 for a log without times.

    Example:
        >>> import numpy as np
        >>> recency(np.array([0, 43_200, 86_400]), 0.5, 0.1).tolist()
        [0.25, 0.5, 1.0]
    """
    age_s = timestamps.max() - timestamps
    half_life_s = DAY_S * half_life_days or max(1.0, share * age_s.max())
    return 0.5 ** (age_s / half_life_s)


def rise(fast, slow):
    """How far an item's fast count is above what its slow one lets expect.

    An item that is always had as often has fast : slow = their half-lives. The
    difference is divided by its spread, that of a count of rare events, plus one event.

    Args:
        fast: float or array, events by the half-life `FAST_S`.
        slow: the same by `SLOW_S`.

    Example:
        >>> round(rise(1.0, 1.0), 2)  # one event, where none was expected
        0.99
    """
    expected = slow * (FAST_S / SLOW_S)
    return (fast - expected) / (expected + 1) ** 0.5
