"""How often items were had lately: counts of events that fade with their age.

With a half-life h, an event of time t counts 2^((t - now) / h) at `now`. Stores keep
level = log2(sum of 2^(t / h)) of each item, from which the count at any moment is
2^(level - now / h). So the order of levels is that of counts at all times, events may
come in any order, and nothing overflows.

Reference:
    Cormode, Shkapenyuk, Srivastava, Xu: Forward Decay: A Practical Time Decay Model for
    Streaming Systems (ICDE 2009).
"""

import math
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypeVar

from serving.user_states.events import Event
from tfrec.data.fading import FAST_S, SLOW_S

ALL_ITEMS = ""  # in place of an item id: all items together
HalfLife = Literal["fast", "slow"]
_MAX_LOG2 = 60.0  # of a count that is asked for at a time long before its events
_Key = TypeVar("_Key")


class Levels(NamedTuple):
    """The levels of one item by both half-lives."""

    fast: float
    slow: float

    @classmethod
    def at(cls, timestamp: float) -> "Levels":
        """Those of one event."""
        return cls(timestamp / FAST_S, timestamp / SLOW_S)

    def plus(self, other: "Levels") -> "Levels":
        """Those of the events of both."""
        return Levels(*map(add_levels, self, other))

    def fast_count(self, now: float) -> float:
        """Events of about the last hour or two."""
        return count_at(self.fast, FAST_S, now)

    def slow_count(self, now: float) -> float:
        """Events of about the last two weeks."""
        return count_at(self.slow, SLOW_S, now)


def add_levels(level: float, other: float) -> float:
    """The level of the events of two levels together.

    Example:
        >>> add_levels(3.0, 3.0)  # 8 and 8 are 16
        4.0
    """
    high, low = max(level, other), min(level, other)
    return high + math.log1p(2.0 ** (low - high)) / math.log(2)


def count_at(level: float, half_life_s: int, now: float) -> float:
    """The count at a time, UTC seconds, which a level stands for."""
    return 2.0 ** min(level - now / half_life_s, _MAX_LOG2)


def merge(levels: dict[_Key, Levels], more: Mapping[_Key, Levels]) -> None:
    """Adds some levels to others, in place."""
    for key, each in more.items():
        levels[key] = levels[key].plus(each) if key in levels else each


def tally(events: Iterable[Event], now: float) -> dict[tuple[str, str], Levels]:
    """What some events add to counts: kind and item id, or `ALL_ITEMS`, -> `Levels`.

    Events without an item add nothing. One from after `now` counts as one of `now`, or
    a clock that is fast would lift its item above all others for long.

    Args:
        events: each counts once.
        now: UTC seconds, of the clock.

    Example:
        >>> event = Event(user_id="ann", item_id="a", timestamp=7200)
        >>> tally([event, event], now=9000)["", "a"].fast  # log2(2^2 + 2^2)
        3.0
    """
    levels: dict[tuple[str, str], Levels] = {}
    for event in events:
        if event.item_id:
            one = Levels.at(min(event.timestamp, now))
            for item_id in (event.item_id, ALL_ITEMS):
                merge(levels, {(event.event, item_id): one})
    return levels
