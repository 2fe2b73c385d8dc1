"""Ratios of two sums over groups, such as clicks per impression over people."""

from dataclasses import dataclass

import numpy as np

Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True)
class Ratio:
    """A ratio of sums, and how uncertain it is."""

    value: float  # NaN where the denominators come to 0
    variance: float  # of the value; NaN for fewer than two groups
    num_groups: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the normal 95 % interval."""
        margin = Z * self.variance**0.5
        return self.value - margin, self.value + margin


def ratio_of_sums(numerators, denominators) -> Ratio:
    """`sum(numerators) / sum(denominators)`, with the variance by the delta method.

    Rows of one person resemble each other, so each group (a person, a list) is one
    observation, however many rows it has.

    Args:
        numerators: `[num_groups]` float array.
        denominators: `[num_groups]` float array.

    Returns:
        `Ratio`.

    Reference:
        Deng, Knoblich and Lu, Applying the Delta Method in Metric Analytics, KDD 2018,
        https://doi.org/10.1145/3219819.3219919
    """
    numerators = np.asarray(numerators, float)
    denominators = np.asarray(denominators, float)
    count, total = len(denominators), denominators.sum()
    if not total:
        return Ratio(np.nan, np.nan, count)
    value = numerators.sum() / total
    if count < 2:
        return Ratio(float(value), np.nan, count)
    errors = numerators - value * denominators
    variance = (errors**2).sum() / (count - 1) * count / total**2
    return Ratio(float(value), float(variance), count)
