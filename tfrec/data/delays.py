"""Questions asked with yesterday's knowledge: histories as a slower system had them."""

from dataclasses import replace

import numpy as np


def delayed(queries, delay_s):
    """The same questions, without what happened less than `delay_s` before each.

    Args:
        queries: `Queries`.
        delay_s: int, seconds that an event takes to be seen; 0 still shows all that
            came before the question.

    Returns:
        `Queries`.
    """
    return _seen_until(queries, queries.timestamps - delay_s + 1)


def frozen(queries, moment):
    """The same questions, with nothing that happened at or after a moment.

    Args:
        queries: `Queries`.
        moment: int UTC seconds, such as the cut of a split.

    Returns:
        `Queries`.
    """
    return _seen_until(queries, np.full(len(queries), moment))


def _seen_until(queries, moments):
    """Histories end before the first event at or after `[q]` moments."""
    log = queries.interactions
    first = log.timestamps.min(initial=0)
    span = int(log.timestamps.max(initial=0)) - first + 1
    # Users and times as one sorted number, so that one search finds all ends.
    places = log.user_rows * np.int64(span) + (log.timestamps - first)
    wanted = queries.user_rows * np.int64(span) + np.clip(moments - first, 0, span)
    ends = np.searchsorted(places, wanted)
    return replace(queries, history_ends=np.minimum(ends, queries.history_ends))
