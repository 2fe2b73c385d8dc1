"""What a sentence asks for, slot by slot."""

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

RefinementKind = Literal["exclude", "like", "less", "more", "instead"]
HARD = {"must", "must_not", "categories", "not_categories", "limits", "k"}
HARD |= {"newer_than", "older_than", "unlike"}


@dataclass(frozen=True)
class NumericLimit:
    """The least and largest value of an attribute, None for no limit.

    Attributes:
        attribute: "price", "duration" in minutes, "rating" in stars, or "year".
        min: least value.
        max: largest value.
        is_min_allowed: whether the least value itself may be.
        is_max_allowed: whether the largest value itself may be.
    """

    attribute: str
    min: float | None = None
    max: float | None = None
    is_min_allowed: bool = True
    is_max_allowed: bool = True

    @property
    def is_contradictory(self) -> bool:
        """Whether no number can be within."""
        if self.min is None or self.max is None:
            return False
        are_both = self.is_min_allowed and self.is_max_allowed
        return self.min > self.max or (self.min == self.max and not are_both)

    def joined(self, other: "NumericLimit") -> "NumericLimit":
        """Both limits of one attribute as one; of two minima the other's counts."""
        low = self if other.min is None else other
        high = self if other.max is None else other
        bounds = (low.min, high.max, low.is_min_allowed, high.is_max_allowed)
        return NumericLimit(self.attribute, *bounds)


@dataclass(frozen=True)
class Refinement:
    """A change to the list before.

    Attributes:
        kind: "exclude" or "like" an item of it, "less" or "more" of an attribute
            than it has, or "instead": categories and words replace the previous.
        place: of the item, from 1 on; 0 for the whole list, -1 for its last item.
        attribute: as of `NumericLimit`.
    """

    kind: RefinementKind
    place: int | None = None
    attribute: str = ""


@dataclass(frozen=True)
class Order:
    """How the answer is sorted: by an attribute, "year" or "popularity"."""

    attribute: str
    is_descending: bool = False


@dataclass(frozen=True)
class Part:
    """One thing that was understood, which can be taken off by its id."""

    id: str
    slot: str
    value: Any

    @property
    def is_hard(self) -> bool:
        """Whether no item of an answer may be against it."""
        return self.slot in HARD


@dataclass(frozen=True)
class ParsedRequest:
    """What a sentence asks for; every slot may be empty.

    Attributes:
        query: what no other slot has, in the words of the sentence.
        must: words that an item's texts have, all of them.
        must_not: words that they lack.
        categories: of the catalogue, as `every_category` says.
        not_categories: of the catalogue.
        like: ids of items.
        unlike: ids of items.
        unlike_words: of which less is wanted.
        limits: one for each attribute.
        newer_than: the first day that is new enough.
        older_than: the first day that is not old enough any more.
        k: how many items.
        order: how they are sorted.
        refinements: of the list before.
        not_placed: parts of the sentence that were read and that no slot can hold.
        every_category: whether items have all of `categories`, and not one of them.
    """

    query: str = ""
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    unlike_words: tuple[str, ...] = ()
    limits: tuple[NumericLimit, ...] = ()
    newer_than: datetime.date | None = None
    older_than: datetime.date | None = None
    k: int | None = None
    order: Order | None = None
    refinements: tuple[Refinement, ...] = ()
    not_placed: tuple[str, ...] = ()
    every_category: bool = True

    def parts(self) -> Iterator[Part]:
        """Everything that was understood, in the order of the slots."""
        for slot in _SLOTS:
            value = getattr(self, slot)
            if isinstance(value, tuple):
                yield from (Part(_id(slot, each), slot, each) for each in value)
            elif value not in ("", None):
                yield Part(slot, slot, value)

    def without(self, part_ids: Collection[str]) -> "ParsedRequest":
        """The same less some parts; ids that it does not have change nothing."""
        gone = set(part_ids)
        changes: dict[str, Any] = {}
        for slot in _SLOTS:
            value = getattr(self, slot)
            if isinstance(value, tuple):
                kept = tuple(each for each in value if _id(slot, each) not in gone)
                changes[slot] = kept
            elif slot in gone:
                changes[slot] = "" if slot == "query" else None
        return replace(self, **changes)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was understood."""
        return next(self.parts(), None) is None


_SLOTS = [
    field.name
    for field in fields(ParsedRequest)
    if field.name not in ("every_category", "not_placed")
]


def _id(slot, value):
    if isinstance(value, NumericLimit):
        return f"{slot}:{value.attribute}"
    if isinstance(value, Refinement):
        what = value.attribute if value.place is None else value.place
        return f"{slot}:{value.kind}:{what}".rstrip(":")
    return f"{slot}:{value}"
