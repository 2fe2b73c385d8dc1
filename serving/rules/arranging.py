"""A list as rules want it: preferred items first, pins, quotas, showings."""

import collections
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from serving.rules.kinds import PinRule, QuotaRule
from serving.rules.plan import RulePlan
from tfrec.client.answers import Recommendation

MAX_DEPTH = 4000  # items that are looked at, so that few are too many
_DEEPER = 4


class Find(Protocol):
    """Gives at most `k` of the best items, with any of `labels` if some are given."""

    def __call__(
        self, k: int, labels: Sequence[str] = ()
    ) -> Sequence[Recommendation]: ...


class ItemFacts(Protocol):
    """What is known of items, for one person."""

    def labels(self, item_id: str) -> frozenset[str]:
        """Categories, `domain:` and the like of an item."""

    def available_from(self, item_id: str) -> int:
        """UTC seconds, 0 if unknown."""

    def pinned(self, item_id: str) -> Recommendation | None:
        """An item that no list has yet, None if the person may not have it."""

    @property
    def shown(self) -> Mapping[str, int]:
        """How often items were shown lately without being chosen."""


@dataclass(frozen=True)
class RuledItem:
    """An item, and names of the rules that touched it.

    Attributes:
        item: its score is that of the model, boosts included, less what showings cost.
        rules: names, in the order of the file by kinds.
    """

    item: Recommendation
    rules: tuple[str, ...] = ()


def arranged(plan: RulePlan, find: Find, facts: ItemFacts, k: int) -> list[RuledItem]:
    """The best `k` items under the rules of a plan, fewer where there are fewer.

    Args:
        plan: the rules that hold; boosts and freshness are in the scores already.
        find: asks the model.
        facts: of items.
        k: how many items.
    """
    depth = k + sum(1 for times in facts.shown.values() if plan.discount(times))
    while True:
        ranked, is_all = _ranked(plan, find, facts, depth)
        places = _Places(plan, facts, {each.item_id: each for each in ranked}, k)
        listed = places.fill(ranked)
        if is_all or depth >= MAX_DEPTH or not places.is_short:
            return [_named(plan, facts, places, item) for item in listed]
        depth = min(MAX_DEPTH, _DEEPER * depth)


def _ranked(plan, find, facts, depth):
    """Items best first, and whether there are no others."""
    found: dict[str, Recommendation] = {}
    groups: dict[str, int] = {}  # which rule prefers an item
    for group, rule in enumerate(plan.prefers):
        for item in find(depth, rule.labels):
            found.setdefault(item.item_id, item)
            groups.setdefault(item.item_id, group)
    usual = find(depth)
    for item in usual:
        found.setdefault(item.item_id, item)
    ranked = _discounted(plan, facts, found, groups)
    for rule in plan.quotas:
        if rule.at_least:
            more = find(rule.at_least + len(plan.pins), rule.labels)
            ranked += [each for each in more if each.item_id not in found]
            found |= {each.item_id: each for each in more}
    return ranked, len(usual) < depth


def _discounted(plan, facts, found, groups):
    cost = {i: plan.discount(facts.shown.get(i, 0)) for i in found}
    if not any(cost.values()):
        return list(found.values())
    items = [replace(each, score=each.score - cost[i]) for i, each in found.items()]
    last = len(plan.prefers)
    return sorted(items, key=lambda e: (groups.get(e.item_id, last), -e.score))


def _named(plan, facts, places, item):
    item_id = item.item_id
    names = plan.names(facts.labels(item_id), facts.available_from(item_id))
    if plan.discount(facts.shown.get(item_id, 0)):
        names += [rule.name for rule in plan.impressions]
    names += places.touched[item_id]
    return RuledItem(item, tuple(dict.fromkeys(names)))


@dataclass
class _Places:
    """Fills a list from its first place on.

    Attributes:
        touched: item id -> names of pins and quotas that moved it.
        is_short: whether a place has too many of a quota for lack of other items.
    """

    plan: RulePlan
    facts: ItemFacts
    known: Mapping[str, Recommendation]
    k: int
    is_short: bool = False
    touched: dict[str, list[str]] = field(
        default_factory=lambda: collections.defaultdict(list)
    )

    def __post_init__(self) -> None:
        self._pins: dict[int, tuple[PinRule, Recommendation]] = {}
        pinned: set[str] = set()
        for rule in self.plan.pins:
            item = self.known.get(rule.item) or self.facts.pinned(rule.item)
            is_free = rule.place not in self._pins and rule.item not in pinned
            if item and is_free and rule.place <= self.k:
                self._pins[rule.place] = (rule, item)
                pinned.add(rule.item)
        self._pinned = pinned
        self._counts = [self._num_pinned(rule) for rule in self.plan.quotas]

    def _num_pinned(self, quota):
        return sum(
            place <= quota.places and self._has(quota, item)
            for place, (_, item) in self._pins.items()
        )

    def _has(self, quota: QuotaRule, item: Recommendation) -> bool:
        return not self.facts.labels(item.item_id).isdisjoint(quota.labels)

    def fill(self, ranked: Sequence[Recommendation]) -> list[Recommendation]:
        """The list; each place has the best item that breaks no rule."""
        left = [each for each in ranked if each.item_id not in self._pinned]
        listed = []
        for place in range(1, self.k + 1):
            if place in self._pins:
                rule, item = self._pins[place]
                self.touched[item.item_id].append(rule.name)
                listed.append(item)
            elif left:
                listed.append(left.pop(self._choose(left, place)))
        return _scored(listed)

    def _choose(self, left, place):
        """Where the item for a place is."""
        open_quotas = [
            (number, quota)
            for number, quota in enumerate(self.plan.quotas)
            if place <= quota.places
        ]
        if not open_quotas:
            return 0
        broken = []
        for item in left:
            broken.append(
                [q for n, q in open_quotas if self._breaks(n, q, item, place)]
            )
            if not broken[-1]:
                break
        at = min(range(len(broken)), key=lambda index: len(broken[index]))
        self.is_short |= any(self._has(quota, left[at]) for quota in broken[at])
        self._note(left, broken, at)
        for number, quota in open_quotas:
            self._counts[number] += self._has(quota, left[at])
        return at

    def _breaks(self, number, quota, item, place):
        if self._has(quota, item):
            most = quota.at_most
            return most is not None and self._counts[number] >= most
        last = min(quota.places, self.k)
        still = sum(each not in self._pins for each in range(place, last + 1))
        needed = quota.at_least - self._counts[number]
        return needed > 0 and still <= needed

    def _note(self, left, broken, at):
        """Names quotas at items that they put before others, or behind them."""
        for item, quotas in zip(left[:at], broken, strict=False):
            for quota in quotas:
                moved = item if self._has(quota, item) else left[at]
                self.touched[moved.item_id].append(quota.name)


def _scored(listed):
    """Pinned items that no list had get the score of the next item, or the last."""
    scored: list[Recommendation] = []
    known = [each.score for each in listed if not math.isnan(each.score)]
    score = known[-1] if known else 0.0
    for item in reversed(listed):
        score = score if math.isnan(item.score) else item.score
        scored.append(replace(item, score=score))
    return scored[::-1]
