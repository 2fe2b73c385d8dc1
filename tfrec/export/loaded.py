"""A saved model, read back: the same answers without the code that trained it."""

import json
import pathlib

import numpy as np
import pandas as pd
import tensorflow as tf

from tfrec.data.packing import pack_histories
from tfrec.errors import ArtefactError
from tfrec.export.ops import load_op_libraries
from tfrec.export.warmup import read_defaults
from tfrec.towers.text_table import profile_texts

DEPTH = 1000  # items that are ranked for an evaluation; the others share the last place


class SavedRecommender:
    """A saved model's signatures as Python calls, and as the evaluation's recommender.

    Args:
        folder: a version folder, or a model's folder: then its newest version.
        users: `Users` whose profiles go with the queries of an evaluation, or None.

    Raises:
        ArtefactError: there is no saved model, or it does not load here.
        MissingPackageError: a library of ops that it needs is not installed.
    """

    def __init__(self, folder, users=None):
        self.folder, self.users = newest_version(folder), users
        load_op_libraries(self.folder)
        try:
            self._loaded = tf.saved_model.load(str(self.folder))
        except (OSError, tf.errors.OpError, ValueError) as error:
            raise ArtefactError(f"{self.folder} does not load: {error}.") from error
        self._defaults = read_defaults(self.folder)
        manifest = self.folder / "assets.extra" / "manifest.json"
        self.manifest = json.loads(manifest.read_text(encoding="utf-8"))
        self.name = f"{self.manifest['name']} (saved model)"

    def call(self, signature, **inputs):
        """Answers one request; inputs with defaults may be left out.

        Returns:
            Dict of output name -> array.
        """
        filled = {**self._defaults[signature], **inputs}
        tensors = {name: tf.constant(value) for name, value in filled.items()}
        outputs = self._loaded.signatures[signature](**tensors)
        return {name: value.numpy() for name, value in outputs.items()}

    def recommend(self, histories, k=10, exclude=(), **inputs):
        """Recommendations for histories of item ids.

        Args:
            histories: list of lists of item ids, oldest first.
            k: int.
            exclude: item ids that nobody is to get.
            **inputs: further inputs of the signature, arrays of full length.

        Returns:
            `(item_ids, scores, probabilities)`, each `[len(histories), k]`.
        """
        batch = len(histories)
        answer = self.call(
            "recommend",
            user_text=[""] * batch,
            history_item_ids=pad_ids(histories),
            exclude_item_ids=pad_ids([list(exclude)] * batch),
            k=np.full(batch, k, np.int32),
            **inputs,
        )
        ids = np.char.decode(answer["item_ids"].astype("S"))
        return ids, answer["scores"], answer["probabilities"]

    def fit(self, train, items):
        """Does nothing: a saved model has been trained."""
        return self

    def score(self, queries):
        """Scores of each query's best items, `DEPTH` new ones at least, else `-inf`.

        Items of the history are among them: it is the judge who leaves them out.
        """
        answer = self.call(
            "recommend",
            **self._inputs(queries),
            allow_repeats=np.ones(len(queries), bool),
            k=_depths(queries),
        )
        return _spread(answer, queries.interactions.item_ids)

    def interests(self, queries):
        """`[num_queries, dim]` float32 interest vectors, as `embed_query` gives."""
        return self.call("embed_query", **self._inputs(queries))["embedding"]

    def score_interests(self, interests, queries):
        """As `score`, for vectors `[num_queries, dim]` in place of the histories."""
        answer = self.call(
            "recommend_from_interest",
            interest=interests,
            now=queries.timestamps,
            k=_depths(queries),
        )
        return _spread(answer, queries.interactions.item_ids)

    def _inputs(self, queries):
        """What `Queries` are to a signature that asks for a user."""
        log = queries.interactions
        packed = pack_histories(queries, self.manifest["max_history_length"])
        is_real = packed["item_rows"] >= 0
        profiles = profile_texts(self.users, log.user_ids)
        return {
            "user_text": profiles[queries.user_rows],
            "history_item_ids": np.where(
                is_real, log.item_ids[packed["item_rows"]], ""
            ),
            "history_events": np.where(
                is_real, log.event_names[packed["event_rows"]], ""
            ),
            "history_values": packed["values"],
            "history_timestamps": packed["timestamps"],
            "now": queries.timestamps,
        }


def load(folder, users=None):
    """The `SavedRecommender` of a folder; arguments as there."""
    return SavedRecommender(folder, users)


def newest_version(folder):
    """The version folder that a path means: itself, or its newest integer child.

    Raises:
        ArtefactError: there is no saved model at or under the path.
    """
    folder = pathlib.Path(folder)
    if (folder / "saved_model.pb").is_file():
        return folder
    versions = [p for p in folder.glob("*/saved_model.pb") if p.parent.name.isdigit()]
    if not versions:
        raise ArtefactError(
            "A model's folder must hold versions such as `1/saved_model.pb`. "
            f"Received: {folder}."
        )
    return max((p.parent for p in versions), key=lambda p: int(p.name))


def pad_ids(rows):
    """`[len(rows), width]` object array of lists of ids, padded with `""`."""
    width = max([1, *map(len, rows)])
    padded = np.full((len(rows), width), "", object)
    for place, ids in enumerate(rows):
        padded[place, : len(ids)] = ids
    return padded


def _depths(queries):
    """`[num_queries]` int32: how many items to ask for, seen ones among them."""
    log = queries.interactions
    longest = int((queries.history_ends - log.offsets[queries.user_rows]).max())
    return np.full(len(queries), min(log.num_items, DEPTH + longest), np.int32)


def _spread(answer, item_ids):
    names = pd.Index([name.encode() for name in item_ids])
    rows = names.get_indexer(answer["item_ids"].ravel())
    rows = rows.reshape(answer["item_ids"].shape)
    scores = np.full((len(rows), len(item_ids)), -np.inf, np.float32)
    queries, places = np.nonzero(rows >= 0)
    scores[queries, rows[queries, places]] = answer["scores"][queries, places]
    return scores
