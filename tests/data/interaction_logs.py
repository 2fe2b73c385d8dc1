"""Small logs of impressions and events, as the gateway writes them."""

import pandas as pd

NOON = 1_795_953_600  # 2026-11-29T12:00:00Z
IMPRESSION = {
    "recommendation_id": "r1",
    "user_id": "u1",
    "item_id": "a",
    "position": 1,
    "score": 1.5,
    "probability": 0.5,
    "propensity": 1.0,
    "timestamp": NOON,
    "source": "history",
    "model": "default",
    "model_version": 1,
    "rules_version": "",
    "experiment": "",
    "arm": "",
}
EVENT = {
    "user_id": "u1",
    "item_id": "a",
    "timestamp": NOON + 60,
    "event": "click",
    "value": float("nan"),
    "sequence": 0,
    "event_id": "",
    "text": "",
    "recommendation_id": "",
    "received": NOON + 61,
}


def impressions_of(*rows):
    """A frame of impressions; each row tells what differs from `IMPRESSION`."""
    return pd.DataFrame([{**IMPRESSION, **row} for row in rows], columns=[*IMPRESSION])


def events_of(*rows):
    """A frame of events; each row tells what differs from `EVENT`."""
    return pd.DataFrame([{**EVENT, **row} for row in rows], columns=[*EVENT])
