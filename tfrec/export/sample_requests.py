"""Real histories, for tuning the index, warming servers up and proving an export."""

import numpy as np
import tensorflow as tf

from tfrec.data.history import history_of
from tfrec.data.log_features import LogFeatures
from tfrec.data.packing import pack_histories
from tfrec.feature_columns import SIDES

INTEREST_NORM = 4.0  # times the longest sample query


def interest_bound(interests):
    """Length that updated interest vectors may reach.

    Args:
        interests: `[n, dim]` float array, of real queries.

    Returns:
        float.
    """
    return INTEREST_NORM * float(np.linalg.norm(interests, axis=1).max())


class Sample:
    """Some queries of the log, as arrays and as requests.

    Args:
        queries: `Queries`.
    """

    def __init__(self, queries):
        self.queries = queries

    def interests(self, hybrid):
        """`[n, dim]` float32 interest vectors of the sample, without profiles."""
        model = hybrid.model
        length = model.max_history_length
        history = history_of(pack_histories(self.queries, length), model.standardise)
        blank = tf.zeros([len(self.queries), model.texts.dim])
        now = tf.constant(self.queries.timestamps)
        return hybrid.query(history, now, blank)[0].numpy()

    def requests(self, inference, batches):
        """Requests for every signature, of some batch sizes.

        Args:
            inference: `Inference`.
            batches: sequence of ints.

        Returns:
            List of `(signature name, {input name: array})`.
        """
        return [
            request for batch in batches for request in self._requests(inference, batch)
        ]

    def _requests(self, inference, batch):
        queries = self.queries.take(np.arange(batch) % len(self.queries))
        catalogue = inference.catalogue
        query = self._query(queries, inference)
        some = np.resize(catalogue.item_ids[:3], (batch, 3)).astype(object)
        interest = inference.hybrid.candidates[:1].numpy().repeat(batch, axis=0)
        item = {
            "title": np.resize(catalogue.titles[:1], batch).astype(object),
            "category": np.resize(catalogue.categories[:1], batch).astype(object),
            **_cells(self._features(inference).items.take(np.zeros(batch, int))),
        }
        popular = {
            "popular_item_ids": some,
            "popular_counts": np.full((batch, 3), 50, np.float32),
        }
        ids = np.resize(catalogue.item_ids[:batch], batch).astype(object)
        category = catalogue.categories[0].split("|")[0]
        for limit in ("", category):  # what is limited runs by itself
            limits = {"categories": np.full((batch, 1), limit, object)}
            how = {
                "k": np.full(batch, 10, np.int32),
                "allow_repeats": [limit != ""] * batch,
            }
            yield "recommend", {**query, **how, **popular, **limits}
            yield "recommend_from_interest", {"interest": interest, **limits}
            yield "similar", {"item_ids": ids, **limits}
        yield "serving_default", {"user_text": query["user_text"]}
        yield "embed_query", query
        yield "embed_candidate", item
        yield "score_interest", {"candidate_item_ids": some, **query}
        yield "score_texts", {"user_text": query["user_text"], **item}
        yield (
            "update_interest",
            {
                "interest": interest,
                "item_ids": some[:, 0],
                "reward": np.ones(batch, np.float32),
            },
        )
        yield "explain", {"candidate_item_ids": some, **query}
        yield "event_kinds", {"user_text": query["user_text"]}

    def _query(self, queries, inference):
        packed = pack_histories(queries, inference.max_history_length)
        is_real = packed["item_rows"] >= 0
        ids = inference.catalogue.item_ids[np.maximum(packed["item_rows"], 0)]
        events = inference.model.kinds.names[packed["event_rows"]]
        return {
            "user_text": np.full(len(queries), "", object),
            "history_item_ids": np.where(is_real, ids, "").astype(object),
            "history_events": np.where(is_real, events, "").astype(object),
            "history_values": np.where(is_real, packed["values"], 0),
            "history_timestamps": np.where(is_real, packed["timestamps"], 0),
            "now": queries.timestamps,
            **self._asked_with(queries, inference),
        }

    def _features(self, inference):
        """The `LogFeatures` that the towers read."""
        features = inference.model.state.features
        return LogFeatures(
            *(getattr(features, side).used_for("towers") for side in SIDES)
        )

    def _asked_with(self, queries, inference):
        """Feature columns of who asks: those of their last events."""
        features, log = self._features(inference), queries.interactions
        if log.features is None:
            return {}
        context = log.features.context.take(queries.history_ends - 1)
        users = features.users.take(queries.user_rows)
        return _cells(users) | _cells(context, queries.timestamps)


def _cells(coded, times=None):
    """Input name -> array, of all columns."""
    names = [column.input_name for column in coded.columns]
    return {name: coded.raw(n, times) for n, name in enumerate(names)}
