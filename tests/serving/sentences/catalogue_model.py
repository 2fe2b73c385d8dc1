"""One model of all catalogues of the labelled sentences, served for real.

All graphs are those of every saved model. Its scorers have learnt from random events,
and its towers nothing: what may come back does not depend on it.
"""

import contextlib

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from benchmarks.sentence_slots import read_catalogues
from serving.user_states.memory import MemoryStates
from tests.model.checkerboard import CLOSED, START, small_config
from tests.serving.local_server import serving
from tests.serving.online.gateway_process import gateway_thread
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.export.servable import Servable
from tfrec.export.signatures import Signatures
from tfrec.inference.inference import exact_inference
from tfrec.training.building import make_hybrid, make_towers

NUM_USERS, NUM_EVENTS = 24, 10


def items_of(*names):
    """The items of some catalogues; an item's id is its title."""
    catalogues = read_catalogues()
    items = pd.DataFrame([item for name in names for item in catalogues[name]])
    items.insert(0, "item_id", items["title"])
    return items


def _dataset(items):
    rng = np.random.default_rng(24)
    rows = [
        (f"u{user:02d}", item_id, START + 3600 * place + user)
        for user in range(NUM_USERS)
        for place, item_id in enumerate(
            rng.choice(items["item_id"], NUM_EVENTS, replace=False)
        )
    ]
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
    users = Users(pd.DataFrame({"user_id": []}))
    texts = items[["item_id", "title", "category"]].assign(text=items["about"])
    return Dataset("catalogue", Events(events), Items(texts), users)


def write_model(version):
    """Writes a version of a model of all catalogues."""
    dataset = _dataset(items_of(*read_catalogues()))
    log = encode(dataset, FeedbackRules())
    keras.utils.set_random_seed(0)
    config = small_config()
    model = make_hybrid(config, make_towers(config).adapt(log, dataset.items))
    model.fit_scorers(log, names=CLOSED)
    signatures = Signatures(
        exact_inference(model.hybrid_scorer(), max_interest_norm=50.0)
    )
    names = ("recommend", "explain", "score_interest", "event_kinds")
    functions = {name: signatures.functions()[name] for name in names}
    tf.saved_model.save(signatures, str(version), functions)


@contextlib.contextmanager
def asked_gateways(folder):
    """Name of a catalogue -> `Http` of a gateway that knows its items alone.

    The server behind them has the items of all catalogues.
    """
    version = folder / "toy" / "1"
    write_model(version)
    with contextlib.ExitStack() as stack:
        servable = Servable.load(version)
        server = stack.enter_context(serving(version.parent, servable))
        gateways = {}
        for name in read_catalogues():
            table, items = folder / f"{name}.parquet", items_of(name)
            items.assign(num_events=range(len(items))).to_parquet(table)
            gateway = gateway_thread(MemoryStates(), server.address, table)
            gateways[name] = stack.enter_context(gateway)
        yield gateways
