"""All figures of a target policy, from the log of what was shown."""

from typing import Any

import numpy as np
import pandas as pd

from tfrec.data.impressions import with_people
from tfrec.errors import DataError
from tfrec.off_policy.checks import importance_weights
from tfrec.off_policy.diagnostics import unsupported_share, weight_diagnostics
from tfrec.off_policy.estimators import (
    Uncertainty,
    doubly_robust,
    inverse_propensity,
    self_normalised,
)
from tfrec.off_policy.outcomes import SmoothedMeans
from tfrec.off_policy.policy import ACTION, PLACE

WHOLE = 0.99  # least probability of a place for which a policy is known wholly
MOST_GROUPS = 20_000  # of a bootstrap; above it normal intervals do as well
OFF = 0.1  # by which the mean of weights may differ from 1
FEW_ROWS = 100  # effective rows, below which nothing can be said
MUCH_UNSUPPORTED = 0.05


def off_policy_report(
    impressions: pd.DataFrame,
    policy: pd.DataFrame,
    *,
    clip: float | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Estimates the share of impressions that a policy would have made chosen.

    Args:
        impressions: as `attribute` gives them, with `chosen`.
        policy: as `read_policy` gives it. Places of the log that it lacks are left out;
            an item that it lacks at a place that it has is one that it never shows.
        clip: largest weight, None for no limit.
        seed: of the bootstrap.

    Returns:
        Dict that JSON can hold; None where a figure does not exist.

    Raises:
        DataError: a propensity is not above 0 and at most 1, or the policy has no place
            of the log.
    """
    shown, places = _joined(impressions, policy)
    inside = policy.merge(places, on=PLACE)
    rewards = shown["chosen"].to_numpy(float)
    propensities = shown["propensity"].to_numpy(float)
    targets = shown["target"].to_numpy(float)
    weights = importance_weights(propensities, targets)
    groups = pd.factorize(with_people(shown)["person"])[0]
    is_large = groups.max() >= MOST_GROUPS
    how: dict[str, Any] = {
        "clip": clip,
        "groups": groups,
        "uncertainty": Uncertainty("normal" if is_large else "bootstrap", seed=seed),
    }
    ones = np.ones(len(shown))
    logged = inverse_propensity(rewards, ones, ones, **(how | {"clip": None}))
    estimates = {
        "ips": inverse_propensity(rewards, propensities, targets, **how),
        "snips": self_normalised(rewards, propensities, targets, **how),
    }
    mass = float(inside.groupby(PLACE)["probability"].sum().mean())
    if mass >= WHOLE:
        errors, direct = _direct_part(shown, inside, rewards, targets)
        estimates["dr"] = doubly_robust(errors, propensities, targets, direct, **how)
    report: dict[str, Any] = {
        "impressions": len(shown),
        "people": int(groups.max()) + 1,
        "left_out": len(impressions) - len(shown),
        "clip": clip,
        "num_clipped": 0 if clip is None else int((weights > clip).sum()),
        "interval": how["uncertainty"].method,
        "log": _shown(logged),
        "estimates": {name: _shown(each) for name, each in estimates.items()},
        "weights": weight_diagnostics(weights),
        "policy_mass": mass,
        "unsupported": unsupported_share(shown, inside),
        "fixed_share": float((propensities == 1).mean()),
    }
    report["warnings"] = [*_warnings(report)]
    return report


def _joined(impressions, policy):
    """Impressions at places of the policy, with `target`; and these places."""
    places = policy[PLACE].drop_duplicates()
    shown = impressions.merge(places, on=PLACE)
    if shown.empty:
        raise DataError(
            "A policy must have lists of the log, because it is judged by what people "
            f"did there. Received: {len(places):,} places, none of them in the log."
        )
    targets = policy.rename(columns={"probability": "target"})
    targets = targets[[*ACTION, "target"]]
    shown = shown.merge(targets, on=ACTION, how="left")
    return shown.fillna({"target": 0.0}), shown[PLACE].drop_duplicates()


def _direct_part(shown, policy, rewards, targets):
    """Errors of predicted rewards, and what the policy is predicted to earn, by row."""
    cells = (shown["item_id"], shown["position"])
    means = SmoothedMeans(rewards, *cells)
    alone = means.predict_without(rewards, *cells)
    predicted = means.predict(policy["item_id"], policy["position"])
    sums = policy.assign(part=policy["probability"] * predicted).groupby(PLACE)["part"]
    direct = shown[PLACE].merge(
        sums.sum().reset_index(), on=PLACE, how="left", validate="many_to_one"
    )["part"]
    # The row's own reward is in none of its predictions.
    own = targets * (alone - means.predict(*cells))
    return rewards - alone, direct.to_numpy() + own


def _shown(estimate):
    if np.isnan(estimate.value):
        return {"value": None, "interval": None}
    if np.isnan(estimate.interval).any():
        return {"value": estimate.value, "interval": None}
    return {"value": estimate.value, "interval": list(estimate.interval)}


def _warnings(report):
    weights, clip = report["weights"], report["clip"]
    if report["fixed_share"] == 1:
        yield (
            "All propensities are 1: the log shows fixed lists and says nothing about "
            "other items. Let the gateway explore before estimating."
        )
    if not report["log"]["value"]:
        yield (
            "Nothing that the log shows was chosen. See that `--clicks` names kinds "
            "that the log has."
        )
    if weights["effective_sample_size"] < FEW_ROWS:
        yield (
            f"The log is worth {weights['effective_sample_size']:.1f} impressions for "
            f"this policy, fewer than {FEW_ROWS}: do not decide by these estimates."
        )
    if abs(weights["mean"] - 1) > OFF:
        yield (
            f"The mean of the weights is {weights['mean']:.3f} and should be 1: "
            "propensities are wrong, the policy shows items that the log did not, or a "
            "few large weights decide."
        )
    if report["unsupported"] > MUCH_UNSUPPORTED:
        yield (
            f"{report['unsupported']:.1%} of what the policy would show was never "
            "shown at that position: its rewards are unknown."
        )
    if report["policy_mass"] < WHOLE:
        yield (
            f"The policy's file has {report['policy_mass']:.1%} of its probability per "
            "position. The doubly robust estimate and the share that was never shown "
            "need rows for all items."
        )
    if report["num_clipped"]:
        yield (
            f"{report['num_clipped']:,} weights are clipped at {clip:g}: IPS is too "
            "low by what they lose."
        )
    if report["left_out"]:
        yield (
            f"{report['left_out']:,} impressions are left out, because the policy's "
            "file does not have their places."
        )
