"""A list by the model of which each item is allowed, in the order asked for."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from tfrec.client.answers import Recommendation

# What a model takes, or the size of its catalogue if that is more.
MAX_WIDTH = 10_000
MAX_EXCLUDED = 500  # ids of one request; above it more items are asked for instead
_GROWTH = 8
Ask = Callable[[int], list[Recommendation]]


def allow_all(item_id: str) -> bool:
    """No item is left out."""
    return True


@dataclass(frozen=True)
class Selection:
    """What may come back, and in which order.

    Attributes:
        is_allowed: of an item's id.
        num_allowed: how many items are.
        num_candidates: how many are in the categories that the model filters by.
        num_items: of the catalogue.
        excluded: ids that the model is to leave out.
        come_last: whether an item comes after those that are not so.
        sort_by: gives the value of an item id, smallest first and infinite for none;
            None for the model's order.
        pool: how many of the model's best are sorted, if so many are allowed.
    """

    is_allowed: Callable[[str], bool] = allow_all
    num_allowed: int = 0
    num_candidates: int = 0
    num_items: int = 0
    excluded: tuple[str, ...] = ()
    come_last: Callable[[str], bool] | None = None
    sort_by: Callable[[str], float] | None = None
    pool: int = 0

    def best(self, ask: Ask, k: int) -> list[Recommendation]:
        """The best `k` allowed items, fewer where there are fewer.

        Args:
            ask: gives at most so many of a model's best.
            k: how many items.
        """
        if self.num_items and not self.num_allowed:
            ask(1)  # tells that the model answers
            return []
        wanted = self._num_wanted(k)
        most = max(MAX_WIDTH, self.num_items)
        others = self.num_candidates - len(self.excluded) - self.num_allowed
        width = wanted
        if others > 0:  # which the model does not leave out by itself
            width = math.ceil(1.5 * wanted * (1 + others / max(self.num_allowed, 1)))
        while True:
            width = min(width, most)
            found = ask(width)
            kept = [item for item in found if self.is_allowed(item.item_id)]
            if len(kept) >= wanted or len(found) < width or width == most:
                return self.arranged(kept[:wanted], k)
            width *= _GROWTH

    def arranged(self, items: Collection[Any], k: int) -> list[Any]:
        """The first `k` items in the order asked for; each has an `item_id`."""
        order = list(items)
        if self.sort_by is not None:
            by = self.sort_by
            order.sort(key=lambda item: by(item.item_id))
        if self.come_last is not None:
            is_last = self.come_last
            order.sort(key=lambda item: is_last(item.item_id))
        return order[:k]

    @property
    def is_by_model(self) -> bool:
        """Whether the order is the model's."""
        return self.sort_by is None and self.come_last is None

    def _num_wanted(self, k):
        if self.is_by_model:
            return k
        return max(min(self.pool, self.num_allowed), k)
