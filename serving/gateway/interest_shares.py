"""What a user is interested in: shares of events, categories, keywords and topics."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import grpc
import numpy as np

from serving.gateway.feedback import Reactions
from serving.gateway.model_client import ModelClient
from serving.gateway.recommendations import NoAnswerError
from serving.gateway.schemas import WeightedItem, WeightedName
from serving.gateway.titles import ItemTitles
from tfrec.protocol.status import RequestError

NUM_RECOMMENDATIONS = 50  # whose reasons are averaged
MAX_KEYWORDS = 50  # of an answer
DAY_S = 86_400
AGES_S = (0, DAY_S, 7 * DAY_S)  # of the shares that an answer compares


class InterestShares(NamedTuple):
    """What the recommendations come from, each list largest first."""

    items: list[WeightedItem]
    categories: list[WeightedName]
    keywords: list[WeightedName]
    topics: list[WeightedName]


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
    ) -> InterestShares:
        """Weights of a history's items, and of what these items are about.

        Those of a day and of a week ago are what the events of before then come to at
        that moment, by the model that is served now.

        Args:
            history: as `tfrec.client.histories.FIELDS`, any order.
            now: UTC seconds, None for the clock.

        Returns:
            The items' weights sum to 1, or there are none if no event speaks for any
            recommendation. An item's weight is shared equally by its categories; each
            of its keywords and its topic have it whole.

        Raises:
            RequestError: the model refuses the request.
            NoAnswerError: the model server is away.
        """
        now = now or int(time.time())
        earlier = [[e for e in history if e[3] <= now - age] for age in AGES_S[1:]]
        moments = zip([history, *earlier], AGES_S, strict=True)
        try:
            weights = [self._weights(events, now - age) for events, age in moments]
        except RequestError as error:
            if error.code is grpc.StatusCode.INVALID_ARGUMENT:
                raise
            raise NoAnswerError(
                f"The model server does not answer ({error}). Try again in some "
                "seconds."
            ) from error
        keywords = _moved(weights, self._catalogue.keywords)
        return InterestShares(
            items=self._items(weights[0]),
            categories=_moved(weights, self._catalogue.categories, is_divided=True),
            keywords=keywords[:MAX_KEYWORDS],
            topics=_moved(weights, self._catalogue.topics),
        )

    def _weights(self, history, now):
        """Item id -> weight at a moment, largest first."""
        visible, hidden = self._reactions.split(history)
        if not visible:
            return {}
        shares = self._shares(visible, hidden, now)
        return _sum_by((event[0] for event in visible), shares)

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


def _moved(
    weights: Sequence[Mapping[str, float]],
    names_of: Callable[[str], list[str]],
    is_divided: bool = False,
) -> list[WeightedName]:
    """What items are about, with its weight at each moment.

    Args:
        weights: item id -> weight, for each of `AGES_S`.
        names_of: gives the names that an item has.
        is_divided: whether these share the item's weight.
    """
    now, day_ago, week_ago = (_by_name(each, names_of, is_divided) for each in weights)
    return [
        WeightedName(
            name=name,
            weight=min(1.0, now.get(name, 0.0)),
            day_ago=min(1.0, day_ago.get(name, 0.0)),
            week_ago=min(1.0, week_ago.get(name, 0.0)),
        )
        for name in {**now, **day_ago, **week_ago}
    ]


def _by_name(weights, names_of, is_divided):
    pairs = [
        (name, weight / (len(names) if is_divided else 1))
        for item_id, weight in weights.items()
        if (names := names_of(item_id))
        for name in names
    ]
    return _sum_by(*zip(*pairs, strict=True)) if pairs else {}


def _sum_by(names, weights):
    """Sums of positive weights per name, largest first."""
    sums: dict[str, float] = defaultdict(float)
    for name, weight in zip(names, weights, strict=True):
        sums[name] += float(weight)
    order = sorted(sums, key=sums.__getitem__, reverse=True)
    return {name: sums[name] for name in order if sums[name] > 0}
