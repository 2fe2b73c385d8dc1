"""Estimates of the mean reward of a policy from the log of another.

All take actions (an item at a position) one row each. A row's reward must depend on
its own item and position alone, not on the rest of its list: the item-position model.

Reference:
    Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay and Wen, Offline Evaluation of
    Ranking Policies with Click Models, KDD 2018,
    https://doi.org/10.1145/3219819.3220028
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tfrec.evaluation.ratios import ratio_of_sums
from tfrec.off_policy.checks import as_columns, importance_weights

SAMPLES_AT_ONCE = 50  # bounds memory: 50 draws x groups


@dataclass(frozen=True)
class Uncertainty:
    """How intervals are made.

    Attributes:
        method: `"normal"` (delta method) or `"bootstrap"` (percentiles), both over
            groups.
        num_samples: of the bootstrap.
        seed: of the bootstrap.
    """

    method: Literal["normal", "bootstrap"] = "normal"
    num_samples: int = 1000
    seed: int = 0


@dataclass(frozen=True)
class PolicyValue:
    """Estimated mean reward per action."""

    value: float
    interval: tuple[float, float]  # 95 %; NaN for fewer than two groups


def inverse_propensity(
    rewards,
    propensities,
    targets,
    *,
    clip: float | None = None,
    groups=None,
    uncertainty: Uncertainty | None = None,
) -> PolicyValue:
    """IPS: the mean of rewards times weights. Without a clip, its mean is the truth.

    Args:
        rewards: `[n]` float array.
        propensities: `[n]` float array in (0, 1], of the log.
        targets: `[n]` float array in [0, 1], of the same actions under the target.
        clip: largest weight, None for no limit.
        groups: `[n]` array of whose rows depend on each other, such as people; None
            where all are independent.
        uncertainty: how the interval is made.

    Raises:
        DataError: as `importance_weights`.

    Reference:
        Horvitz and Thompson, A Generalization of Sampling Without Replacement From a
        Finite Universe, JASA 1952, https://doi.org/10.1080/01621459.1952.10483446
    """
    weights = importance_weights(propensities, targets, clip)
    rewards, weights = as_columns(rewards=rewards, weights=weights)
    ones = np.ones(len(rewards))
    return _estimate(weights * rewards, ones, groups, uncertainty)


def self_normalised(
    rewards,
    propensities,
    targets,
    *,
    clip: float | None = None,
    groups=None,
    uncertainty: Uncertainty | None = None,
) -> PolicyValue:
    """SNIPS: weighted rewards divided by the sum of weights; arguments as for IPS.

    It is between the smallest and the largest reward, and biased by an amount that
    vanishes with the size of the log. NaN where all weights are 0.

    Reference:
        Swaminathan and Joachims, The Self-Normalized Estimator for Counterfactual
        Learning, NeurIPS 2015,
        https://papers.nips.cc/paper/5748-the-self-normalized-estimator-for-counterfactual-learning
    """
    weights = importance_weights(propensities, targets, clip)
    rewards, weights = as_columns(rewards=rewards, weights=weights)
    return _estimate(weights * rewards, weights, groups, uncertainty)


def doubly_robust(
    errors,
    propensities,
    targets,
    direct,
    *,
    clip: float | None = None,
    groups=None,
    uncertainty: Uncertainty | None = None,
) -> PolicyValue:
    """DR: predicted rewards of the target, corrected by what was seen.

    Its mean is the truth if either the propensities or the predictions are right.

    Args:
        errors: `[n]` float array, rewards minus what was predicted for the logged
            actions without looking at these rewards.
        propensities: `[n]` float array in (0, 1].
        targets: `[n]` float array in [0, 1].
        direct: `[n]` float array, predicted reward of what the target would have done
            in the place of each row.
        clip: largest weight, None for no limit.
        groups: as for IPS.
        uncertainty: how the interval is made.

    Raises:
        DataError: as `importance_weights`.

    Reference:
        Dudík, Langford and Li, Doubly Robust Policy Evaluation and Learning, ICML 2011,
        https://arxiv.org/abs/1103.4601
    """
    weights = importance_weights(propensities, targets, clip)
    errors, direct, weights = as_columns(errors=errors, direct=direct, weights=weights)
    ones = np.ones(len(errors))
    return _estimate(direct + weights * errors, ones, groups, uncertainty)


def _estimate(numerators, denominators, groups, uncertainty):
    """A ratio of sums, with its interval over groups."""
    if groups is not None:
        _, rows = np.unique(np.asarray(groups), return_inverse=True)
        numerators = np.bincount(rows, numerators)
        denominators = np.bincount(rows, denominators)
    uncertainty = uncertainty or Uncertainty()
    ratio = ratio_of_sums(numerators, denominators)
    if uncertainty.method == "normal" or len(numerators) < 2 or np.isnan(ratio.value):
        return PolicyValue(ratio.value, ratio.interval)
    values = _resampled(numerators, denominators, uncertainty)
    low, high = np.nanquantile(values, [0.025, 0.975])
    return PolicyValue(ratio.value, (float(low), float(high)))


def _resampled(numerators, denominators, uncertainty):
    rng = np.random.default_rng(uncertainty.seed)
    size, found = len(numerators), []
    for start in range(0, uncertainty.num_samples, SAMPLES_AT_ONCE):
        count = min(SAMPLES_AT_ONCE, uncertainty.num_samples - start)
        draws = rng.integers(0, size, (count, size))
        sums = numerators[draws].sum(axis=1)
        totals = denominators[draws].sum(axis=1)
        known = totals > 0
        found.append(sums[known] / totals[known])
    return np.concatenate(found)
