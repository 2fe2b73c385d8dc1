"""What a user is interested in, in shares of events and of categories."""

import time
from collections import defaultdict
from collections.abc import Sequence

import grpc
import numpy as np

from serving.gateway.feedback import Reactions
from serving.gateway.model_client import ModelClient
from serving.gateway.recommendations import NoAnswerError
from serving.gateway.schemas import WeightedCategory, WeightedItem
from serving.gateway.titles import ItemTitles
from tfrec.protocol.status import RequestError

NUM_RECOMMENDATIONS = 50  # whose reasons are averaged


class Interests:
    """Tells how much each event counts in what is recommended now."""

    def __init__(
        self,
        model: ModelClient,
        catalogue: ItemTitles,
        reactions: Reactions | None = None,
    ):
        self._model = model
        self._catalogue = catalogue
        self._reactions = reactions or Reactions()

    def of_history(
        self, history: Sequence[tuple], now: int | None = None
    ) -> tuple[list[WeightedItem], list[WeightedCategory]]:
        """Weights of the items of a history and of their categories, largest first.

        Args:
            history: as `tfrec.client.histories.FIELDS`, any order.
            now: UTC seconds, None for the clock.

        Returns:
            `(items, categories)`; the items' weights sum to 1, or there are none if
            no event speaks for any recommendation. An item's weight is shared
            equally by its categories.

        Raises:
            RequestError: the model refuses the request.
            NoAnswerError: the model server is away.
        """
        visible, hidden = self._reactions.split(history)
        if not visible:
            return [], []
        try:
            shares = self._shares(visible, hidden, now or int(time.time()))
        except RequestError as error:
            if error.code is grpc.StatusCode.INVALID_ARGUMENT:
                raise
            raise NoAnswerError(
                f"The model server does not answer ({error}). Try again in some "
                "seconds."
            ) from error
        weights = _sum_by((event[0] for event in visible), shares)
        return self._items(weights), self._categories(weights)

    def _shares(self, history, hidden, now):
        """`[events]`: mean share in the recommendations, weighted by probability.

        Those of texts without an item are left out.
        """
        best, _ = self._model.recommend(
            history=history, exclude=hidden, k=NUM_RECOMMENDATIONS, now=now
        )
        if not best:
            return np.zeros(len(history))
        weights = self._model.explain([each.item_id for each in best], history, now=now)
        probabilities = np.array([each.probability for each in best])
        has_item = [bool(event[0]) for event in history]
        shares = probabilities @ np.maximum(weights, 0) * has_item
        return shares / max(shares.sum(), np.finfo("float32").tiny)

    def _items(self, weights):
        return [
            WeightedItem(item_id=i, title=self._catalogue.title(i), weight=weight)
            for i, weight in weights.items()
        ]

    def _categories(self, weights):
        pairs = [
            (name, weight / len(names))
            for item_id, weight in weights.items()
            if (names := self._catalogue.categories(item_id))
            for name in names
        ]
        summed = _sum_by(*zip(*pairs, strict=True)) if pairs else {}
        return [WeightedCategory(name=n, weight=weight) for n, weight in summed.items()]


def _sum_by(names, weights):
    """Sums of positive weights per name, largest first."""
    sums: dict[str, float] = defaultdict(float)
    for name, weight in zip(names, weights, strict=True):
        sums[name] += float(weight)
    order = sorted(sums, key=sums.__getitem__, reverse=True)
    return {name: sums[name] for name in order if sums[name] > 0}
