"""Comparisons that stay valid however often people look at them.

An ordinary p of 0.05 is exceeded by chance in far more than 5 % of the experiments
that somebody looks at every day and stops at the first good figure. The mixture
sequential probability ratio test averages the likelihood ratio of "no difference" over
normal effects; the chance that it ever exceeds 1 / 0.05 is at most 5 %.

Reference:
    Johari, Koomen, Pekelis and Walsh, Always Valid Inference: Continuous Monitoring of
    A/B Tests, Operations Research 2022, https://doi.org/10.1287/opre.2021.2135, and
    Peeking at A/B Tests, KDD 2017, https://doi.org/10.1145/3097983.3097992
"""

import math

ALPHA = 0.05
EFFECT = 0.1  # size of usual effects, in standard deviations of one person's value


def mixing_variance(person_variance: float) -> float:
    """Variance of the effects over which the test averages.

    Any value is valid; the one that is near the true effect ends the experiment first.

    Args:
        person_variance: variance of the metric of one person.
    """
    return EFFECT**2 * person_variance


def always_valid_p(difference: float, variance: float, mixing: float) -> float:
    """p of "no difference", valid at any time and after any number of looks.

    Args:
        difference: estimate so far.
        variance: of that estimate, above 0.
        mixing: variance of the effects, as `mixing_variance` gives it.

    Returns:
        float in (0, 1].

    Example:
        >>> round(always_valid_p(0.3, 0.01, 0.01), 3)  # ordinary p: 0.003
        0.149
    """
    both = variance + mixing
    log_ratio = 0.5 * math.log(variance / both)
    log_ratio += mixing * difference**2 / (2 * variance * both)
    return min(1.0, math.exp(-log_ratio))


def always_valid_interval(
    difference: float, variance: float, mixing: float
) -> tuple[float, float]:
    """Interval that covers the truth at all times together with 95 % probability.

    It excludes 0 exactly where `always_valid_p` is below 0.05. Arguments as there;
    `mixing` must be above 0.
    """
    both = variance + mixing
    squared = math.log(both / variance) - 2 * math.log(ALPHA)
    margin = math.sqrt(squared * variance * both / mixing)
    return difference - margin, difference + margin
