"""From raw strings and the latest events to recommendations, all in the graph."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.index.candidate_ids import CandidateIds
from tfrec.index.filters import NO_ROW, NO_SCORE
from tfrec.model.history import History, latest_events, take_columns
from tfrec.model.interest_update import update_interest
from tfrec.model.item_text import join_item_texts
from tfrec.model.names import Names
from tfrec.model.own_items import last_occurrences
from tfrec.model.request import history_only, to_batch, wish_for
from tfrec.model.search import Own, Search, inner_products
from tfrec.text.unique import encode_unique


class Asked(NamedTuple):
    """What a request comes to."""

    interest: tf.Tensor  # [batch, dim]
    rows: tf.Tensor  # [batch, width] int32, the catalogue's, -1 for unknown items
    history: History  # its latest events
    columns: tf.Tensor  # [batch, length] int32, where these stand; -1 = padding
    weights: tf.Tensor  # [batch, length], attention


class Inference(tf.Module):
    """A trained model, its catalogue and an index: what a saved model computes.

    Args:
        embedding: `Embedding`.
        index: built index over `embedding.candidates`, rows as in the catalogue.
        max_interest_norm: positive float, bound of an updated interest vector.
    """

    def __init__(self, embedding, index, max_interest_norm):
        super().__init__(name="inference")
        model = embedding.model
        self.embedding, self.model = embedding, model
        self.max_interest_norm = max_interest_norm
        self.catalogue = model.catalogue
        self.max_history_length = model.config.model.max_history_length
        self.item_ids = CandidateIds(self.catalogue.item_ids)
        self.events = Names(model.event_names, default=model.usual_event)
        self.search = Search(embedding, index)
        self.learnt_categories = Names(model.category_names, default=-1)

    # === From a request to tensors ===

    def history(self, query, rows):
        """The latest events of a request: `(History, columns they came from)`.

        `rows` are the catalogue's, `[batch, width]`, of the request's items.
        """
        times = query.history_timestamps
        columns = latest_events(rows, times, self.max_history_length)
        events = self.events(query.history_events)
        values = self.model.standardise(query.history_values)
        history = History(
            take_columns(rows, columns, NO_ROW),
            take_columns(events, columns, 0),
            take_columns(values, columns, 0.0),
            take_columns(times, columns, 0),
        )
        return history, columns

    def encode_texts(self, texts):
        """`[n]` strings -> `[n, text_dim]`; zeros, at no cost, where all are `""`."""
        text_dim = self.model.item_texts.vectors.shape[1]
        nothing = tf.zeros([tf.shape(texts)[0], text_dim])
        if self.model.text_encoder is None:
            return nothing
        has_text = texts != ""

        def encode():
            vectors = encode_unique(self.model.text_encoder, texts)
            return tf.where(has_text[:, None], vectors, 0.0)

        return tf.cond(tf.reduce_any(has_text), encode, lambda: nothing)

    def _batch(self, query):
        return to_batch(query, tf.shape(query.user_text)[0])

    def _interest(self, query):
        rows = self.item_ids.rows_of(query.history_item_ids)
        history, columns = self.history(query, rows)
        both = self.encode_texts(tf.concat([query.user_text, query.query_text], 0))
        profiles, hints = tf.split(both, 2)
        interest, weights = self.embedding.query(
            history, query.now, profiles, hints, query.query_text
        )
        return Asked(interest, rows, history, columns, weights)

    # === What the signatures compute ===

    def embed_query(self, query):
        """`Query` -> `[batch, dim]` interest vectors."""
        return self._interest(self._batch(query)).interest

    def embed_candidate(self, titles, texts, categories):
        """Vectors of items by their texts, known or new: `[n, dim]`."""
        num_items = tf.shape(titles)[0]
        texts, categories = (
            tf.broadcast_to(each, [num_items]) for each in (texts, categories)
        )
        joined = join_item_texts(titles, texts, categories)
        multi_hot = self._category_matrix(categories)
        return self.embedding.new_candidates(
            joined, self.encode_texts(joined), multi_hot
        )

    def recommend(self, query, wish, allow_repeats):
        """The best candidates for live histories.

        Args:
            query: `Query`.
            wish: `Wish`.
            allow_repeats: `[batch or 1]` bool tensor; False excludes the history.

        Returns:
            `(item_ids, scores, probabilities)`, each `[batch, max k]`, padded with
            `""`, `-inf` and 0.
        """
        query = self._batch(query)
        asked = self._interest(query)
        allow_repeats = tf.broadcast_to(allow_repeats, tf.shape(query.user_text))
        seen = tf.where(allow_repeats[:, None], NO_ROW, asked.rows)
        if not self.embedding.has_own:
            return self.recommend_from_interest(asked.interest, wish, seen)
        own = self._own(asked, allow_repeats, wish.min_probability)
        return self.recommend_from_interest(asked.interest, wish, seen, own)

    def _own(self, asked, allow_repeats, min_probability):
        rows = last_occurrences(asked.history.item_rows)
        rows = tf.where(allow_repeats[:, None], rows, NO_ROW)
        scores, probabilities = self._judge(asked, rows)
        is_likely = probabilities >= min_probability[:, None]
        return Own(rows, tf.where(is_likely, scores, NO_SCORE))

    def _judge(self, asked, rows):
        """Scores and probabilities of candidates by their `[batch, n]` rows."""
        candidates = tf.gather(self.embedding.candidates, tf.maximum(rows, 0))
        scores = inner_products(asked.interest, candidates)
        if self.embedding.has_own:
            scores += self.embedding.own_bonus(asked.history, rows)
        return scores, self.embedding.probabilities(asked.interest, candidates, scores)

    def recommend_ids(self, histories, k, exclude):
        """`recommend` for Python lists; see `TwoTower.recommend`."""
        ids, scores, probabilities = self.recommend(
            history_only(histories), wish_for(k, exclude), tf.constant([False])
        )
        text = [[each.decode() for each in row] for row in ids.numpy()]
        return np.array(text, object), scores.numpy(), probabilities.numpy()

    def recommend_from_interest(self, interest, wish, seen=None, own=None):
        """The same from interest vectors.

        Args:
            interest: `[batch, dim]` float tensor.
            wish: `Wish`.
            seen: `[batch, n]` int32 tensor of rows that are not to come, or None.
            own: `Own`, or None: items that are ranked by these scores.

        Returns:
            As `recommend`.
        """
        wish = to_batch(wish, tf.shape(interest)[0])
        excluded = self.item_ids.rows_of(wish.exclude_item_ids)
        if seen is not None:
            excluded = tf.concat([excluded, seen], axis=1)
        rows, scores = self.search(interest, excluded, wish, own)
        is_real = rows > NO_ROW
        candidates = tf.gather(self.embedding.candidates, tf.maximum(rows, 0))
        finite = tf.where(is_real, scores, 0.0)
        probabilities = self.embedding.probabilities(interest, candidates, finite)
        return (
            self.item_ids.ids_of(rows),
            tf.where(is_real, scores, NO_SCORE),
            tf.where(is_real, probabilities, 0.0),
        )

    def score_interest(self, query, candidate_item_ids):
        """P(interest) of named candidates, `[batch, n]`; 0 for unknown ids."""
        query = self._batch(query)
        rows = self.item_ids.rows_of(candidate_item_ids)
        _, probabilities = self._judge(self._interest(query), rows)
        return tf.where(rows > NO_ROW, probabilities, 0.0)

    def update_interest(self, interest, item_ids, reward, learning_rate):
        """Interest vectors after one reaction each; unknown items change nothing."""
        rows = self.item_ids.rows_of(item_ids)
        candidates = tf.gather(self.embedding.candidates, tf.maximum(rows, 0))
        candidates = tf.where(rows[:, None] > NO_ROW, candidates, 0.0)
        rate = tf.broadcast_to(learning_rate, tf.shape(reward))
        return update_interest(
            interest, candidates, reward, rate, self.max_interest_norm
        )

    def explain(self, query, candidate_item_ids):
        """How much each event of the history speaks for each candidate.

        Returns:
            `[batch, n, width]` float tensor in the columns of the request; a row
            sums to 1, or to 0 where nothing speaks for the item.
        """
        query = self._batch(query)
        asked = self._interest(query)
        rows = self.item_ids.rows_of(candidate_item_ids)
        shares = self.embedding.contributions(
            asked.history, query.now, asked.weights, tf.maximum(rows, 0)
        )
        shares = tf.where(rows[..., None] > NO_ROW, shares, 0.0)
        width = tf.shape(query.history_item_ids)[1]
        places = tf.one_hot(
            asked.columns, width
        )  # [batch, length, width], 0 for padding
        return tf.matmul(shares, places)

    def _category_matrix(self, categories):
        """As `tfrec.model.catalogue.category_matrix`, in the graph."""
        size = self.learnt_categories.size
        names = tf.strings.split(categories, "|").to_tensor("")
        columns = self.learnt_categories(names)
        hits = tf.reduce_max(tf.one_hot(columns, size), axis=1)
        return tf.math.divide_no_nan(hits, tf.reduce_sum(hits, 1, keepdims=True))
