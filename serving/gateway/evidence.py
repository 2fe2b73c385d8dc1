"""Shares of events in items as `Evidence`: with titles, shared words and changes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.gateway.last_lists import Before
from serving.gateway.titles import ItemTitles
from tfrec.reasons.evidence import (
    CarryingEvent,
    Evidence,
    ListChange,
    SharedWord,
    WordSource,
)
from tfrec.reasons.naming import NEAR, carrying, most_specific
from tfrec.reasons.sentences import ASKED


@dataclass(frozen=True)
class Carried:
    """A list, and how much each event of a history carries each item of it.

    Attributes:
        item_ids: best first.
        history: as `tfrec.client.histories.FIELDS`, what the model read.
        shares: `[items, events]`, none negative; of an item they sum to 1 or 0.
        may_be: `[events]` bool, those that may be named.
        are_words: whether each item owes its place to the words of the request.
    """

    item_ids: Sequence[str]
    history: Sequence[tuple]
    shares: np.ndarray
    may_be: np.ndarray
    are_words: Sequence[bool]


class AskedTitle(tuple):
    """An event, as of `FIELDS`, that only stands for a title that a request names."""


class EvidenceMaker:
    """Says of each item of a list what may truly be said.

    Args:
        catalogue: titles, categories and words.
    """

    def __init__(self, catalogue: ItemTitles):
        self._catalogue = catalogue

    def of(
        self, carried: Carried, texts: dict[str, Any], before: Before | None = None
    ) -> list[Evidence]:
        """The evidence of each item.

        Args:
            carried: the list.
            texts: `query_text` and `user_text`.
            before: the list that the person had before this one.
        """
        named = [-1] * len(carried.item_ids)
        if len(carried.history) and named:
            named = most_specific(carried.shares, carried.may_be)
        return [
            self._of_one(carried, place, named[place], texts, before)
            for place in range(len(carried.item_ids))
        ]

    def _of_one(self, carried, place, named, texts, before):
        item_id, history = carried.item_ids[place], carried.history
        shares = carried.shares[place]
        events = [
            self._event(history[at], shares[at], at == named)
            for at in carrying(shares, named)
        ]
        named_id = history[named][0] if named >= 0 else ""
        categories = self._catalogue.categories(item_id)
        theirs = self._catalogue.categories(named_id) if named_id else []
        return Evidence(
            item_id=item_id,
            title=self._catalogue.title(item_id),
            about=self._catalogue.about(item_id),
            categories=tuple(categories),
            events=tuple(events),
            words=tuple(self._words(item_id, history, named, texts)),
            shared_categories=tuple(each for each in categories if each in theirs),
            query=texts["query_text"],
            is_found_by_query=carried.are_words[place],
            change=before and self._change(carried, place, before),
        )

    def _event(self, event, share, is_named=False):
        title = self._catalogue.title(event[0])
        if isinstance(event, AskedTitle):
            event = (event[0], ASKED, math.nan, *event[3:])
        return CarryingEvent.of(event, title, share, is_named)

    def _words(self, item_id, history, named, texts):
        """Those of the named event come before those of all else that was written."""
        catalogue = self._catalogue
        title = catalogue.all_words(item_id)
        # What people write may name a category; items share those by themselves.
        whole = "\n".join([title, *catalogue.categories(item_id)])
        sources: list[tuple[WordSource, str, str]]
        sources = [("query", whole, texts["query_text"])]
        if named >= 0:
            named_id, *_, text = history[named]
            sources.append(("text", whole, text))
            sources.append(("item", title, catalogue.all_words(named_id)))
        sources.append(("profile", whole, texts["user_text"]))
        sources.append(("text", whole, "\n".join(text for *_, text in history)))
        seen = set()
        for source, ours, theirs in sources:
            for word in catalogue.rare_words.shared(ours, theirs):
                if word.casefold() not in seen:
                    seen.add(word.casefold())
                    yield SharedWord(word=word, source=source)

    def _change(self, carried, place, before):
        was = before.places.get(carried.item_ids[place])
        if was == place + 1:
            return None
        has_risen = was is None or was > place + 1
        event = self._latest_cause(carried, place, before) if has_risen else None
        return ListChange(was=was, event=event)

    def _latest_cause(self, carried, place, before):
        """Of the events since the list before, the one that carries the item most."""
        shares, num_new = carried.shares[place], before.num_new
        if not num_new or not len(shares):
            return None
        first = max(0, len(shares) - num_new)
        fresh = np.where(carried.may_be, shares, 0.0)[first:]
        at = first + int(fresh.argmax())
        if not 0 < shares[at] >= NEAR * shares.max() or not carried.may_be[at]:
            return None
        return self._event(carried.history[at], shares[at])
