"""Logs of an experiment whose true rates are known."""

import numpy as np
import pandas as pd

from tests.data.interaction_logs import NOON, events_of, impressions_of

SIZE, NUM_ITEMS = 4, 50  # items in a list and in the catalogue


def simulated_log(seed=0, rates=None, num_people=400, purchases=0.3):
    """Impressions and events of people who each see one to three lists.

    Args:
        seed: int.
        rates: dict of arm -> chance of a click on an item; people are divided evenly.
        num_people: int.
        purchases: chance that a click becomes a purchase, whose value is 10.
    """
    rng = np.random.default_rng(seed)
    rates = rates or {"a": 0.1, "b": 0.1}
    arms = rng.choice([*rates], num_people)
    people = np.repeat(np.arange(num_people), rng.integers(1, 4, num_people))
    lists = np.repeat(np.arange(len(people)), SIZE)
    count = len(lists)
    items = rng.integers(0, NUM_ITEMS, len(people))[lists] + np.arange(count) % SIZE
    shown = impressions_of({}).loc[np.zeros(count, int)].reset_index(drop=True)
    names = pd.Series(lists).astype(str)
    shown = shown.assign(
        recommendation_id="r" + names,
        user_id=[f"u{person}" for person in people[lists]],
        item_id=[f"i{item % NUM_ITEMS}" for item in items],
        position=np.arange(count) % SIZE + 1,
        timestamp=NOON + lists * 10,
        experiment="test",
        arm=arms[people[lists]],
    )
    clicked = rng.random(len(shown)) < shown["arm"].map(rates)
    clicks = _after(shown[clicked], 5, "click", np.nan)
    bought = clicks[rng.random(len(clicks)) < purchases]
    bought = bought.assign(event="purchase", value=10.0, sequence=1)
    return shown, pd.concat([clicks, bought], ignore_index=True)


def _after(shown, delay_s, event, value):
    happened = events_of({}).loc[np.zeros(len(shown), int)].reset_index(drop=True)
    names = ["recommendation_id", "user_id", "item_id"]
    happened[names] = shown[names].to_numpy()
    times = shown["timestamp"].to_numpy() + delay_s
    return happened.assign(timestamp=times, received=times, event=event, value=value)
