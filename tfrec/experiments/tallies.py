"""Sums per person, of which every metric of an experiment is a ratio."""

import dataclasses

import numpy as np
import pandas as pd

from tfrec.data.impressions import Attribution
from tfrec.experiments.kinds import CountedKinds


@dataclasses.dataclass(frozen=True, eq=False)
class Tally:
    """A metric as a ratio of two sums over people.

    Attributes:
        name: what reports call it.
        numerators: `[num_people]` float array.
        denominators: `[num_people]` float array.
        is_share: whether the metric is between 0 and 1.
    """

    name: str
    numerators: np.ndarray
    denominators: np.ndarray
    is_share: bool = False


def tallies_of(
    shown: pd.DataFrame,
    attribution: Attribution,
    answers: pd.DataFrame,
    kinds: CountedKinds,
) -> tuple[pd.DataFrame, list[Tally]]:
    """What each person saw and did.

    Args:
        shown: impressions of the experiment with `person`, `arm` and the index of
            `attribution.impressions`.
        attribution: of the whole log.
        answers: frame of satisfaction events with `person` and `worth`.
        kinds: what counts as what.

    Returns:
        Frame of people (`person`, `arm`), and the `Tally`s in their order.
    """
    people = shown.drop_duplicates("person")[["person", "arm"]].reset_index(drop=True)
    owner = pd.Series(people.index, people["person"])
    rows = shown["person"].map(owner).to_numpy()

    def per_person(values):
        return np.bincount(rows, values, minlength=len(people))

    counts = _counts_of_rows(shown, attribution, kinds)
    clicked = counts["clicks"] > 0
    is_first = ~shown["recommendation_id"].duplicated().to_numpy()
    best = _best_ranks(shown, clicked)  # in the first row of each list
    lists, ones = per_person(is_first), np.ones(len(people))
    tallies = [
        Tally("clicks per impression", per_person(clicked), per_person(None), True),
        Tally("lists with a click", per_person(best > 0), lists, True),
        Tally("reciprocal rank of the click", per_person(best), lists, True),
        Tally("conversions per list", per_person(counts["conversions"]), lists),
    ]
    for kind in kinds.values:
        sums = per_person(counts[f"value of {kind}"])
        tallies.append(Tally(f"value of {kind or 'events'} per person", sums, ones))
    if kinds.satisfaction:
        who = answers["person"].map(owner).to_numpy(int)
        sums = np.bincount(who, answers["worth"], minlength=len(people))
        number = np.bincount(who, minlength=len(people)).astype(float)
        tallies.append(Tally("satisfaction per answer", sums, number))
    return people, tallies


def _counts_of_rows(shown, attribution, kinds):
    """Name -> `[num_rows]` float array of clicks, conversions and values."""
    matches = attribution.matches
    size = len(attribution.impressions)
    rows, events = matches["impression"].to_numpy(), matches["event"]
    values = matches["value"].fillna(0.0).to_numpy()
    places = shown.index.to_numpy()

    def sums(names, weights):
        chosen = events.isin(names).to_numpy()
        return np.bincount(rows[chosen], weights[chosen], minlength=size)[places]

    ones = np.ones(len(matches))
    found = {
        "clicks": sums(kinds.clicks, ones),
        "conversions": sums(kinds.conversions, ones),
    }
    return found | {f"value of {kind}": sums([kind], values) for kind in kinds.values}


def _best_ranks(shown, clicked):
    """`[num_rows]`: 1 / position of each list's topmost click, in its first row."""
    ranks = np.where(clicked, 1 / shown["position"].to_numpy(), 0.0)
    lists, _ = pd.factorize(shown["recommendation_id"])
    best = np.zeros(lists.max(initial=-1) + 1)
    np.maximum.at(best, lists, ranks)
    is_first = ~shown["recommendation_id"].duplicated().to_numpy()
    return np.where(is_first, best[lists], 0.0)


def answers_of(
    shown: pd.DataFrame, events: pd.DataFrame, kinds: CountedKinds, window_s: int
) -> pd.DataFrame:
    """What people said of an experiment, whether or not they named an item.

    An answer belongs to the person of the list that it names, or else to its user, from
    their first impression until the window after their last.

    Args:
        shown: impressions of the experiment with `person`.
        events: of the whole log.
        kinds: `satisfaction` is read.
        window_s: seconds.

    Returns:
        Frame with `person` and `worth`; events without any worth are left out.
    """
    said = events[events["event"].isin([*kinds.satisfaction])]
    lists = shown.drop_duplicates("recommendation_id")
    owners = lists.set_index("recommendation_id")["person"]
    spans = shown.groupby("person")["timestamp"].agg(["min", "max"])
    person = said["recommendation_id"].map(owners).astype(object)
    by_user = ("user " + said["user_id"]).where(said["recommendation_id"] == "")
    person = person.where(person.notna(), by_user.astype(object))
    worth = said["event"].map(kinds.satisfaction).astype(float).fillna(said["value"])
    first, last = person.map(spans["min"]), person.map(spans["max"])
    is_timely = (said["timestamp"] >= first) & (said["timestamp"] <= last + window_s)
    kept = is_timely & worth.notna()
    return pd.DataFrame({"person": person[kept], "worth": worth[kept]})
