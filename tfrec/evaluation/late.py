"""What a recommender is worth when it hears of events late."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from tfrec.data.delays import delayed, frozen
from tfrec.evaluation.recommender import Ranker

DELAYS_S = {"1 minute": 60, "1 hour": 3600, "1 day": 86_400, "1 week": 604_800}
LIVE, FROZEN = "live", "frozen at the cut"


@dataclass(frozen=True)
class Late:
    """A recommender whose histories end earlier than the questions allow.

    Only what it is told is old: the judge strikes all that was seen by the moment of
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
