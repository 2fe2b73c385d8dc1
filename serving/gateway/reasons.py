"""What speaks for each item of an answer, as the model explains it."""

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.gateway.evidence import Carried, EvidenceMaker
from serving.gateway.feedback import Reactions
from serving.gateway.last_lists import Before
from serving.gateway.model_client import ModelClient
from serving.gateway.titles import ItemTitles
from tfrec.client.answers import Recommendation
from tfrec.protocol.status import RequestError
from tfrec.reasons.evidence import Evidence

logger = logging.getLogger(__name__)


class Reasons:
    """Finds the words that were asked for, and the events, behind each item.

    Args:
        model: the model server.
        catalogue: titles.
        reactions: which events speak against their items.
    """

    def __init__(self, model: ModelClient, catalogue: ItemTitles, reactions: Reactions):
        self._model = model
        self._making = EvidenceMaker(catalogue)
        self._reactions = reactions

    def of(
        self,
        best: Sequence[Recommendation],
        history: Sequence[tuple],
        filters: dict[str, Any],
        texts: dict[str, Any],
        before: Before | None = None,
    ) -> list[Evidence | None]:
        """The evidence of each item, None where the model does not explain.

        Args:
            best: the answer, best first.
            history: as `tfrec.client.histories.FIELDS`, what the model read.
            filters: the request options besides.
            texts: `query_text`, `user_text` and `now`.
            before: the list that the person had before this one; the history's latest
                `num_new` events have come since. None if there was none.
        """
        item_ids = [item.item_id for item in best]
        try:
            shares = self._shares(item_ids, history, texts)
            are_words = self._are_words(best, history, filters, texts)
        except RequestError as error:
            logger.warning("Answers are given without reasons: %s", error)
            return [None] * len(best)
        may_be = self._reactions.may_be_named(history)
        carried = Carried(item_ids, history, shares, may_be, are_words)
        return [*self._making.of(carried, texts, before)]

    def _shares(self, item_ids, history, texts):
        """`[items, events]`, none negative."""
        if not history or not item_ids:
            return np.zeros((len(item_ids), len(history)))
        return np.maximum(self._model.explain(item_ids, history, **texts), 0)

    def _are_words(self, best, history, filters, texts):
        """Whether each item owes its place to the words, and not to the events.

        It does if it stands lower or not at all without them: it is more like the
        words than those that it has passed.
        """
        if not texts["query_text"]:
            return [False] * len(best)
        without = texts | {"query_text": ""}
        others, _ = self._model.recommend(history=history, **filters, **without)
        places = {item.item_id: place for place, item in enumerate(others)}
        return [
            places.get(item.item_id, math.inf) > place
            for place, item in enumerate(best)
        ]
