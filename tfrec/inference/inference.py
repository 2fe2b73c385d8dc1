"""From raw strings and the latest events to recommendations, all in the graph."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.data.bounds import bounded
from tfrec.data.history import HistoryBatch, latest_events, take_columns
from tfrec.graphs import shared_graph
from tfrec.inference.lookup import Names
from tfrec.inference.new_items import NewItems
from tfrec.inference.online_update import update_interest
from tfrec.inference.request import history_only, options_for, readable, to_batch
from tfrec.inference.search import Own, Search, inner_products
from tfrec.linear.repeat_consumption import last_occurrences
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.retrieval.candidate_ids import CandidateIds
from tfrec.retrieval.filters import NO_ROW, NO_SCORE


def exact_inference(hybrid, max_interest_norm=1.0):
    """The `Inference` of an `HybridScorer` that is searched exactly.

    Args:
        hybrid: `HybridScorer`.
        max_interest_norm: as `Inference` takes it.
    """
    ids = hybrid.model.catalogue.item_ids
    index = BruteForceIndex().build(ids, hybrid.candidates)
    return Inference(hybrid, index, max_interest_norm)


class Rows(NamedTuple):
    """Items by number: those of the catalogue, after them the fresh ones.

    They differ for what is gone: its events still tell what people like.
    """

    known: tf.Tensor  # int32, as what the model knows them; -1 if it does not
    answer: tf.Tensor  # int32, as what they may be answered; -1 if not at all


class EncodedQuery(NamedTuple):
    """What a request comes to."""

    interest: tf.Tensor  # [batch, dim]
    rows: Rows  # [batch, width], of the request's items
    history: HistoryBatch  # its latest events
    columns: tf.Tensor  # [batch, length] int32, where these stand; -1 = padding
    weights: tf.Tensor  # [batch, length], attention


class Inference(tf.Module):
    """A trained model, its catalogue and an index: what a saved model computes.

    Args:
        hybrid: `HybridScorer`.
        index: built index over `hybrid.candidates`, rows as in the catalogue.
        max_interest_norm: positive float, bound of an updated interest vector.
    """

    def __init__(self, hybrid, index, max_interest_norm):
        super().__init__(name="inference")
        model = hybrid.model
        self.hybrid, self.model = hybrid, model
        self.max_interest_norm = max_interest_norm
        self.catalogue = model.catalogue
        self.max_history_length = model.max_history_length
        self.item_ids = CandidateIds(self.catalogue.item_ids)
        kinds = model.kinds
        self.event_kinds = Names(kinds.names, default=NO_ROW, empty=kinds.usual)
        self.search = Search(hybrid, index)
        self.new_items = NewItems(hybrid, self.item_ids)
        self._encoded = shared_graph(self._encode)
        self._answered = shared_graph(self._answer)

    # === From a request to tensors ===

    def rows_of(self, ids, fresh=None):
        """`Rows` of a string tensor of any shape; unknown ids and `""` are -1."""
        known = self.item_ids.rows_of(ids)
        if fresh is None:
            return Rows(known, known)
        answer = fresh.answer_rows(ids, known, self.catalogue.num_items)
        return Rows(tf.where(known > NO_ROW, known, answer), answer)

    def history(self, query, rows):
        """The latest events of a request: `(HistoryBatch, columns they came from)`.

        `rows`, `[batch, width]`, are those by which the model knows the items.
        """
        times, kinds = query.history_timestamps, self.event_kinds(query.history_events)
        # What an event of an unknown kind means nobody knows: it is no interest.
        rows = tf.where(kinds > NO_ROW, rows, NO_ROW)
        columns = latest_events(rows, times, self.max_history_length)
        values = self.model.standardise(query.history_values)
        history = HistoryBatch(
            take_columns(rows, columns, NO_ROW),
            take_columns(kinds, columns, 0),
            take_columns(values, columns, 0.0),
            take_columns(times, columns, 0),
        )
        return history, columns

    def _batch(self, query):
        return to_batch(query, tf.shape(query.user_text)[0])

    def _encode(self, query, fresh):
        rows = self.rows_of(query.history_item_ids, fresh)
        history, columns = self.history(query, rows.known)
        both = self.new_items.encode_texts(
            tf.concat([query.user_text, query.query_text], 0)
        )
        profiles, hints = tf.split(both, 2)
        interest, weights = self.hybrid.query(
            history, query.now, profiles, hints, query.query_text, fresh
        )
        return EncodedQuery(interest, rows, history, columns, weights)

    # === What the signatures compute ===

    def embed_query(self, query, fresh=None):
        """`Query` -> `[batch, dim]` interest vectors."""
        return self._encoded(self._batch(query), fresh).interest

    def recommend(self, query, options, allow_repeats, fresh=None):
        """The best candidates for live histories.

        Args:
            query: `Query`.
            options: `RequestOptions`.
            allow_repeats: `[batch or 1]` bool tensor; False excludes the history.
            fresh: `Fresh` items beside the catalogue, or None.

        Returns:
            `(item_ids, scores, probabilities)`, each `[batch, max k]`, padded with
            `""`, `-inf` and 0.
        """
        query, options = self._batch(query), readable(options)
        asked = self._encoded(query, fresh)
        allow_repeats = tf.broadcast_to(allow_repeats, tf.shape(query.user_text))
        seen = tf.where(allow_repeats[:, None], NO_ROW, asked.rows.answer)
        own = None
        if self.hybrid.has_repeats:
            own = self._own(asked, allow_repeats, options.min_probability, fresh)
        options = to_batch(options, tf.shape(query.user_text)[0])
        excluded = self.rows_of(options.exclude_item_ids, fresh).answer
        excluded = tf.concat([excluded, seen], axis=1)
        return self._answered(asked.interest, options, excluded, own, fresh)

    def _own(self, asked, allow_repeats, min_probability, fresh):
        known = last_occurrences(asked.history.item_rows)
        answer = take_columns(asked.rows.answer, asked.columns, NO_ROW)
        may_come = allow_repeats[:, None] & (known > NO_ROW)
        rows = Rows(known, tf.where(may_come, answer, NO_ROW))
        scores, probabilities = self._judge(asked, rows, fresh)
        is_likely = probabilities >= min_probability[:, None]
        return Own(rows.answer, tf.where(is_likely, scores, NO_SCORE))

    def _judge(self, asked, rows, fresh):
        """Scores and probabilities of candidates by their `[batch, n]` `Rows`."""
        candidates = self.hybrid.vectors(rows.answer, fresh)
        scores = inner_products(asked.interest, candidates)
        if self.hybrid.has_repeats:
            scores += self.hybrid.repeat_bonus(asked.history, rows.known)
        return scores, self._probabilities(asked.interest, rows.answer, scores, fresh)

    def _probabilities(self, interest, rows, scores, fresh):
        unscaled = self.hybrid.unscaled_vectors(rows, fresh)
        return self.hybrid.probabilities(interest, unscaled, scores)

    def recommend_ids(self, histories, k, exclude):
        """`recommend` for Python lists.

        Args:
            histories: list of lists of item ids, oldest first.
            k: int.
            exclude: item ids that nobody is to get.

        Returns:
            `(item_ids, scores, probabilities)`, arrays `[len(histories), k]`.
        """
        ids, scores, probabilities = self.recommend(
            history_only(histories), options_for(k, exclude), tf.constant([False])
        )
        text = [[each.decode() for each in row] for row in ids.numpy()]
        return np.array(text, object), scores.numpy(), probabilities.numpy()

    def recommend_from_interest(self, interest, options, fresh=None):
        """The same from interest vectors.

        Args:
            interest: `[batch, dim]` float tensor; see `bounded`.
            options: `RequestOptions`.
            fresh: `Fresh` items beside the catalogue, or None.

        Returns:
            As `recommend`.
        """
        options = to_batch(readable(options), tf.shape(interest)[0])
        excluded = self.rows_of(options.exclude_item_ids, fresh).answer
        return self._answered(bounded(interest), options, excluded, None, fresh)

    def _answer(self, interest, options, excluded, own, fresh):
        """`excluded` rows are not to come, `own` items are ranked by their scores."""
        rows, scores = self.search(interest, excluded, options, own, fresh)
        is_real = rows > NO_ROW
        finite = tf.where(is_real, scores, 0.0)
        probabilities = self._probabilities(interest, rows, finite, fresh)
        return (
            self._ids_of(rows, fresh),
            tf.where(is_real, scores, NO_SCORE),
            tf.where(is_real, probabilities, 0.0),
        )

    def _ids_of(self, rows, fresh):
        ids = self.item_ids.ids_of(tf.minimum(rows, self.catalogue.num_items - 1))
        if fresh is None:
            return ids
        places = rows - self.catalogue.num_items
        new = tf.gather(fresh.item_ids, tf.maximum(places, 0))
        return tf.where(places < 0, ids, new)

    def score_interest(self, query, candidate_item_ids, fresh=None):
        """P(interest) of named candidates, `[batch, n]`; 0 for unknown ids."""
        query = self._batch(query)
        rows = self.rows_of(candidate_item_ids, fresh)
        _, probabilities = self._judge(self._encoded(query, fresh), rows, fresh)
        return tf.where(rows.answer > NO_ROW, probabilities, 0.0)

    def update_interest(self, interest, item_ids, reward, learning_rate, fresh=None):
        """Interest vectors after one reaction each; unknown items change nothing."""
        rows = self.rows_of(item_ids, fresh).known
        candidates = self.hybrid.vectors(rows, fresh)
        candidates = tf.where(rows[:, None] > NO_ROW, candidates, 0.0)
        rate = tf.broadcast_to(learning_rate, tf.shape(reward))
        return update_interest(
            interest, candidates, reward, rate, self.max_interest_norm
        )

    def explain(self, query, candidate_item_ids, fresh=None):
        """How much each event of the history speaks for each candidate.

        Returns:
            `[batch, n, width]` float tensor in the columns of the request; a row
            sums to 1, or to 0 where nothing speaks for the item.
        """
        query = self._batch(query)
        asked = self._encoded(query, fresh)
        rows = self.rows_of(candidate_item_ids, fresh)
        vectors = self.hybrid.vectors(rows.answer, fresh)
        shares = self.hybrid.contributions(
            asked.history, query.now, asked.weights, rows.known, vectors, fresh
        )
        shares = tf.where(rows.answer[..., None] > NO_ROW, shares, 0.0)
        width = tf.shape(query.history_item_ids)[1]
        places = tf.one_hot(
            asked.columns, width
        )  # [batch, length, width], 0 for padding
        return tf.matmul(shares, places)
