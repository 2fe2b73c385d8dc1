"""The rules that hold at one request."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from serving.rules.kinds import (
    BoostRule,
    FreshnessRule,
    ImpressionRule,
    LabelRule,
    Occasion,
    PinRule,
    PreferRule,
    QuotaRule,
    RuleBook,
)
from tfrec.values import MAX_BOOST

FELT = 0.01  # share of a weight below which a rule does not name itself


@dataclass(frozen=True)
class RulePlan:
    """Rules of each kind, in the order of the file.

    Attributes:
        version: of the file.
        experiment: its name, `""` without arms.
        occasion: of the request.
    """

    version: str
    experiment: str
    occasion: Occasion
    boosts: tuple[BoostRule, ...]
    pins: tuple[PinRule, ...]
    quotas: tuple[QuotaRule, ...]
    prefers: tuple[PreferRule, ...]
    freshness: tuple[FreshnessRule, ...]
    impressions: tuple[ImpressionRule, ...]

    @classmethod
    def of(cls, book: RuleBook, occasion: Occasion) -> "RulePlan":
        """Those of a file that hold."""

        def holding(rules):
            return tuple(rule for rule in rules if rule.when.holds(occasion))

        return cls(
            version=book.version,
            experiment=book.experiment,
            occasion=occasion,
            boosts=holding(book.boosts),
            pins=holding(book.pins),
            quotas=holding(book.quotas),
            prefers=holding(book.prefers),
            freshness=holding(book.freshness),
            impressions=holding(book.impressions),
        )

    @property
    def options(self) -> dict[str, Any]:
        """What the model is to add to scores: `boosts` and `freshness`, if anything."""
        found: dict[str, Any] = {}
        boosts: dict[str, float] = {}
        for rule in self.boosts:
            for label in rule.labels:
                boosts[label] = boosts.get(label, 0.0) + rule.value
        if boosts:
            found["boosts"] = {
                label: max(-MAX_BOOST, min(value, MAX_BOOST))
                for label, value in boosts.items()
            }
        for fresh in self.freshness:
            found["freshness"] = (fresh.weight, fresh.half_life_hours)
        return found

    def names(self, labels: Collection[str], available_from: int) -> list[str]:
        """Names of the rules that have touched the score of an item, or preferred it.

        Args:
            labels: of the item.
            available_from: UTC seconds, 0 if unknown.
        """
        with_labels: tuple[LabelRule, ...] = (*self.boosts, *self.prefers)
        names = [
            rule.name for rule in with_labels if not set(rule.labels).isdisjoint(labels)
        ]
        names += [
            rule.name
            for rule in self.freshness
            if rule.left(available_from, self.occasion.now) >= FELT
        ]
        return names

    def bonus(self, labels: Collection[str], available_from: int) -> float:
        """What the model adds to the score of an item; arguments as of `names`."""
        options = self.options
        boosts = options.get("boosts", {})
        added = sum(boosts.get(label, 0.0) for label in labels)
        return added + sum(
            rule.weight * rule.left(available_from, self.occasion.now)
            for rule in self.freshness
        )

    def discount(self, times_shown: int) -> float:
        """What is taken off the score of an item for so many showings."""
        return sum(
            rule.discount * max(0, times_shown - rule.free) for rule in self.impressions
        )
