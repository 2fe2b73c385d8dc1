"""A saved model of a shop whose items, users and requests have feature columns.

Nothing is trained: what comes back is told by the limits of a request, not by taste.
"""

import keras
import numpy as np
import pandas as pd

from tests.model.checkerboard import checkerboard, small_config
from tfrec.config import from_settings
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.export.saved_model import export
from tfrec.training.building import make_hybrid, make_towers
from tfrec.training.log import prepare

NUM_ITEMS = 16
MADE = 1_500_000_001  # UTC seconds, of which 32-bit days know no neighbour
FEATURES = {
    "items": {
        "price": "number",
        "made": "time",
        "brand": "category",
        "tags": "categories",
        "look": "vector",
        "story": "text",
    },
    "users": {"age": "number", "city": "category", "joined": "time"},
    "context": {"device": "category"},
}
IDS = [f"i{row:02d}" for row in range(NUM_ITEMS)]
ITEMS = pd.DataFrame(
    {
        "item_id": IDS,
        "price": [*np.arange(NUM_ITEMS - 1.0), np.nan],
        "made": [MADE + row for row in range(NUM_ITEMS - 1)] + [""],
        "brand": np.resize(["acme", "zeta", ""], NUM_ITEMS),
        "tags": np.resize(["new|red", "red", "", "blue"], NUM_ITEMS),
        "look": [[row, 1.0, 0.5] for row in range(NUM_ITEMS)],
        "story": [f"Story of {row}." for row in range(NUM_ITEMS)],
    }
)


def shop_config():
    """Of a model that is small, with the feature columns."""
    return from_settings({"features": FEATURES}, small_config())


def shop_tables():
    """Frames of events, items and users with raw cells."""
    dataset, _ = checkerboard()
    items = dataset.items.frame[["item_id", "title", "category"]].merge(ITEMS)
    events = dataset.events.frame
    people = events["user_id"].unique()
    users = {
        "user_id": people,
        "text": "",
        "age": np.arange(20, 20 + len(people)),
        "city": np.resize(["Rome", "Oslo"], len(people)),
        "joined": 1_400_000_000,
    }
    devices = np.resize(["phone", "desk"], len(events))
    return events.assign(device=devices), items, pd.DataFrame(users)


def shop_model():
    """`HybridModel`, as if it had been trained."""
    config = shop_config()
    columns = [config.features.columns(side) for side in ("context", "items", "users")]
    kinds = (Events, Items, Users)
    tables = zip(kinds, shop_tables(), columns, strict=True)
    events, items, users = (kind(frame, of) for kind, frame, of in tables)
    dataset = Dataset("shop", events, items, users)
    data = prepare(dataset, config)
    keras.utils.set_random_seed(0)
    log, tables = data.interactions, data.dataset
    towers = make_towers(config).adapt(log, tables.items, tables.users)
    return make_hybrid(config, towers).fit_scorers(log)


def write_shop(folder, flavours=("exact",)):
    """Writes the saved models; flavour -> version folder."""
    paths = export(shop_model(), folder, "shop", indexes=flavours)
    return dict(zip(flavours, paths, strict=True))
