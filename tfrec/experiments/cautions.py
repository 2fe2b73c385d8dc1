"""What people must know before they believe the figures of an experiment."""

from typing import Any

import pandas as pd

from tfrec.data.impressions import Attribution
from tfrec.experiments.allocation import MISMATCH_P

FEW_PEOPLE = 100  # in an arm; below it intervals are rough
MUCH_LOST = 0.05  # share of what is missing that is worth a warning
MANY_CROSSOVERS = 0.01  # of the people


def warnings_of(
    report: dict[str, Any],
    shown: pd.DataFrame,
    attribution: Attribution,
    events: pd.DataFrame,
) -> list[str]:
    """Sentences, the gravest first.

    Args:
        report: as `experiment_report` makes it, without warnings.
        shown: impressions of the experiment that are counted.
        attribution: of the whole log.
        events: of the whole log.
    """
    return [
        *_on_people(report),
        *_on_gaps(shown, attribution.counts),
        *_on_kinds(report["kinds"], events),
    ]


def _on_people(report):
    p, arms = report["shares"]["p"], report["arms"]
    numbers = ", ".join(f"{arm} {size['people']:,}" for arm, size in arms.items())
    if not report["is_trusted"]:
        yield (
            "This experiment cannot be trusted: the numbers of people do not fit the "
            f"configured shares (p {p:.2g}, limit {MISMATCH_P}). People: {numbers}. "
            "Find out why people are missing before reading any figure."
        )
    if p is None:
        yield (
            "The numbers of people were not checked, because no shares were given. "
            f"People: {numbers}."
        )
    for arm, size in arms.items():
        if size["people"] == 0:
            yield f"Nobody was in the arm {arm}: it has no figures."
        elif size["people"] < FEW_PEOPLE:
            yield (
                f"Only {size['people']} people were in the arm {arm}; with fewer than "
                f"{FEW_PEOPLE}, intervals and p are rough."
            )
    if len(arms) == 1:
        yield "The experiment has one arm: there is nothing to compare it with."
    crossed = report["left_out"]["people_in_several_arms"]
    counted = sum(size["people"] for size in arms.values())
    if crossed > MANY_CROSSOVERS * (counted + crossed):
        yield (
            f"{crossed:,} people were in several arms and are left out. That is "
            f"{crossed / (counted + crossed):.1%}: the assignment is not stable."
        )
    unassigned = report["left_out"]["impressions_without_arm"]
    if unassigned:
        yield f"{unassigned:,} impressions have no arm and are left out."


def _on_gaps(shown, counts):
    lost = counts["unknown_list"] / max(counts["with_list"], 1)
    if lost > MUCH_LOST:
        yield (
            f"{lost:.1%} of the events that name a list name one that the log lacks: "
            "impressions are missing."
        )
    lists = shown.groupby("recommendation_id")["position"].agg(["max", "size"])
    gaps = float((lists["max"] > lists["size"]).mean()) if len(lists) else 0.0
    if gaps > MUCH_LOST:
        yield (
            f"{gaps:.1%} of the lists have gaps in their positions: impressions are "
            "missing, and rates per list are of what is left."
        )
    if counts["too_early"]:
        yield (
            f"{counts['too_early']:,} events are earlier than the list that they name "
            "and are not counted: clocks differ."
        )


def _on_kinds(kinds, events):
    known = {*events["event"].unique()}
    names = ", ".join(sorted(name or "usual" for name in known)) or "none"
    for purpose in ("clicks", "conversions", "satisfaction"):
        wanted = [*kinds[purpose]]
        if wanted and not known & {*wanted}:
            shown = ", ".join(name or "usual" for name in wanted)
            yield (
                f"The log has no event of the kinds for {purpose} ({shown}). "
                f"Kinds in the log: {names}."
            )
