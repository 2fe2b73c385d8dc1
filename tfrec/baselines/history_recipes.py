"""Recipes that say how much each event of a history counts.

A recipe is called with the ranks (0 is the latest event), the ages in seconds
at the time of asking, and the values of events, and returns their weights.
"""

from dataclasses import dataclass

import numpy as np

SECONDS_PER_DAY = 86_400


def uniform(ranks, ages_s, values):
    """Every event counts alike."""
    return np.ones(len(ranks), np.float32)


def by_value(ranks, ages_s, values):
    """A better rating counts more; values below 0 count as 0."""
    return np.maximum(values, 0.0)


@dataclass(frozen=True)
class RankDecay:
    """Half the weight every `half_life` events back."""

    half_life: float  # events

    def __call__(self, ranks, ages_s, values):
        return 0.5 ** (ranks / self.half_life)


@dataclass(frozen=True)
class TimeDecay:
    """Half the weight every `half_life_days` days back."""

    half_life_days: float

    def __call__(self, ranks, ages_s, values):
        return 0.5 ** (ages_s / (self.half_life_days * SECONDS_PER_DAY))


@dataclass(frozen=True)
class WeightedRecent:
    """The latest `num_events` events with linearly falling weights."""

    num_events: int

    def __call__(self, ranks, ages_s, values):
        return np.maximum(self.num_events - ranks, 0) / self.num_events


@dataclass(frozen=True)
class TimeWindow:
    """Only events of the last `days` days."""

    days: float

    def __call__(self, ranks, ages_s, values):
        return (ages_s <= self.days * SECONDS_PER_DAY).astype(np.float32)
