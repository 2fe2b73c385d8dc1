"""The exact index as it is served: the signature `recommend_from_interest`."""

import tempfile

import numpy as np
import pandas as pd
import tensorflow as tf
from index_vectors import names

from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.export.calls import Call
from tfrec.export.signatures import DEFAULTS, INPUTS, SPECS, Signatures
from tfrec.feature_columns import FeaturesConfig
from tfrec.hybrid.hybrid_scorer import NUM_LAST, HybridScorer
from tfrec.hybrid.weights import Weights
from tfrec.inference.inference import exact_inference
from tfrec.towers.two_tower import TwoTower

NAME = "recommend_from_interest"


def served_exact(vectors, counts):
    """`(queries, k) -> item ids` by a model, saved and loaded.

    Args:
        vectors: `[num_candidates, dim]` float array, in the place of the model's own.
        counts: ints that `k` may be.
    """
    item_ids = np.array(names(vectors), object)
    hybrid = untrained(vectors, {"item_id": item_ids})
    signatures = Signatures(exact_inference(hybrid))
    functions = {NAME: signatures.functions()[NAME]}
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(signatures, folder, functions)
        again = tf.saved_model.load(folder)
    call = Call(again.signatures[NAME], **_defaults())
    asked = {k: tf.constant([k]) for k in counts}

    def run(queries, k):
        return call(interest=queries, k=asked[k])["item_ids"]

    run.module = again  # functions hold their variables weakly
    return run


def _defaults():
    return {
        name: tf.constant(DEFAULTS[name], SPECS[name].dtype)
        for name in INPUTS[NAME]
        if name in DEFAULTS
    }


def untrained(vectors, items, kinds=None):
    """A `HybridScorer` that has learnt nothing, with vectors in the place of its own.

    Args:
        vectors: `[num_candidates, dim]` float array.
        items: columns of the item table, `item_id` among them.
        kinds: feature columns of it, as `features.items` of a configuration; or None.
    """
    features = FeaturesConfig(items=kinds or {})
    item_ids = items["item_id"]
    events = {"user_id": ["a", "b"], "item_id": item_ids[:2], "timestamp": [0, 1]}
    data = Dataset(
        name="index",
        events=Events(pd.DataFrame(events)),
        items=Items(pd.DataFrame(items), features.columns("items")),
        users=Users(pd.DataFrame({"user_id": []})),
    )
    towers = TwoTower(embedding_dim=vectors.shape[1] - NUM_LAST, num_heads=1)
    towers.adapt(encode(data, FeedbackRules(), features=features), data.items)
    weighting = Weights(of_known_items=np.ones(1, np.float32))
    hybrid = HybridScorer(towers, [], weighting)
    hybrid.candidates.assign(vectors)
    return hybrid
