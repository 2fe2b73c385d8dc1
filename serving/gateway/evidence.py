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
from tfrec.reasons.shared_words import words_of


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


@dataclass(frozen=True)
class _Written:
    """The words of what a person wrote, read once for a whole list."""

    query_text: str
    query: frozenset[str]
    profile: frozenset[str]
    texts: frozenset[str]  # of events

    @classmethod
    def of(cls, history, texts):
        query_text = texts["query_text"]
        events = (words_of(text) for *_, text in history if text)
        query, profile = words_of(query_text), words_of(texts["user_text"])
        return cls(query_text, query, profile, frozenset().union(*events))


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
        written = _Written.of(carried.history, texts)
        return [
            self._of_one(carried, place, named[place], written, before)
            for place in range(len(carried.item_ids))
        ]

    def _of_one(self, carried, place, named, written, before):
        item_id, history = carried.item_ids[place], carried.history
        shares = carried.shares[place]
        events = [
            self._event(history[at], shares[at], at == named)
            for at in carrying(shares, named)
        ]
        event = history[named] if named >= 0 else None
        categories = self._catalogue.categories(item_id)
        theirs = self._catalogue.categories(event[0]) if event else []
        return Evidence(
            item_id=item_id,
            title=self._catalogue.title(item_id),
            about=self._catalogue.about(item_id),
            categories=tuple(categories),
            events=tuple(events),
            words=tuple(self._words(item_id, event, written)),
            shared_categories=tuple(each for each in categories if each in theirs),
            query=written.query_text,
            is_found_by_query=carried.are_words[place],
            change=before and self._change(carried, place, before),
        )

    def _event(self, event, share, is_named=False):
        title = self._catalogue.title(event[0])
        if isinstance(event, AskedTitle):
            event = (event[0], ASKED, math.nan, *event[3:])
        return CarryingEvent.of(event, title, share, is_named)

    def _words(self, item_id, event, written):
        """Those of the named event come before those of all else that was written."""
        catalogue = self._catalogue
        title = catalogue.all_words(item_id)
        # What people write may name a category; items share those by themselves.
        whole = "\n".join([title, *catalogue.categories(item_id)])
        sources: list[tuple[WordSource, str, frozenset[str]]]
        sources = [("query", whole, written.query)]
        if event:
            named_id, *_, text = event
            sources.append(("text", whole, words_of(text)))
            theirs = words_of(catalogue.all_words(named_id))
            sources.append(("item", title, theirs))
        sources.append(("profile", whole, written.profile))
        sources.append(("text", whole, written.texts))
        seen = set()
        for source, ours, wanted in sources:
            for word in catalogue.rare_words.shared(ours, wanted):
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
