"""Logs of a policy that chose at random, whose rewards are known."""

import numpy as np
import pandas as pd

from tests.data.interaction_logs import NOON, events_of, impressions_of

ITEMS = np.array(["a", "b", "c", "d", "e"])
LOGGED = np.array([0.4, 0.3, 0.15, 0.1, 0.05])  # probabilities at both positions
TARGET = np.array([0.1, 0.1, 0.2, 0.3, 0.3])
CLICKS = np.array([[0.05, 0.1, 0.2, 0.3, 0.4], [0.02, 0.05, 0.1, 0.2, 0.2]])
TRUTH = float((CLICKS @ TARGET).mean())  # (0.255 + 0.149) / 2 = 0.202


def draw(rng, count):
    """Frame of `count` actions at positions 1 and 2 in turn."""
    rows = rng.choice(len(ITEMS), count, p=LOGGED)
    places = np.arange(count) % 2
    return pd.DataFrame(
        {
            "item_id": ITEMS[rows],
            "position": places + 1,
            "reward": (rng.random(count) < CLICKS[places, rows]).astype(float),
            "propensity": LOGGED[rows],
            "target": TARGET[rows],
        }
    )


def impressions_and_events(rng, num_lists):
    """The same as the log of a gateway. Items of a list are drawn independently."""
    log = draw(rng, 2 * num_lists)
    lists = np.arange(len(log)) // 2
    shown = impressions_of({}).loc[np.zeros(len(log), int)].reset_index(drop=True)
    shown = shown.assign(
        recommendation_id=pd.Series(lists).astype(str).radd("r"),
        user_id=[f"u{number // 2}" for number in lists],
        item_id=log["item_id"],
        position=log["position"],
        propensity=log["propensity"],
        timestamp=NOON + lists,
    )
    # The same item twice in a list is one impression: leave such lists out.
    is_twice = shown.duplicated(["recommendation_id", "item_id"], keep=False)
    clicked = shown[(log["reward"] > 0) & ~is_twice]
    events = events_of({}).loc[np.zeros(len(clicked), int)].reset_index(drop=True)
    names = ["recommendation_id", "user_id", "item_id"]
    events[names] = clicked[names].to_numpy()
    times = clicked["timestamp"].to_numpy() + 9
    events = events.assign(timestamp=times, received=times)
    return shown[~is_twice].reset_index(drop=True), events


def target_policy(shown, probabilities=TARGET):
    """The target policy at the places of a log, with a row for each item."""
    places = shown[["recommendation_id", "position"]].drop_duplicates()
    items = pd.DataFrame({"item_id": ITEMS, "probability": probabilities})
    return places.merge(items, how="cross")
