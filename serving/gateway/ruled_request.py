"""A list that follows rules: what is asked of the model for it."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from serving.gateway.quotas import by_domain
from serving.gateway.titles import ItemTitles
from serving.rules.arranging import Find, RuledItem, arranged
from serving.rules.plan import RulePlan
from serving.sentences.selection import Selection
from tfrec.client.answers import Recommendation
from tfrec.errors import ServingError

_DEEPER = 10  # times k: items among which those with a label are sought
_MOST = 1000
Ask = Callable[[dict[str, Any]], Sequence[Recommendation]]


@dataclass(frozen=True)
class PersonFacts:
    """What a person may have, as `serving.rules.arranging.ItemFacts`.

    Attributes:
        catalogue: labels of items.
        may_have: whether an item may come.
        probability: of the person's interest in an item, 0 for an unknown one.
        least: probability that an item must have.
        shown: how often items were shown.
    """

    catalogue: ItemTitles
    may_have: Callable[[str], bool]
    probability: Callable[[str], float]
    least: float = 0.0
    shown: Mapping[str, int] = field(default_factory=dict)

    def labels(self, item_id: str) -> frozenset[str]:
        """Those of the catalogue."""
        return self.catalogue.labels(item_id)

    def available_from(self, item_id: str) -> int:
        """By the catalogue."""
        return self.catalogue.available_from(item_id)

    def pinned(self, item_id: str) -> Recommendation | None:
        """An item without a score, if the person may have it."""
        if not self.may_have(item_id):
            return None
        try:
            probability = self.probability(item_id)
        except ServingError:  # the model server is away
            return None
        if not probability or probability < self.least:
            return None
        return Recommendation(item_id, math.nan, probability)


@dataclass(frozen=True)
class RuledRequest:
    """What is asked for, and by which rules.

    Attributes:
        chosen_by: a `Selection`, or a quota of domains.
        catalogue: labels of items.
        plan: the rules that hold, None without rules.
        facts: of the person, needed where there is a plan.
    """

    chosen_by: Selection | str | None
    catalogue: ItemTitles
    plan: RulePlan | None = None
    facts: PersonFacts | None = None

    @property
    def applied(self) -> "AppliedRules":
        """What an answer says of the rules."""
        if self.plan is None:
            return AppliedRules()
        plan = self.plan
        return AppliedRules(plan.version, plan.experiment, plan.occasion.arm)

    def raised(self, filters: dict[str, Any]) -> dict[str, Any]:
        """Filters, and what rules have the model add to scores."""
        return filters | self.plan.options if self.plan else filters

    def items(self, ask: Ask, filters: dict[str, Any]) -> list[RuledItem]:
        """The list.

        Args:
            ask: gives the model's best by some filters.
            filters: as `ListOptions.filters`.
        """
        own = self.raised(filters)
        return self._by(finder(ask, own, self.chosen_by, self.catalogue), own["k"])

    def items_of(self, items: Sequence[Recommendation], k: int) -> list[RuledItem]:
        """The same of a list that is there already."""
        if self.plan is None:
            return [RuledItem(each) for each in items[:k]]
        return self._by(list_finder(items, self.plan, self.catalogue), k)

    def _by(self, find, k):
        if self.plan is None or self.facts is None:
            return [RuledItem(each) for each in find(k)]
        return arranged(self.plan, find, self.facts, k)


@dataclass(frozen=True)
class AppliedRules:
    """What a list says of its rules, all empty without rules.

    Attributes:
        rules_version: of the file.
        experiment: by whose name people are divided.
        arm: that the person is in.
    """

    rules_version: str = ""
    experiment: str = ""
    arm: str = ""


def finder(
    ask: Ask,
    filters: dict[str, Any],
    chosen_by: Selection | str | None,
    catalogue: ItemTitles,
) -> Find:
    """What gives the best items of a request: of all, or with some labels.

    Args:
        ask: gives the model's best by some filters.
        filters: as `ListOptions.filters`.
        chosen_by: a `Selection`, or a quota of domains, which `k` does not change.
        catalogue: labels of items.
    """

    def best(own):
        if isinstance(chosen_by, Selection):
            return chosen_by.best(lambda k: [*ask(own | {"k": k})], own["k"])
        return by_domain(ask, own, chosen_by or "")

    def find(k, labels=()):
        own = filters | {"k": k}
        if not labels:
            return best(own)
        if not filters["categories"]:
            return best(own | {"categories": [*labels]})
        # The model has one filter by labels, and the request needs it.
        deep = best(own | {"k": min(max(k, _MOST), _DEEPER * k)})
        return [e for e in deep if catalogue.has_label(e.item_id, labels)][:k]

    return find


def list_finder(
    items: Sequence[Recommendation], plan: RulePlan, catalogue: ItemTitles
) -> Find:
    """The same of a list that is there already, with what rules add to its scores."""

    def raised(item):
        facts = (catalogue.labels(item.item_id), catalogue.available_from(item.item_id))
        return dataclasses.replace(item, score=item.score + plan.bonus(*facts))

    best = [*items]
    if plan.options:
        best = sorted(map(raised, items), key=lambda item: -item.score)

    def find(k, labels=()):
        return [
            each
            for each in best
            if not labels or catalogue.has_label(each.item_id, labels)
        ][:k]

    return find
