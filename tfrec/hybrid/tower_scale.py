"""Offset and spread of the towers' scores, which differ from training to training."""

import dataclasses
from typing import NamedTuple

import numpy as np

from tfrec.hybrid.offline_scores import TowerRecommender

NUM_QUERIES = 256  # of the model's sample


class TowerScale(NamedTuple):
    """Of the scores of all items for a sample of real queries."""

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
    """A weighting for towers of another scale than those that it was chosen with.

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
