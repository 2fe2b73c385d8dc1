"""How much an arm differs from the control in one metric."""

import math
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit  # quicker than scipy.stats.t

from tfrec.evaluation.ratios import Ratio
from tfrec.experiments.sequential import (
    ALPHA,
    always_valid_interval,
    always_valid_p,
    mixing_variance,
)

LEAST_PEOPLE = 20  # in each arm; the variance of fewer is too uncertain to look often
ROUNDING = 1e-9  # of a value: a smaller deviation is one of floats


@dataclass(frozen=True)
class ArmDifference:
    """An arm minus the control; None is what cannot be said, and `note` says why."""

    difference: float | None = None
    relative: float | None = None  # of the control's value
    interval: tuple[float, float] | None = None  # 95 %, for one look
    p: float | None = None  # for one look
    always_valid_interval: tuple[float, float] | None = None  # 95 %, for all looks
    always_valid_p: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`higher`, `lower` or `open`, by the interval for all looks."""
        if self.always_valid_p is None or self.always_valid_p >= ALPHA:
            return "open"
        return "higher" if (self.difference or 0.0) > 0 else "lower"


def difference_of(arm: Ratio, control: Ratio) -> ArmDifference:
    """Compares two arms, whose people are different ones.

    Args:
        arm: ratio of sums over the people of one arm.
        control: the same of the control.

    Returns:
        `ArmDifference`. The ordinary interval and p are Welch's.
    """
    if math.isnan(arm.value) or math.isnan(control.value):
        return ArmDifference(note="nothing to divide by in one of the arms")
    difference = arm.value - control.value
    relative = difference / control.value if control.value > 0 else None
    if min(arm.num_groups, control.num_groups) < 2:
        note = "an arm with one person has no interval"
        return ArmDifference(difference, relative, note=note)
    variance = arm.variance + control.variance
    scale = max(abs(arm.value), abs(control.value))
    if math.sqrt(variance) <= ROUNDING * scale:
        note = "no variation: all people of each arm have the same value"
        return ArmDifference(difference, relative, note=note)
    freedom = _freedom(arm, control)
    margin = -float(stdtrit(freedom, ALPHA / 2)) * math.sqrt(variance)
    p = 2 * float(stdtr(freedom, -abs(difference) / math.sqrt(variance)))
    once = (difference - margin, difference + margin)
    if min(arm.num_groups, control.num_groups) < LEAST_PEOPLE:
        note = f"nothing at all times from fewer than {LEAST_PEOPLE} people in an arm"
        return ArmDifference(difference, relative, once, p, note=note)
    person = (arm.variance * arm.num_groups + control.variance * control.num_groups) / 2
    mixing = mixing_variance(person)
    return ArmDifference(
        difference,
        relative,
        once,
        p,
        always_valid_interval(difference, variance, mixing),
        always_valid_p(difference, variance, mixing),
    )


def _freedom(arm, control):
    """Degrees of freedom of the difference by Welch and Satterthwaite."""
    parts = [(each.variance, each.num_groups - 1) for each in (arm, control)]
    total = sum(variance for variance, _ in parts)
    # Divided before squared: the variances of rare events have tiny squares.
    return 1 / sum((variance / total) ** 2 / count for variance, count in parts)
