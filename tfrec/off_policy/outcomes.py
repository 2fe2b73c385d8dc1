"""Predicted rewards of items at positions: the direct part of doubly robust."""

import numpy as np
import pandas as pd

STRENGTH = 50.0  # impressions that a position's mean weighs in each item's


class SmoothedMeans:
    """Mean reward per item and position, drawn towards the mean of the position.

    Args:
        rewards: `[n]` float array.
        items: `[n]` array of ids.
        positions: `[n]` int array.
        strata: `[n]` array, groups of contexts that have means of their own, or None.
        strength: impressions' worth of the position's mean.

    Example:
        >>> means = SmoothedMeans([1, 0, 0], ["a", "a", "b"], [1, 1, 1], strength=1)
        >>> means.predict(["a", "b", "c"], [1, 1, 1]).round(3).tolist()
        [0.444, 0.167, 0.333]
    """

    def __init__(self, rewards, items, positions, strata=None, strength=STRENGTH):
        self._strength = strength
        rewards = np.asarray(rewards, float)
        rows = pd.DataFrame({"reward": rewards, **_cells(items, positions, strata)})
        self._overall = rewards.mean()
        self._places = rows.groupby("position")["reward"].mean()
        cells = rows.groupby(["stratum", "item", "position"])["reward"]
        self._counts = cells.agg(["size", "sum"])

    def predict(self, items, positions, strata=None) -> np.ndarray:
        """`[n]` predictions; the position's mean where the log never showed an item."""
        counts, sums, priors = self._found(items, positions, strata)
        return (sums + self._strength * priors) / (counts + self._strength)

    def predict_without(self, rewards, items, positions, strata=None) -> np.ndarray:
        """`[n]` predictions of rows that were learnt, each as if it had not been.

        An error that was measured on its own row is too small.
        """
        counts, sums, priors = self._found(items, positions, strata)
        sums = sums - np.asarray(rewards, float)
        return (sums + self._strength * priors) / (counts - 1 + self._strength)

    def _found(self, items, positions, strata):
        cells = pd.DataFrame(_cells(items, positions, strata))
        index = pd.MultiIndex.from_frame(cells[["stratum", "item", "position"]])
        found = self._counts.reindex(index).fillna(0.0)
        priors = cells["position"].map(self._places).fillna(self._overall)
        return found["size"].to_numpy(), found["sum"].to_numpy(), priors.to_numpy()


def _cells(items, positions, strata):
    items = np.asarray(items, object)
    strata = np.zeros(len(items), int) if strata is None else np.asarray(strata)
    return {"item": items, "position": np.asarray(positions), "stratum": strata}
