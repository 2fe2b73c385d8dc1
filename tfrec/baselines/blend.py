"""Two recommenders in one list."""

import numpy as np
from scipy.stats import rankdata


class Blend:
    """Weighted sum of two recommenders' z-scores, or of their ranks.

    Args:
        first: `Recommender`.
        second: `Recommender`.
        weight: float in [0, 1], the share of `first`.
        scale: `"z-score"` or `"rank"`, what makes the scores comparable.
        name: shown in reports.
    """

    def __init__(self, first, second, weight=0.5, scale="z-score", name=None):
        if scale not in SCALES:
            known = ", ".join(f'"{each}"' for each in SCALES)
            raise ValueError(f"`scale` must be one of {known}. Received: {scale!r}.")
        self.name = name or f"{first.name} + {second.name}"
        self.first = first
        self.second = second
        self.weight = weight
        self.scale = scale

    def fit(self, train, items):
        """Fits both."""
        self.first.fit(train, items)
        self.second.fit(train, items)
        return self

    def score(self, queries):
        """`[len(queries), num_items]` float32 scores."""
        scale = SCALES[self.scale]
        first = scale(self.first.score(queries)) * self.weight
        return first + scale(self.second.score(queries)) * (1.0 - self.weight)


def _z_scores(scores):
    spread = np.maximum(scores.std(axis=1, keepdims=True), 1e-12)
    return (scores - scores.mean(axis=1, keepdims=True)) / spread


def _ranks(scores):
    return (rankdata(scores, axis=1) / scores.shape[1]).astype(np.float32)


SCALES = {"z-score": _z_scores, "rank": _ranks}
