"""All figures of one experiment, from the log of what was shown."""

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tfrec.data.impressions import Attribution, with_people
from tfrec.errors import ConfigError, DataError
from tfrec.evaluation.ratios import Ratio, ratio_of_sums
from tfrec.experiments.allocation import (
    MISMATCH_P,
    mismatch_p,
    without_crossovers,
)
from tfrec.experiments.cautions import warnings_of
from tfrec.experiments.coverage import coverage_of
from tfrec.experiments.differences import difference_of
from tfrec.experiments.kinds import CountedKinds
from tfrec.experiments.tallies import Tally, answers_of, tallies_of


def experiment_report(
    attribution: Attribution,
    events: pd.DataFrame,
    experiment: str,
    *,
    control: str | None = None,
    kinds: CountedKinds | None = None,
    shares: Mapping[str, float] | None = None,
    window_s: int = 86_400,
) -> dict[str, Any]:
    """Compares the arms of an experiment.

    Args:
        attribution: of the whole log, so that an event that belongs to a list outside
            the experiment is not counted inside it.
        events: frame of the log, for satisfaction.
        experiment: its name.
        control: the arm that others are compared with; None for `control` if there is
            such an arm, else the first in the order of the alphabet.
        kinds: what counts as click, conversion, value and satisfaction.
        shares: configured share of people by arm; None leaves the check out.
        window_s: seconds in which events belong to an impression.

    Returns:
        Dict that JSON can hold; None where a figure does not exist. `is_trusted` is
        False if the numbers of people do not fit the shares.

    Raises:
        DataError: the log does not have the experiment.
        ConfigError: there is no such control, or shares do not fit the arms.
    """
    kinds, impressions = kinds or CountedKinds(), attribution.impressions
    shown, num_unassigned = _of_experiment(impressions, experiment)
    shown, num_crossovers = without_crossovers(with_people(shown))
    known = impressions.loc[impressions["experiment"] == experiment, "arm"]
    arms = sorted({*known.unique(), *(shares or {})} - {""})
    control = _control(control, arms)
    answers = answers_of(shown, events, kinds, window_s)
    people, tallies = tallies_of(shown, attribution, answers, kinds)
    counts = {arm: int((people["arm"] == arm).sum()) for arm in arms}
    p = None if shares is None else mismatch_p(counts, shares)
    report: dict[str, Any] = {
        "experiment": experiment,
        "control": control,
        "since": int(shown["timestamp"].min()) if len(shown) else None,
        "until": int(shown["timestamp"].max()) if len(shown) else None,
        "window_hours": window_s / 3600,
        "kinds": _kinds(kinds),
        "arms": {arm: _size(shown[shown["arm"] == arm], counts[arm]) for arm in arms},
        "left_out": {
            "people_in_several_arms": num_crossovers,
            "impressions_without_arm": num_unassigned,
        },
        "shares": {"configured": dict(shares) if shares else None, "p": p},
        "is_trusted": p is None or p >= MISMATCH_P,
        "attribution": attribution.counts,
        "metrics": [_metric(each, people, arms, control) for each in tallies],
        "coverage": coverage_of(shown),
    }
    report["warnings"] = warnings_of(report, shown, attribution, events)
    return report


def _of_experiment(impressions, experiment):
    is_inside = impressions["experiment"] == experiment
    if not is_inside.any() or not experiment:
        names = sorted({*impressions["experiment"].unique()} - {""})
        close = difflib.get_close_matches(experiment, names, n=1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        raise DataError(
            f"`experiment` must be one that the log has.{hint} Received: "
            f"{experiment!r}; in the log: {', '.join(names) or 'none'}."
        )
    has_arm = is_inside & (impressions["arm"] != "")
    return impressions[has_arm], int(is_inside.sum() - has_arm.sum())


def _control(control, arms):
    if control is not None and control not in arms:
        raise ConfigError(
            "`control` must be an arm of the experiment, because the others are "
            f"compared with it. Received: {control!r}; arms: {', '.join(arms)}."
        )
    if control is None and not arms:
        raise DataError(
            "An experiment must have arms, because these are what is compared. "
            "Received: impressions without any arm."
        )
    return control or ("control" if "control" in arms else arms[0])


def _kinds(kinds):
    return {
        "clicks": list(kinds.clicks),
        "conversions": list(kinds.conversions),
        "values": list(kinds.values),
        "satisfaction": dict(kinds.satisfaction),
    }


def _size(rows, num_people):
    lists = rows["recommendation_id"].nunique()
    return {"people": num_people, "lists": lists, "impressions": len(rows)}


def _metric(tally: Tally, people, arms, control):
    ratios = {}
    for arm in arms:
        mine = (people["arm"] == arm).to_numpy()
        ratios[arm] = ratio_of_sums(tally.numerators[mine], tally.denominators[mine])
    others = [arm for arm in arms if arm != control]
    return {
        "name": tally.name,
        "arms": {arm: _level(ratios[arm], tally.is_share) for arm in arms},
        "differences": {
            arm: _difference(ratios[arm], ratios[control]) for arm in others
        },
    }


def _level(ratio: Ratio, is_share):
    if np.isnan(ratio.value):
        return {"value": None, "interval": None}
    if np.isnan(ratio.variance):
        return {"value": ratio.value, "interval": None}
    low, high = ratio.interval
    ends = (max(low, 0.0), min(high, 1.0)) if is_share else (low, high)
    return {"value": ratio.value, "interval": list(ends)}


def _difference(arm, control):
    found = difference_of(arm, control)
    return {
        "difference": found.difference,
        "relative": found.relative,
        "interval": found.interval and list(found.interval),
        "p": found.p,
        "always_valid_interval": found.always_valid_interval
        and list(found.always_valid_interval),
        "always_valid_p": found.always_valid_p,
        "verdict": found.verdict,
        "note": found.note,
    }
