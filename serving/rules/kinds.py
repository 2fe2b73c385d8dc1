"""The kinds of rules, and when each of them holds."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

HOUR_S = 3600
ALL_HOURS = (0, 24)
EVERY_DAY = frozenset(range(7))
OPEN_END = 2**62


@dataclass(frozen=True)
class Occasion:
    """A request, as far as rules ask about it.

    Attributes:
        now: UTC seconds.
        domains: that the list is limited to, none for all.
        arm: of the experiment that the person is in, `""` for none.
    """

    now: int
    domains: frozenset[str] = frozenset()
    arm: str = ""


@dataclass(frozen=True, kw_only=True)
class When:
    """When a rule holds; by default always.

    Attributes:
        domain: the list is limited to it; `""` for any list.
        start: UTC seconds, the first.
        end: UTC seconds, the first after it.
        weekdays: 0 is Monday, in UTC.
        hours: from and until, in UTC; from 22 until 4 is at night.
        arm: of the experiment; `""` for everybody.
    """

    domain: str = ""
    start: int = 0
    end: int = OPEN_END
    weekdays: frozenset[int] = EVERY_DAY
    hours: tuple[int, int] = ALL_HOURS
    arm: str = ""

    def holds(self, occasion: Occasion) -> bool:
        """Whether it is so at a request."""
        moment = datetime.datetime.fromtimestamp(occasion.now, datetime.UTC)
        return (
            (not self.domain or self.domain in occasion.domains)
            and self.start <= occasion.now < self.end
            and moment.weekday() in self.weekdays
            and moment.hour in self.every_hour
            and (not self.arm or self.arm == occasion.arm)
        )

    @property
    def every_hour(self) -> set[int]:
        """The hours of a day."""
        start, end = self.hours
        if start < end:
            return set(range(start, end))
        return set(range(24)) - set(range(end, start))

    def overlaps(self, other: "When") -> bool:
        """Whether both can hold at one request for one domain."""
        return (
            (not self.domain or not other.domain or self.domain == other.domain)
            and max(self.start, other.start) < min(self.end, other.end)
            and bool(self.weekdays & other.weekdays)
            and bool(self.every_hour & other.every_hour)
            and (not self.arm or not other.arm or self.arm == other.arm)
        )


@dataclass(frozen=True, kw_only=True)
class ListRule:
    """What all rules have.

    Attributes:
        name: what answers say of the items that it touches.
        when: it holds.
    """

    name: str
    when: When = When()


@dataclass(frozen=True, kw_only=True)
class LabelRule(ListRule):
    """One about the items with any of some labels."""

    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BoostRule(LabelRule):
    """Adds `value` to the scores of its items for each label; negative buries them."""

    value: float


@dataclass(frozen=True, kw_only=True)
class PinRule(ListRule):
    """Puts an item at a place, the first being 1."""

    item: str
    place: int


@dataclass(frozen=True, kw_only=True)
class QuotaRule(LabelRule):
    """How many of the first `places` items are its own."""

    places: int
    at_most: int | None = None
    at_least: int = 0


@dataclass(frozen=True, kw_only=True)
class PreferRule(LabelRule):
    """Its items come first, and others where there are too few."""


@dataclass(frozen=True, kw_only=True)
class FreshnessRule(ListRule):
    """Adds `weight` to the score of an item that came now, half of it later."""

    weight: float
    half_life_hours: float

    def left(self, available_from: int, now: int) -> float:
        """Share of the weight that an item has, 0 where its time is unknown."""
        if available_from <= 0:
            return 0.0
        age_hours = max(now - available_from, 0) / HOUR_S
        return 0.5 ** (age_hours / self.half_life_hours)


@dataclass(frozen=True, kw_only=True)
class ImpressionRule(ListRule):
    """Takes `discount` off a score for each time beyond `free` that the item was shown.

    Only those of the last `window_hours` count, after the person's last event with it.
    """

    discount: float
    free: int
    window_hours: float


@dataclass(frozen=True)
class Arm:
    """A part of the people of an experiment."""

    name: str
    share: float


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """All rules of a file.

    Attributes:
        version: changes with the file.
        experiment: by whose name people are divided among `arms`.
    """

    version: str = ""
    experiment: str = ""
    arms: tuple[Arm, ...] = ()
    boosts: tuple[BoostRule, ...] = ()
    pins: tuple[PinRule, ...] = ()
    quotas: tuple[QuotaRule, ...] = ()
    prefers: tuple[PreferRule, ...] = ()
    freshness: tuple[FreshnessRule, ...] = ()
    impressions: tuple[ImpressionRule, ...] = ()

    def every_rule(self) -> Iterator[ListRule]:
        """Rules of all kinds."""
        yield from (*self.boosts, *self.pins, *self.quotas, *self.prefers)
        yield from (*self.freshness, *self.impressions)

    def labels(self) -> set[str]:
        """All that rules name."""
        with_labels: tuple[LabelRule, ...]
        with_labels = (*self.boosts, *self.quotas, *self.prefers)
        return {label for rule in with_labels for label in rule.labels}
