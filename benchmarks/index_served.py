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
    hybrid = _untrained(item_ids, vectors.shape[1] - NUM_LAST)
    hybrid.candidates.assign(vectors)
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


def _untrained(item_ids, dim):
    """A `HybridScorer` of towers that know the items and have learnt nothing."""
    events = {"user_id": ["a", "b"], "item_id": item_ids[:2], "timestamp": [0, 1]}
    data = Dataset(
        name="index",
        events=Events(pd.DataFrame(events)),
        items=Items(pd.DataFrame({"item_id": item_ids})),
        users=Users(pd.DataFrame({"user_id": []})),
    )
    towers = TwoTower(embedding_dim=dim, num_heads=1)
    towers.adapt(encode(data, FeedbackRules()), data.items)
    return HybridScorer(towers, [], Weights(of_known_items=np.ones(1, np.float32)))
