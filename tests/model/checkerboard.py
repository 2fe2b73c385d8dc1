"""A log with a known answer: even users like even items, odd users odd ones.

Each user has met all items of the own colour but one, the withheld one; any sane
recommender knows what comes next.
"""

import numpy as np
import pandas as pd

from tfrec.config import load_config
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.linear.item_to_item import ItemToItemSettings
from tfrec.linear.registry import ScorerSettings

NUM_USERS, NUM_ITEMS = 16, 16
START = 1_600_000_000
# Every third item came in the hours before the log.
STARTS = [(START - 3600 * (i + 1)) * (i % 3 == 0) for i in range(NUM_ITEMS)]
CLOSED = ["item_to_item", "bm25", "popularity"]  # scorers that any log can teach
SMALL = (
    "model.text_encoder=none",
    "model.embedding_dim=16",
    "model.num_heads=2",
    "model.num_layers=1",
    "model.max_history_length=10",
    "model.window_length=8",
    "model.item_to_item_dim=8",
    "model.bm25_dim=8",
    "model.dropout=0.0",
    "model.id_dropout=0.0",
    "train.batch_size=8",
)


def small_config(*overrides):
    """A configuration whose model trains in seconds."""
    return load_config(overrides=[*SMALL, *overrides])


def first_settings():
    """What the scorers of `small_config` begin with."""
    how = small_config().model
    return ScorerSettings(ItemToItemSettings(how.item_to_item_dim), how.bm25_dim)


def withheld(user):
    """The item of the user's colour that the user never met."""
    return (user // 2 * 2 + user % 2) % NUM_ITEMS


def checkerboard(seed=0):
    """`(Dataset, Interactions)`."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(NUM_USERS):
        own = [i for i in range(user % 2, NUM_ITEMS, 2) if i != withheld(user)]
        for place, item in enumerate(rng.permutation(own)):
            rows.append((f"u{user:02d}", f"i{item:02d}", START + 3600 * place + user))
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
    ids = [f"i{item:02d}" for item in range(NUM_ITEMS)]
    items = pd.DataFrame(
        {
            "item_id": ids,
            "title": [f"{'even' if i % 2 == 0 else 'odd'} thing" for i in range(16)],
            "category": ["even" if i % 2 == 0 else "odd|strange" for i in range(16)],
            "available_from": STARTS,
            # Item 0 is not on offer any more from a day after the log.
            "available_until": [START + 10 * 86400, *[0] * (NUM_ITEMS - 1)],
        }
    )
    users = Users(pd.DataFrame({"user_id": []}))
    dataset = Dataset("checkerboard", Events(events), Items(items), users)
    return dataset, encode(dataset, FeedbackRules())
