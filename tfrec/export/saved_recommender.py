"""A saved model as the evaluation sees any recommender."""

import numpy as np
import pandas as pd

from tfrec.data.history_texts import MAX_TEXTS
from tfrec.data.packing import pack_histories
from tfrec.export.loaded import LoadedModel
from tfrec.towers.text_table import profile_texts

DEPTH = 1000  # items that are ranked for an evaluation; the others share the last place


class SavedRecommender:
    """A saved model's answers to the queries of an evaluation.

    Args:
        folder: a version folder, or a model's folder: then its newest version.
        users: `Users` whose profiles go with the queries, or None.

    Raises:
        ArtefactError: there is no saved model, or it does not load here.
    """

    def __init__(self, folder, users=None):
        self._model, self._users = LoadedModel(folder), users
        self.manifest = self._model.manifest
        self.name = f"{self.manifest['name']} (saved model)"

    def fit(self, train, items):
        """Does nothing: a saved model has been trained."""
        return self

    def score(self, queries):
        """Scores of each query's best items, `DEPTH` new ones at least, else `-inf`.

        Items of the history are among them: it is the judge who leaves them out.
        """
        answer = self._model.predict(
            "recommend",
            self._inputs(queries)
            | {"allow_repeats": np.ones(len(queries), bool), "k": _depths(queries)},
        )
        return _spread(answer, queries.interactions.item_ids)

    def probabilities(self, queries):
        """`[num_queries]` P(interest) of each query's one target."""
        asked, ids = [], queries.interactions.item_ids
        for batch in queries.in_batches():
            candidates = {"candidate_item_ids": ids[batch.target_rows][:, None]}
            inputs = self._inputs(batch) | candidates
            answer = self._model.predict("score_interest", inputs)
            asked.append(answer["probabilities"][:, 0])
        return np.concatenate(asked)

    def interests(self, queries):
        """`[num_queries, dim]` float32 interest vectors, as `embed_query` gives."""
        return self._model.predict("embed_query", self._inputs(queries))["embedding"]

    def update_interests(self, interests, item_ids, rewards, learning_rates):
        """Vectors `[n, dim]` after one event each, as `update_interest` gives."""
        inputs = {
            "interest": interests,
            "item_ids": item_ids,
            "reward": rewards,
            "learning_rate": learning_rates,
        }
        return self._model.predict("update_interest", inputs)["interest"]

    def score_interests(self, interests, queries):
        """As `score`, for vectors `[num_queries, dim]` in place of the histories."""
        answer = self._model.predict(
            "recommend_from_interest",
            {"interest": interests, "now": queries.timestamps, "k": _depths(queries)}
            | _met(queries),
        )
        return _spread(answer, queries.interactions.item_ids)

    def _inputs(self, queries):
        """What `Queries` are to a signature that asks for a user."""
        log, length = queries.interactions, self.manifest["max_history_length"]
        if log.prerequisites is not None:  # all that was met counts
            length = len(log)
        packed = pack_histories(queries, length)
        is_real = packed["item_rows"] >= 0
        profiles = profile_texts(self._users, log.user_ids)
        inputs = {
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
        return inputs if log.event_texts is None else _with_texts(inputs, queries)


def _met(queries):
    """What vectors must be given of their histories where items come after others."""
    log = queries.interactions
    if log.prerequisites is None:
        return {}
    packed = pack_histories(queries, len(log))
    is_met = (packed["item_rows"] >= 0) & log.prerequisites.meets[packed["event_rows"]]
    ids = np.where(is_met, log.item_ids[packed["item_rows"]], "")
    return {"met_item_ids": ids.astype(object)}


def _with_texts(inputs, queries):
    """The inputs with the texts of their events, and with events that are texts."""
    log, written = queries.interactions, queries.interactions.event_texts
    texts = np.append(written.texts, "")
    width = inputs["history_item_ids"].shape[1]
    of_events = pack_histories(queries, width, rows=written.of_events(log))
    has_item = inputs["history_item_ids"] != ""
    own = np.where(has_item, texts[of_events["rows"]], "")
    moments = (queries.user_rows, queries.timestamps)
    rows, times = written.alone_before(*moments, MAX_TEXTS)
    added = {
        "history_item_ids": np.full(rows.shape, ""),
        "history_events": np.full(rows.shape, ""),
        "history_values": np.full(rows.shape, np.nan, np.float32),
        "history_timestamps": times,
        "history_texts": texts[rows],
    }
    inputs = inputs | {"history_texts": own}
    joined = {n: np.concatenate([inputs[n], column], 1) for n, column in added.items()}
    return inputs | joined


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
