"""Which items a request allows, by what the table of items says of them."""

import dataclasses
import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from serving.sentences.item_columns import ItemColumns
from serving.sentences.parsed_request import NumericLimit, ParsedRequest

DAYS = ("newer_than", "older_than")


@dataclass(frozen=True)
class Limited:
    """The items that a request allows.

    Attributes:
        mask: `[items]` bool array; None if every item may come, known or not.
        not_measured: ids of parts that the table has no values for; nothing was
            limited by them.
    """

    mask: np.ndarray | None
    not_measured: tuple[str, ...]


def allowed_items(
    request: ParsedRequest, items: ItemColumns, measured: Collection[str] = ()
) -> Limited:
    """The items that are within all limits of a request that the table can measure.

    An item whose value is not known is not within a limit.

    Args:
        request: whose refinements were resolved.
        items: the catalogue, or those of it that have changed.
        measured: attributes that limit these items though none of them has a value.
    """
    masks = [~items.in_category(name) for name in request.not_categories]
    masks += [items.has_words(words) for words in request.must]
    masks += [~items.has_words(words) for words in request.must_not]
    if request.categories:
        masks.append(in_categories(request, items))
    not_measured = []
    for part_id, limit in _limits(request):
        values = items.number(limit.attribute) if limit else None
        if values is not None:
            masks.append(within(limit, values))
        elif limit and limit.attribute in measured:
            masks.append(np.zeros(len(items), bool))
        else:
            not_measured.append(part_id)
    mask = np.logical_and.reduce(masks) if masks else None
    return Limited(mask, tuple(not_measured))


def in_categories(request: ParsedRequest, items: ItemColumns) -> np.ndarray:
    """`[items]` bool array: in all of the request's categories, or in one of them."""
    masks = [items.in_category(name) for name in request.categories]
    join = np.logical_and if request.every_category else np.logical_or
    return join.reduce(masks)


def with_possible_categories(
    request: ParsedRequest, catalogue: Sequence[ItemColumns]
) -> ParsedRequest:
    """The request; if no item is in all of its categories, one of them will do."""
    asks_all = len(request.categories) > 1 and request.every_category
    if asks_all and not any(in_categories(request, each).any() for each in catalogue):
        return dataclasses.replace(request, every_category=False)
    return request


def _limits(request):
    """Ids of parts, and their limits, None for what years are too coarse for.

    "From the last two weeks" could only be kept by leaving out all of this year.
    """
    for limit in request.limits:
        yield f"limits:{limit.attribute}", limit
    for slot in DAYS:
        day = getattr(request, slot)
        if day is not None:
            is_year = (day.month, day.day) == (1, 1)
            yield slot, year_limit(slot, day) if is_year else None


def within(limit: NumericLimit, values: np.ndarray) -> np.ndarray:
    """`[items]` bool array: values that are known and within a limit."""
    mask = ~np.isnan(values)
    if limit.min is not None:
        is_low = np.greater_equal if limit.is_min_allowed else np.greater
        mask &= is_low(values, limit.min)
    if limit.max is not None:
        is_high = np.less_equal if limit.is_max_allowed else np.less
        mask &= is_high(values, limit.max)
    return mask


def year_limit(slot: str, day: datetime.date) -> NumericLimit:
    """The years that a day at the beginning of one leaves."""
    if slot == "newer_than":
        return NumericLimit("year", day.year, None)
    return NumericLimit("year", None, day.year - 1)
