"""Intervals and paired comparisons by resampling users.

The queries of one user resemble each other, so whole users are drawn, not
queries: drawing queries would promise intervals that are too narrow.
"""

from dataclasses import dataclass

import numpy as np

SAMPLES_AT_ONCE = 100  # bounds memory: 100 draws x users


@dataclass(frozen=True)
class Comparison:
    """How much better `a` is than `b` on the same queries."""

    difference: float  # mean of a - mean of b
    interval: tuple[float, float]  # 95 %, of the difference
    p: float  # two-sided, of "no difference"


def resampled_means(values, groups, num_samples=1000, seed=0):
    """Means over queries in samples of groups drawn with replacement.

    Args:
        values: `[queries, metrics]` float array.
        groups: `[queries]` int array, the user of each query.
        num_samples: int.
        seed: int; the same seed draws the same users for every model.

    Returns:
        `[num_samples, metrics]` float array.

    Reference:
        Field and Welsh, Bootstrapping clustered data, JRSS B 2007,
        https://doi.org/10.1111/j.1467-9868.2007.00593.x
    """
    _, groups = np.unique(groups, return_inverse=True)
    counts = np.bincount(groups).astype(float)
    sums = np.stack([np.bincount(groups, column) for column in values.T], axis=1)
    rng = np.random.default_rng(seed)
    means = []
    for start in range(0, num_samples, SAMPLES_AT_ONCE):
        size = min(SAMPLES_AT_ONCE, num_samples - start)
        draws = rng.multinomial(
            len(counts), np.full(len(counts), 1 / len(counts)), size
        )
        means.append(draws @ sums / (draws @ counts)[:, None])
    return np.concatenate(means)


def intervals(values, groups, num_samples=1000, seed=0):
    """95 % interval of each metric's mean; arguments as in `resampled_means`.

    Returns:
        `[metrics, 2]` float array, lower and upper end.
    """
    means = resampled_means(values, groups, num_samples, seed)
    return np.quantile(means, [0.025, 0.975], axis=0).T


def paired_bootstrap(a, b, groups=None, num_samples=1000, seed=0):
    """Compares two recommenders on the same queries.

    Args:
        a: `[queries]` float array, a metric of the first.
        b: `[queries]` float array, the same metric of the second.
        groups: `[queries]` int array, the user of each query, or None when
            every query stands alone.
        num_samples: int; the smallest possible p is `2 / (num_samples + 1)`.
        seed: int.

    Returns:
        A `Comparison`.

    Raises:
        ValueError: `a` and `b` differ in length.

    Reference:
        Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16
    """
    if len(a) != len(b):
        raise ValueError(
            "`a` and `b` must hold the same queries, because the comparison is "
            f"paired. Received: {len(a)} and {len(b)} queries."
        )
    groups = np.arange(len(a)) if groups is None else groups
    gains = np.subtract(a, b, dtype=float)
    means = resampled_means(gains[:, None], groups, num_samples, seed)[:, 0]
    fewer = min(np.count_nonzero(means <= 0), np.count_nonzero(means >= 0))
    low, high = np.quantile(means, [0.025, 0.975])
    p = min(1.0, 2 * (fewer + 1) / (num_samples + 1))
    return Comparison(float(gains.mean()), (float(low), float(high)), p)
