"""A request that refines the one before, and what it says of the list before."""

import dataclasses
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from serving.sentences.parsed_request import (
    NumericLimit,
    ParsedRequest,
    Refinement,
)

MAX_QUERY = 500  # characters of the words of several sentences
_JOINED = ("must", "must_not", "not_categories", "like", "unlike", "unlike_words")
_LATEST = ("newer_than", "older_than", "k", "order")
Value = Callable[[str, str], float | None]  # of an item id and an attribute


@dataclass(frozen=True)
class Resolved:
    """A request without refinements, and those that could not be resolved.

    Attributes:
        request: the rest, with what they have become.
        unresolved: each with the reason: "no_list", "no_place" or "not_measured".
    """

    request: ParsedRequest
    unresolved: tuple[tuple[Refinement, str], ...] = ()


def is_refinement(request: ParsedRequest) -> bool:
    """Whether a request is about the one before.

    It is if it says so ("shorter", "not that one"), and if it has only limits and
    exclusions ("under $20", "no horror").
    """
    starts = request.query or request.categories or request.like or request.must
    return bool(request.refinements) or not starts


def joined(before: ParsedRequest, after: ParsedRequest) -> ParsedRequest:
    """The request before with what the one after adds and changes.

    Limits and categories of the later one count; exclusions, titles and words are
    added. After "instead" the earlier categories, titles and words are gone.
    """
    if any(each.kind == "instead" for each in after.refinements):
        before = dataclasses.replace(before, query="", like=(), must=(), categories=())
    changes = {name: _union(before, after, name) for name in _JOINED}
    latest = {
        name: getattr(after, name) or getattr(before, name)
        for name in (*_LATEST, "categories")
    }
    limits = {each.attribute: each for each in before.limits}
    for each in after.limits:
        known = limits.get(each.attribute)
        limits[each.attribute] = known.joined(each) if known else each
    is_later = bool(after.categories)
    return dataclasses.replace(
        after,
        query=f"{before.query} {after.query}".strip()[-MAX_QUERY:],
        limits=tuple(limits.values()),
        every_category=(after if is_later else before).every_category,
        **changes,
        **latest,
    )


def _union(before, after, name):
    return tuple(dict.fromkeys((*getattr(before, name), *getattr(after, name))))


def resolve(
    request: ParsedRequest, shown: Sequence[str], value: Value, said_like: Sequence[str]
) -> Resolved:
    """Makes refinements what they mean for the list that was shown.

    "Cheaper" is a limit below the price of the title that the sentence compares with,
    else of the item that it likes, else below the median of the list.

    Args:
        request: with refinements.
        shown: ids of the list before, best first.
        value: gives an item's attribute, None if it is not known.
        said_like: titles that the same sentence likes.
    """
    resolving = _Resolving(request, shown, value, list(said_like))
    kept = [each for each in request.refinements if each.kind != "instead"]
    for each in sorted(kept, key=lambda one: one.kind in ("less", "more")):
        resolving.add(each)
    return resolving.done()


class _Resolving:
    def __init__(self, request, shown, value, compared):
        self._request, self._shown, self._value = request, shown, value
        self._compared = compared
        self._like: list[str] = []
        self._unlike: list[str] = []
        self._limits = {each.attribute: each for each in request.limits}
        self._unresolved: list[tuple[Refinement, str]] = []

    def add(self, refinement):
        if refinement.kind in ("less", "more"):
            problem = self._compare(refinement)
        else:
            problem = self._pick(refinement)
        if problem:
            self._unresolved.append((refinement, problem))

    def _pick(self, refinement):
        if not self._shown:
            return "no_list"
        place = refinement.place
        at = slice(None) if place == 0 else slice(place - 1, place)
        picked = self._shown[-1:] if place == -1 else self._shown[at]
        if not picked:
            return "no_place"
        if refinement.kind == "like":
            self._like += picked
            self._compared += picked
        else:
            self._unlike += picked
        return ""

    def _compare(self, refinement):
        ids = self._compared or self._shown
        if not ids:
            return "no_list"
        attribute = refinement.attribute
        values = [self._value(item_id, attribute) for item_id in ids]
        known = [each for each in values if each is not None]
        if not known:
            return "not_measured"
        middle = statistics.median(known)
        if refinement.kind == "less":
            limit = NumericLimit(attribute, max=middle, is_max_allowed=False)
        else:
            limit = NumericLimit(attribute, min=middle, is_min_allowed=False)
        before = self._limits.get(attribute)
        self._limits[attribute] = before.joined(limit) if before else limit
        return ""

    def done(self):
        request, new = self._request, dataclasses.replace
        like = tuple(dict.fromkeys((*request.like, *self._like)))
        unlike = tuple(dict.fromkeys((*request.unlike, *self._unlike)))
        limits = tuple(self._limits.values())
        changed = new(request, like=like, unlike=unlike, limits=limits, refinements=())
        return Resolved(changed, tuple(self._unresolved))
