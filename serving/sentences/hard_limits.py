"""Which items a request allows, by what the table of items says of them."""

import datetime
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


def allowed_items(request: ParsedRequest, items: ItemColumns) -> Limited:
    """The items that are within all limits of a request that the table can measure.

    An item whose value is not known is not within a limit.

    Args:
        request: whose refinements were resolved.
        items: the catalogue.
    """
    masks = [~items.in_category(name) for name in request.not_categories]
    masks += [items.has_words(words) for words in request.must]
    masks += [~items.has_words(words) for words in request.must_not]
    if request.categories:
        masks.append(in_categories(request, items))
    not_measured = []
    for limit in request.limits:
        values = items.number(limit.attribute)
        if values is None:
            not_measured.append(f"limits:{limit.attribute}")
        else:
            masks.append(within(limit, values))
    for slot in DAYS:
        day = getattr(request, slot)
        if day is not None:
            mask = _by_day(slot, day, items)
            if mask is None:
                not_measured.append(slot)
            else:
                masks.append(mask)
    mask = np.logical_and.reduce(masks) if masks else None
    return Limited(mask, tuple(not_measured))


def in_categories(request: ParsedRequest, items: ItemColumns) -> np.ndarray:
    """`[items]` bool array: in all of the categories, or in one if none is in all."""
    masks = [items.in_category(name) for name in request.categories]
    if request.every_category:
        every = np.logical_and.reduce(masks)
        if every.any():
            return every
    return np.logical_or.reduce(masks)


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


def _by_day(slot, day, items):
    """Items of whose year every day fits, None if years are too coarse for that.

    The table has years. "From the last two weeks" could only be kept by leaving out
    all of this year.
    """
    years = items.number("year")
    if years is None or (day.month, day.day) != (1, 1):
        return None
    return within(year_limit(slot, day), years)


def year_limit(slot: str, day: datetime.date) -> NumericLimit:
    """The years that a day at the beginning of one leaves."""
    if slot == "newer_than":
        return NumericLimit("year", day.year, None)
    return NumericLimit("year", None, day.year - 1)
