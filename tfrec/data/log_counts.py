"""Counts of a log's events as a server would have had them at any moment."""

import numpy as np

from tfrec.data.fading import FAST_S, SLOW_S

APART = 60.0  # powers of two between the events of two items


class LogCounts:
    """Counts that fade, of the items of some events, from strictly earlier events.

    Args:
        item_rows: `[n]` int array, not empty.
        timestamps: `[n]` int64 array, UTC seconds.

    Attributes:
        rows: `[num_rows]` int array, the items that have any event, ascending.

    Example:
        >>> counts = LogCounts(np.array([7, 7]), np.array([0, 3600]))
        >>> fast, _ = counts.at(np.array([3600, 3601, 7200]))
        >>> fast[:, 0].round(2).tolist()
        [0.5, 1.5, 0.75]
    """

    def __init__(self, item_rows, timestamps):
        self.rows, items = np.unique(item_rows, return_inverse=True)
        self._start = timestamps.min()
        self._of_items = _Fading(items, timestamps - self._start, len(self.rows))
        self._of_all = _Fading(np.zeros_like(items), timestamps - self._start, 1)

    def at(self, times):
        """Counts of the items by both half-lives: two `[len(times), num_rows]` arrays.

        Args:
            times: `[num_times]` int array, UTC seconds.
        """
        return self._of_items.at(times - self._start, (FAST_S, SLOW_S))

    def total_at(self, times):
        """The slow count of all items together, `[len(times)]`."""
        return self._of_all.at(times - self._start, (SLOW_S,))[0][:, 0]


class _Fading:
    """`log2(sum of 2^(t / h))` of the events of each item up to each of its events."""

    def __init__(self, items, ages, num_items):
        order = np.lexsort((ages, items))
        self._items, self._ages = items[order], ages[order]
        self._span = int(ages.max()) + 1
        self._keys = self._items * self._span + self._ages
        self._firsts = np.searchsorted(self._items, np.arange(num_items))
        self._levels = {h: self._accumulated(h) for h in (FAST_S, SLOW_S)}

    def _accumulated(self, half_life_s):
        """One sum over all events, in which each item leaves the others far behind."""
        ahead = self._items * (self._span / half_life_s + APART)
        levels = self._ages / half_life_s + ahead
        return np.logaddexp2.accumulate(levels) - ahead

    def at(self, ages, half_lives):
        """Counts at `[n]` ages by each half-life: `[n, num_items]` arrays."""
        within = np.clip(ages, 0, self._span)[:, None]
        keys = np.arange(len(self._firsts)) * self._span + within
        ends = np.searchsorted(self._keys, keys)  # the first event that is not earlier
        has_any = ends > self._firsts
        counts = []
        for half_life_s in half_lives:
            levels = self._levels[half_life_s][np.maximum(ends - 1, 0)]
            now = np.maximum(ages, 0)[:, None] / half_life_s
            counts.append(np.exp2(np.where(has_any, levels - now, -np.inf)))
        return counts
