"""EASE: a linear autoencoder with a closed form."""

import logging

import numpy as np

from tfrec.baselines.histories import HistoryRecommender
from tfrec.baselines.history_recipes import RankDecay, uniform
from tfrec.linear.ease import ease_weights, gram_matrix

logger = logging.getLogger(__name__)


class Ease(HistoryRecommender):
    """Item-item weights that best rebuild every history from its other items.

    Memory and time grow with the square and the cube of the catalogue, so only
    the `max_items` most popular items take part; the others score 0.

    Args:
        l2: positive float, ridge on the weights.
        max_items: int; 20,000 items need 1.6 GB and a few minutes.

    Reference:
        Steck, Embarrassingly shallow autoencoders for sparse data, WWW 2019,
        https://doi.org/10.1145/3308558.3313710
    """

    def __init__(self, l2=500.0, max_items=20_000, weighting=uniform, name="EASE"):
        super().__init__(name, weighting)
        self.l2 = l2
        self.max_items = max_items

    def _learn(self, train, items):
        popularity = train.popularity()
        self._kept = np.sort(np.argsort(-popularity, kind="stable")[: self.max_items])
        is_left_out = popularity > 0
        is_left_out[self._kept] = False
        num_left_out = np.count_nonzero(is_left_out)
        if num_left_out:
            logger.warning(
                "%s keeps the %d most popular items; %d others with events score 0. "
                "Raise `max_items` where memory allows.",
                self.name, len(self._kept), num_left_out,
            )  # fmt: skip
        chosen = train.user_item_matrix()[:, self._kept]
        self._weights = ease_weights(gram_matrix(chosen), self.l2)

    def _score(self, histories):
        scores = np.zeros(histories.shape, np.float32)
        scores[:, self._kept] = histories[:, self._kept] @ self._weights
        return scores


def ease_decay(half_life=5.0, **arguments):
    """EASE on a history that fades: half the weight per `half_life` events."""
    arguments = {"name": "EASE, recent history"} | arguments
    return Ease(weighting=RankDecay(half_life), **arguments)
