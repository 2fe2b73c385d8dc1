"""How much towers and scorers count, for known items and for new ones."""

import dataclasses
from typing import NamedTuple

import numpy as np

from tfrec.hybrid.offline_scores import TowerRecommender
from tfrec.linear.repeat_consumption import HALF_LIVES

NUM_QUERIES = 256  # of the model's sample, that the scale of the towers is measured on


@dataclasses.dataclass(frozen=True, kw_only=True)
class Weights:
    """What turns the parts into one score, and the score into a probability.

    The score of an item is the logit of a calibrated probability of interest; the
    interest head's logit is added for the probability that is reported.
    """

    of_known_items: np.ndarray  # [num_scorers + 1] float, the towers first
    of_new_items: np.ndarray | None = None  # the same; None = as of known ones
    repeat: tuple = (0.0,) * len(HALF_LIVES)  # of repeat_consumption's features
    event_texts: float = 1.0  # of texts of events, beside those of events' items
    search: float = 1.0  # of the likeness of texts to a free-text query
    # Of live counts: of levels of popularity that moved, and of what rises
    live: tuple[float, float] = (0.0, 0.0)
    bias: float = 0.0  # added to every score
    new_level: float = 0.0  # added to the scores of new items, for other weights
    new_item_boost: float = 0.0  # added to them as well, but to no probability
    head_slope: float = 0.0  # of the head's logit in the reported probability
    rating_slope: float = 0.0  # of the rating factors' logit in it
    score_slope: float = 1.0  # of the score in the reported probability
    intercept: float = 0.0  # of the reported probability
    # What the reported probability is of: "chosen", that an item is the chosen one and
    # not one drawn at random; "liked", that somebody likes an item that they meet
    probability_of: str = "chosen"
    # Slopes of the head's logit and of the score, and intercept, where the texts of
    # person and item are all that is known; None = as of others.
    of_texts: tuple[float, float, float] | None = None

    @property
    def stacked(self):
        """`[2, num_scorers + 1]`: of known items, of new items."""
        new = self.of_known_items if self.of_new_items is None else self.of_new_items
        return np.stack([self.of_known_items, new])

    @property
    def query_weights(self):
        """`[num_scorers + 1]`: weights of the query's side, the larger of both."""
        return self.stacked.max(axis=0)

    @property
    def candidate_scale(self):
        """`[2, num_scorers + 1]`: what is left of them to the candidates' side."""
        both, whole = self.stacked, self.query_weights
        return np.divide(both, whole, np.ones_like(both), where=whole != 0)

    def without_useless(self):
        """The weights of the scorers that count at all."""
        return self.with_stacked(self.stacked[:, self.query_weights != 0])

    def times(self, slope):
        """Weights whose scores are those of these, times a number."""
        return dataclasses.replace(
            self.with_stacked(self.stacked * slope),
            repeat=tuple(weight * slope for weight in self.repeat),
            bias=self.bias * slope,
            new_level=self.new_level * slope,
            new_item_boost=self.new_item_boost * slope,
            search=self.search * slope,
            live=(self.live[0] * slope, self.live[1] * slope),
        )

    def with_stacked(self, both):
        """The same with other weights of scorers, `[2, n]` as in `stacked`."""
        return dataclasses.replace(self, of_known_items=both[0], of_new_items=both[1])


class TowerScale(NamedTuple):
    """Of the towers' scores of all items for real queries; it differs by training."""

    mean: float
    spread: float  # standard deviation


def tower_scale(model):
    """The `TowerScale` of a trained `TwoTower`."""
    queries = model.sample_queries
    queries = queries.take(np.arange(min(NUM_QUERIES, len(queries))))
    scores = TowerRecommender(model).score(queries)
    spread = float(scores.std(dtype=np.float64))
    return TowerScale(float(scores.mean(dtype=np.float64)), max(spread, 1e-9))


def rescaled(weighting, was, now):
    """Weights for towers of another scale than those that they were chosen with.

    The softmax that the towers learn from fixes neither: after two epochs on one log
    the spread fell from 1.50 to 1.35 and the mean by 0.83 when a tenth of it was added.

    Args:
        weighting: `Weights`, chosen with the towers of another training.
        was: `TowerScale` of those.
        now: `TowerScale` of the towers that it is for.

    Returns:
        `Weights` that leaves mean and spread of the towers' part as they were.
    """
    both = weighting.stacked
    both[:, 0] *= was.spread / now.spread
    known, new = weighting.stacked[:, 0] * was.mean - both[:, 0] * now.mean
    return dataclasses.replace(
        weighting.with_stacked(both),
        bias=weighting.bias + float(known),
        new_level=weighting.new_level + float(new - known),
    )
