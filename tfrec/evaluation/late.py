"""What a recommender is worth when events reach it late."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tfrec.evaluation.evaluate import Ranker

DELAYS_S = {"1 minute": 60, "1 hour": 3600, "1 day": 86_400, "1 week": 604_800}
LIVE, FROZEN = "live", "frozen at the cut"


@dataclass(frozen=True)
class Late:
    """A recommender whose histories end earlier than the questions allow.

    Only its histories are old: the judge strikes all that was seen by the moment of
    the question, so that figures differ by what interests are worth and not by how
    often an item is shown again.

    Attributes:
        recommender: fitted `Ranker`.
        name: str, for reports.
        change: function of `Queries` that moves their histories' ends back.
    """

    recommender: Ranker
    name: str
    change: Callable

    def fit(self, train, items):
        """Does nothing: the recommender is fitted."""
        return self

    def score(self, queries):
        """`[num_queries, num_items]` scores for the older histories."""
        return self.recommender.score(self.change(queries))


def late_versions(recommender, cut):
    """A recommender with live histories, and with ever older ones.

    Args:
        recommender: fitted `Ranker`.
        cut: int UTC seconds, the end of training.

    Returns:
        Dict of what the history is -> `Late`.
    """
    changes: dict[str, Callable] = {LIVE: lambda queries: queries}
    for words, delay_s in DELAYS_S.items():
        changes[words] = functools.partial(delayed, delay_s=delay_s)
    changes[FROZEN] = functools.partial(frozen, moment=cut)
    return {
        words: Late(recommender, f"{recommender.name}, {words}", change)
        for words, change in changes.items()
    }


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
