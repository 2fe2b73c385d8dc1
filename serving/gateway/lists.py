"""Lists for everybody, from what people do now: popular, trending and new items."""

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from serving.gateway.feedback import Reactions
from serving.gateway.titles import ItemTitles
from serving.user_states.counts import HalfLife, Levels, add_levels, count_at
from serving.user_states.store import UserStates
from tfrec.data.fading import FAST_S, SLOW_S, rise
from tfrec.errors import ServingError

MAX_COUNTED = 1000  # items of each kind of event whose counts are compared


class NoSuchListError(ServingError, LookupError):
    """A list that does not exist."""


@dataclass(frozen=True)
class ListRequest:
    """What is asked for.

    Attributes:
        k: how many items.
        categories: those wanted, none for all.
        domains: the same of domains.
        now: UTC seconds.
    """

    k: int
    categories: frozenset[str]
    domains: frozenset[str]
    now: float


@dataclass(frozen=True)
class Counted:
    """An item of a list.

    Attributes:
        item_id: which.
        count: events that mean interest, faded by the first half-life of the list.
        rise: of a trending item, how unusual the count is.
    """

    item_id: str
    count: float
    rise: float | None = None


class ItemLists:
    """The lists by their names; the model server is not asked.

    Args:
        states: have the counts.
        catalogue: what can be had, and how much the model learnt of it.
        reactions: which kinds of events mean interest.
    """

    half_lives_s = {"popular": [SLOW_S], "trending": [FAST_S, SLOW_S], "new": [SLOW_S]}

    def __init__(self, states: UserStates, catalogue: ItemTitles, reactions: Reactions):
        self._states, self._catalogue = states, catalogue
        self._reactions = reactions
        self._lists = {
            "popular": self._popular,
            "trending": self._trending,
            "new": self._new,
        }

    def find(self, name: str, request: ListRequest) -> list[Counted]:
        """The items of a list, best first.

        Raises:
            NoSuchListError: there is no list of that name.
            StoreError: the counts cannot be read.
        """
        if name not in self._lists:
            raise NoSuchListError(
                f"A list must be one of {', '.join(self._lists)}. Received: {name!r}."
            )
        return self._lists[name](request)

    def _popular(self, request):
        """The best of those that are had most, and of those learnt most."""
        learnt = self._wanted(self._catalogue.most_learnt(), request)
        item_ids = {
            *self._wanted(self._most_counted("slow"), request),
            *itertools.islice(learnt, request.k),
        }
        level, now = self._slow_levels(item_ids, request.now), request.now
        best = sorted(level, key=lambda each: (-level[each], each))[: request.k]
        return [Counted(i, count_at(level[i], SLOW_S, now)) for i in best]

    def _trending(self, request):
        wanted = [*self._wanted(self._most_counted("fast"), request)]
        levels = self._states.levels(self._kinds(), wanted)
        now = request.now
        rises = {
            item_id: rise(each.fast_count(now), each.slow_count(now))
            for item_id, each in levels.items()
        }
        rises = {item_id: each for item_id, each in rises.items() if each > 0}
        best = sorted(rises, key=lambda each: (-rises[each], each))[: request.k]
        return [Counted(i, levels[i].fast_count(now), rises[i]) for i in best]

    def _new(self, request):
        newest = self._wanted(self._catalogue.newcomers(), request)
        item_ids = list(itertools.islice(newest, request.k))
        level, now = self._slow_levels(item_ids, request.now), request.now
        counts = {i: count_at(each, SLOW_S, now) for i, each in level.items()}
        return [Counted(i, counts.get(i, 0.0)) for i in item_ids]

    def _slow_levels(self, item_ids, now) -> Mapping[str, float]:
        """Of what came since and of what was learnt, which fades like one moment's."""
        found = self._states.levels(self._kinds(), item_ids)
        level = {item_id: each.slow for item_id, each in found.items()}
        learnt_at = self._catalogue.time_learnt
        moment = now if learnt_at is None else min(learnt_at, now)
        for item_id in item_ids:
            if number := self._catalogue.num_events(item_id):
                learnt = math.log2(number) + Levels.at(moment).slow
                has = item_id in level
                level[item_id] = add_levels(level[item_id], learnt) if has else learnt
        return level

    def _most_counted(self, half_life: HalfLife):
        return self._states.most_counted(self._kinds(), half_life, MAX_COUNTED)

    def _kinds(self):
        return kinds_of_interest(self._states, self._reactions)

    def _wanted(self, item_ids: Iterable[str], request: ListRequest):
        catalogue = self._catalogue
        return (
            item_id
            for item_id in item_ids
            if catalogue.can_be_had(item_id, request.now)
            and catalogue.is_in(item_id, request.categories)
            and catalogue.is_of(item_id, request.domains)
        )


def kinds_of_interest(states: UserStates, reactions: Reactions) -> list[str]:
    """Kinds of events that mean interest, of those that came."""
    return [kind for kind in states.counted_kinds() if reactions.reward(kind, None)]
