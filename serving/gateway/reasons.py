"""What speaks for each item of an answer, in words."""

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.gateway.feedback import Reactions
from serving.gateway.model_client import ModelClient
from serving.gateway.titles import ItemTitles
from tfrec.client.answers import Recommendation
from tfrec.protocol.status import RequestError
from tfrec.reasons.naming import RATED, may_be_named, most_specific
from tfrec.reasons.shown import shorten

logger = logging.getLogger(__name__)

# What was done, of the kinds of events that logs often have.
_DONE = {
    "rating": "you rated",
    "rate": "you rated",
    "like": "you liked",
    "view": "you viewed",
    "watch": "you watched",
    "play": "you played",
    "listen": "you listened to",
    "read": "you read",
    "click": "you clicked",
    "cart": "you put in the cart",
    "buy": "you bought",
    "purchase": "you bought",
    "order": "you ordered",
}


class Reasons:
    """Finds the words that were asked for, or an event, behind each item.

    Args:
        model: the model server.
        catalogue: titles.
        reactions: which events speak against their items.
    """

    def __init__(self, model: ModelClient, catalogue: ItemTitles, reactions: Reactions):
        self._model = model
        self._catalogue = catalogue
        self._reactions = reactions

    def of(
        self,
        best: Sequence[Recommendation],
        history: Sequence[tuple],
        filters: dict[str, Any],
        texts: dict[str, Any],
    ) -> list[str | None]:
        """A reason for each item, None where nothing speaks for it.

        Args:
            best: the answer, best first.
            history: as `tfrec.client.histories.FIELDS`, what the model read.
            filters: the request options besides.
            texts: `query_text`, `user_text` and `now`.
        """
        item_ids = [item.item_id for item in best]
        try:
            events = self._events(item_ids, history, texts)
            are_words = self._are_words(best, history, filters, texts)
        except RequestError as error:
            logger.warning("Answers are given without reasons: %s", error)
            return [None] * len(best)
        fits = f"fits “{shorten(texts['query_text'])}”"
        return [
            fits if is_words else event and self._because(event)
            for event, is_words in zip(events, are_words, strict=True)
        ]

    def _events(self, item_ids, history, texts):
        """The event behind each item, None where there is none."""
        if not history or not item_ids:
            return [None] * len(item_ids)
        shares = np.maximum(self._model.explain(item_ids, history, **texts), 0)
        places = most_specific(shares, self._are_liked(history))
        return [None if place < 0 else history[place] for place in places]

    def _are_liked(self, history):
        """`[events]`: no dislikes, and no ratings below the middle of the person's."""
        rewards = [
            self._reactions.reward(kind, value) for _, kind, value, *_ in history
        ]
        values = np.array([value for _, _, value, *_ in history])
        kinds = [kind for _, kind, *_ in history]
        return may_be_named(kinds, values, np.array([each == 0 for each in rewards]))

    def _are_words(self, best, history, filters, texts):
        """Whether each item owes its place to the words, and not to the events.

        It does if without them it is less probable, and stands lower or not at all:
        others may have fallen further than one that the words have lowered.
        """
        if not texts["query_text"]:
            return [False] * len(best)
        without = texts | {"query_text": ""}
        others, _ = self._model.recommend(history=history, **filters, **without)
        places = {item.item_id: place for place, item in enumerate(others)}
        item_ids = [item.item_id for item in best]
        before = self._model.score_interest(item_ids, history, **without)
        return [
            item.probability > chance and places.get(item.item_id, math.inf) > place
            for place, (item, chance) in enumerate(zip(best, before, strict=True))
        ]

    def _because(self, event):
        item_id, kind, value, _, text = event
        if not item_id:
            return f"because you wrote “{shorten(text)}”"
        named = f"“{self._catalogue.name(item_id)}”"
        if kind not in _DONE:
            return f"because of {named}" + (f" ({kind})" if kind else "")
        has_value = kind in RATED and not math.isnan(value)
        return f"because {_DONE[kind]} {named}" + (f" {value:g}" if has_value else "")
