"""Means and ratios with their intervals, many at once."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from tfrec.evaluation.bootstrap import resampled_means

Key = TypeVar("Key", bound=Hashable)
Figure = dict[str, Any]  # "mean", "interval" (95 %) and "count"


def mean_figures(
    values: Mapping[Key, np.ndarray], users: np.ndarray, samples: int, seed: int
) -> dict[Key, Figure]:
    """Means over the questions that have a value.

    Args:
        values: name -> `[queries]` float array, NaN for none.
        users: `[queries]` int array, who asks.
        samples: of the bootstrap over users.
        seed: of the bootstrap.

    Returns:
        Name -> dict of `mean`, `interval` and `count`, the questions with a value. A
        name without any is left out.
    """
    parts = {}
    for name, each in values.items():
        is_there = ~np.isnan(each)
        parts[name] = np.where(is_there, each, 0.0), is_there.astype(float)
    return ratio_figures(parts, users, samples, seed)


def ratio_figures(
    parts: Mapping[Key, tuple[np.ndarray, np.ndarray]],
    users: np.ndarray,
    samples: int,
    seed: int,
) -> dict[Key, Figure]:
    """Ratios of two sums over the questions.

    Args:
        parts: name -> `(above, below)`, each `[queries]` floats without NaN.
        users: as in `mean_figures`.
        samples: as in `mean_figures`.
        seed: as in `mean_figures`.

    Returns:
        As `mean_figures`; `mean` is the ratio, and `count` the questions whose `below`
        is not 0.
    """
    parts = {name: pair for name, pair in parts.items() if pair[1].any()}
    if not parts:
        return {}
    above, below = (
        np.stack([pair[side] for pair in parts.values()], axis=1).astype(float)
        for side in (0, 1)
    )
    drawn = resampled_means(np.hstack([above, below]), users, samples, seed)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = drawn[:, : len(parts)] / drawn[:, len(parts) :]
    means = above.sum(axis=0) / below.sum(axis=0)
    bounds = [
        _bounds(column, mean) for column, mean in zip(drawn.T, means, strict=True)
    ]
    counts = np.count_nonzero(below, axis=0)
    return {
        name: {"mean": float(mean), "interval": interval, "count": int(count)}
        for name, mean, interval, count in zip(
            parts, means, bounds, counts, strict=True
        )
    }


def figure_slices(
    values: Mapping[str, np.ndarray],
    users: np.ndarray,
    names: np.ndarray,
    order: Sequence[str],
    samples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """The means of several recommenders in each slice of the questions.

    Args:
        values: recommender -> `[queries]` float array.
        users: `[queries]` int array, who asks.
        names: `[queries]` object array, the slice of each question.
        order: of the slices; those without a question are left out.
        samples: of the bootstrap over users.
        seed: of the bootstrap.

    Returns:
        List of dicts with `slice`, `num_queries` and `models`, recommender -> figure.
    """
    rows = []
    for name in order:
        is_in = names == name
        if is_in.any():
            parts = {who: each[is_in].astype(float) for who, each in values.items()}
            figures = mean_figures(parts, users[is_in], samples, seed)
            count = int(is_in.sum())
            rows.append({"slice": name, "num_queries": count, "models": figures})
    return rows


def _bounds(drawn, mean):
    """95 % interval; the mean itself where hardly a draw has a value."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return [float(mean), float(mean)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [float(low), float(high)]
