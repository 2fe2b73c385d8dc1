"""The log of a simulated A/B test, whose true rates are known.

    python -m examples.ab_log runs/ab-log
    python -m training.experiment runs/ab-log --experiment button --shares a=0.5,b=0.5
    python -m training.off_policy runs/ab-log --policy runs/ab-log/policy.parquet

People see one to three lists of four items; each place has ten items of its own, and
one of them is drawn at random. In arm b they click 1.2 times as often as in arm a.
Three of ten clicks become purchases of 10; some people say whether they are content.
The policy beside the log shows the better items of each place more often.
"""

import datetime
import pathlib
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from tfrec.program import run_program

START = 1_795_953_600  # 2026-11-29T12:00:00Z
SIZE, PER_PLACE = 4, 10  # places of a list, items of a place
QUALITY = np.linspace(0.5, 1.5, PER_PLACE)  # factors of the click rate
RATES = {"a": 0.1, "b": 0.12}
PURCHASES, ANSWERS, CONTENT = 0.3, 0.1, 0.7


def ab_log(
    folder: Annotated[pathlib.Path, typer.Argument(help="Folder for the log.")],
    num_people: Annotated[int, typer.Option(help="People in both arms.")] = 4000,
    seed: Annotated[int, typer.Option(help="Of all draws.")] = 1,
):
    """Writes impressions, events and policy.parquet."""
    impressions, events = simulated_log(seed, num_people=num_people)
    write_log(folder, impressions, events)
    better_policy(impressions).to_parquet(folder / "policy.parquet", index=False)
    print(
        f"{len(impressions):,} impressions and {len(events):,} events are in {folder}. "
        f"The policy would be chosen in {better_rate(impressions):.5f} of them."
    )


def simulated_log(seed=0, rates=None, num_people=400):
    """Impressions and events, as `read_interaction_log` gives them.

    Args:
        seed: int.
        rates: dict of arm -> chance of a click on a middling item; None for `RATES`.
        num_people: int; each is in one of the arms with equal chance.
    """
    rng = np.random.default_rng(seed)
    rates = rates or RATES
    arms = rng.choice([*rates], num_people)
    people = np.repeat(np.arange(num_people), rng.integers(1, 4, num_people))
    lists = np.repeat(np.arange(len(people)), SIZE)
    places = np.arange(len(lists)) % SIZE
    drawn = rng.integers(0, PER_PLACE, len(lists))
    shown = pd.DataFrame(
        {
            "recommendation_id": [f"r{each}" for each in lists],
            "user_id": [f"u{each}" for each in people[lists]],
            "item_id": [f"i{each}" for each in drawn * SIZE + places],
            "position": places + 1,
            "score": 0.0,
            "probability": np.nan,
            "propensity": 1 / PER_PLACE,
            "timestamp": START + lists * 10,
            "source": "history",
            "model": "default",
            "model_version": 1,
            "rules_version": "",
            "experiment": "button",
            "arm": arms[people[lists]],
        }
    )
    chances = shown["arm"].map(rates).to_numpy() * QUALITY[drawn]
    return shown, _events(rng, shown, chances)


def _events(rng, shown, chances):
    clicks = _after(shown[rng.random(len(shown)) < chances], 5, "click", np.nan)
    bought = clicks[rng.random(len(clicks)) < PURCHASES]
    bought = bought.assign(event="purchase", value=10.0, sequence=1)
    people = shown.drop_duplicates("user_id")
    said = _after(people[rng.random(len(people)) < ANSWERS], 60, "thumbs_up", np.nan)
    is_bad = rng.random(len(said)) >= CONTENT
    said = said.assign(event=np.where(is_bad, "thumbs_down", "thumbs_up"))
    events = pd.concat([clicks, bought, said])
    return events.sort_values("timestamp", kind="stable", ignore_index=True)


def _after(shown, delay_s, event, value):
    names = ["user_id", "item_id", "timestamp", "recommendation_id"]
    events = shown[names].assign(event=event, value=value, sequence=0)
    times = events["timestamp"] + delay_s
    return events.assign(event_id="", text="", timestamp=times, received=times)


def better_policy(impressions):
    """A policy that shows each item in proportion to the square of its quality.

    Args:
        impressions: as `simulated_log` gives them.
    """
    places = impressions[["recommendation_id", "position"]]
    rows = places.loc[places.index.repeat(PER_PLACE)].reset_index(drop=True)
    number = np.arange(len(rows)) % PER_PLACE
    items = [f"i{each}" for each in number * SIZE + rows["position"] - 1]
    return rows.assign(item_id=items, probability=_better()[number])


def better_rate(impressions, rates=None):
    """The true share of impressions that are clicked under `better_policy`."""
    rate = impressions["arm"].map(rates or RATES).mean()
    return float(rate * (_better() @ QUALITY))


def _better():
    return QUALITY**2 / (QUALITY**2).sum()


def write_log(folder, impressions, events):
    """Writes both frames into the hours in which their rows were received."""
    (folder / "events").mkdir(parents=True, exist_ok=True)
    _write(folder / "impressions", impressions, impressions["timestamp"])
    _write(folder / "events", events, events["received"])
    return folder


def _write(folder, frame, received):
    for hour, rows in frame.groupby(received // 3600 * 3600):
        start = datetime.datetime.fromtimestamp(hour, datetime.UTC)
        path = folder / f"{start:%Y-%m-%dT%H}"
        path.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(path / f"part-{len([*path.iterdir()])}.parquet", index=False)


if __name__ == "__main__":
    run_program(ab_log)
