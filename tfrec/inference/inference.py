"""From raw strings and the latest events to recommendations, all in the graph."""

import numpy as np
import tensorflow as tf

from tfrec.data.bounds import bounded
from tfrec.data.history import take_columns
from tfrec.graphs import required, shared_graph
from tfrec.inference.live_items import live_items, no_live_items
from tfrec.inference.online_update import update_interest
from tfrec.inference.query_encoder import QueryEncoder, Rows, Wanted
from tfrec.inference.request import (
    history_only,
    nothing_popular,
    options_for,
    readable,
    text_only,
    to_batch,
)
from tfrec.inference.search import Own, Search, inner_products
from tfrec.linear.repeat_consumption import last_occurrences
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.retrieval.filters import NO_ROW, NO_SCORE, Filters


def exact_inference(hybrid, max_interest_norm=1.0):
    """The `Inference` of an `HybridScorer` that is searched exactly.

    Args:
        hybrid: `HybridScorer`.
        max_interest_norm: as `Inference` takes it.
    """
    indexes = build_indexes(hybrid, BruteForceIndex)
    return Inference(hybrid, indexes, max_interest_norm)


def build_indexes(hybrid, make, sample_queries=None):
    """An index of each of an `HybridScorer`'s vectors, as `Inference` takes them.

    Args:
        hybrid: `HybridScorer`.
        make: callable that gives an index that has not been built.
        sample_queries: `[n, dim]` float array of interest vectors, or None.

    Returns:
        `(index, text_index)`; the second is None for a model that reads no texts.
    """
    ids, match = hybrid.model.catalogue.item_ids, hybrid.text_match
    index = make().build(ids, hybrid.candidates, sample_queries=sample_queries)
    return index, match and make().build(ids, match.vectors)


class Inference(tf.Module):
    """A trained model, its catalogue and an index: what a saved model computes.

    Args:
        hybrid: `HybridScorer`.
        indexes: as `build_indexes` gives them, rows as in the catalogue.
        max_interest_norm: positive float, bound of an updated interest vector.
        encoder: `QueryEncoder` of `hybrid` that others have traced, or None for a new
            one.
    """

    def __init__(self, hybrid, indexes, max_interest_norm, encoder=None):
        super().__init__(name="inference")
        self.hybrid, self.model = hybrid, hybrid.model
        self.max_interest_norm = max_interest_norm
        self.catalogue = self.model.catalogue
        self.max_history_length = self.model.max_history_length
        self.encoder = encoder or QueryEncoder(hybrid)
        self.item_ids, self.new_items = self.encoder.item_ids, self.encoder.new_items
        self.search = Search(hybrid, *indexes)
        self._answered = shared_graph(self._answer)

    def _batch(self, query):
        return to_batch(query, tf.shape(query.user_text)[0])

    def embed_query(self, query, fresh=None):
        """`QueryInputs` -> `[batch, dim]` interest vectors."""
        return self.encoder(self._batch(query), fresh).wanted.interest

    def recommend(self, query, options, allow_repeats, fresh=None, popular=None):
        """The best candidates for live histories.

        Args:
            query: `QueryInputs`.
            options: `RequestOptions`.
            allow_repeats: `[batch or 1]` bool tensor; False excludes the history.
            fresh: `NewItemTier` beside the catalogue, or None.
            popular: `PopularItems`, or None. Their scores have the live popularity in
                place of the learnt one; probabilities are as without it, since they
                were calibrated on what was learnt.

        Returns:
            `(item_ids, scores, probabilities)`, each `[batch, max k]`, padded with
            `""`, `-inf` and 0.
        """
        query = self._batch(query)
        options = to_batch(readable(options), tf.shape(query.user_text)[0])
        asked = self.encoder(query, fresh)
        allow_repeats = tf.broadcast_to(allow_repeats, tf.shape(query.user_text))
        seen = tf.where(allow_repeats[:, None], NO_ROW, asked.rows.answer)
        met = tf.concat([options.met_item_ids, asked.met], axis=1)
        options = options._replace(met_item_ids=met)
        live = self._live(popular, options.now, fresh)
        own = self._own(
            asked.wanted,
            live,
            options.min_probability,
            fresh,
            self._met(asked, allow_repeats),
            asked.history,
        )
        excluded = self.encoder.rows_of(options.exclude_item_ids, fresh).answer
        excluded = tf.concat([excluded, seen], axis=1)
        return self._answered(asked.wanted, options, excluded, own, live, fresh)

    def _live(self, popular, now, fresh):
        """`LiveItems` of a request, or None for a model without live counts."""
        if self.hybrid.live is None:
            return None
        return live_items(self.encoder, popular or nothing_popular(), now, fresh)

    def _met(self, asked, allow_repeats):
        """`Rows` of the history's items that may come again; None if none is known."""
        if not self.hybrid.has_repeats:
            return None
        known = last_occurrences(asked.history.item_rows)
        answer = take_columns(asked.rows.answer, asked.columns, NO_ROW)
        may_come = allow_repeats[:, None] & (known > NO_ROW)
        return Rows(known, tf.where(may_come, answer, NO_ROW))

    def _own(self, wanted, live, least, fresh, met=None, history=None):
        """`Own` of the history's and the live items; None where there are neither."""
        if met is None and live is None:
            return None
        bonus = 0.0
        if live is None:
            rows = met
        elif met is None:
            rows, bonus = live
        else:
            is_left = Filters(live.rows.answer).permits(met.answer)
            met = met._replace(answer=tf.where(is_left, met.answer, NO_ROW))
            pairs = zip(met, live.rows, strict=True)
            rows = Rows(*(tf.concat(pair, axis=1) for pair in pairs))
            without = tf.zeros(tf.shape(met.answer))
            bonus = tf.concat([without, live.bonus], axis=1)
        scores, probabilities = self._judge(wanted.interest, rows, fresh, history)
        scores += self.search.likeness(wanted, rows.answer, fresh) + bonus
        is_likely = probabilities >= least[:, None]
        return Own(rows.answer, tf.where(is_likely, scores, NO_SCORE))

    def _judge(self, interest, rows, fresh, history=None):
        """Scores and probabilities of candidates by their `[batch, n]` `Rows`."""
        scores = inner_products(interest, self.hybrid.vectors(rows.answer, fresh))
        if self.hybrid.has_repeats and history is not None:
            scores += self.hybrid.repeat_bonus(history, rows.known)
        return scores, self._probabilities(interest, rows.answer, scores, fresh)

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

    def recommend_from_interest(self, interest, options, fresh=None, popular=None):
        """The same from interest vectors; the items met are those of `options`.

        Args:
            interest: `[batch, dim]` float tensor; see `bounded`.
            options: `RequestOptions`.
            fresh: `NewItemTier` beside the catalogue, or None.
            popular: as of `recommend`.

        Returns:
            As `recommend`.
        """
        num_queries = tf.shape(interest)[0]
        options = to_batch(readable(options), num_queries)
        excluded = self.encoder.rows_of(options.exclude_item_ids, fresh).answer
        interest = bounded(self._as_wide(interest))
        wanted = Wanted(interest, self.hybrid.no_searches(num_queries))
        live = self._live(popular, options.now, fresh)
        own = self._own(wanted, live, options.min_probability, fresh)
        own = self._nothing_own(num_queries) if own is None else own
        return self._answered(wanted, options, excluded, own, live, fresh)

    def similar(self, item_ids, options, fresh=None):
        """The items that are most like others, whoever asks.

        Neither the item itself is among them, nor those whose whole text is the same.

        Args:
            item_ids: `[batch]` string tensor; nothing is like an unknown item.
            options: `RequestOptions`.
            fresh: `NewItemTier` beside the catalogue, or None.

        Returns:
            `(item_ids, scores)`, each `[batch, max k]`, padded with `""` and `-inf`.
        """
        num_items = tf.size(item_ids)
        asked = self.encoder.like(item_ids, fresh)
        options = to_batch(readable(options), num_items)
        excluded = self.encoder.rows_of(options.exclude_item_ids, fresh).answer
        excluded = tf.concat([excluded, asked.same], axis=1)
        own = self._nothing_own(num_items)
        live = None if self.hybrid.live is None else no_live_items(num_items)
        answered = self._answered(asked.wanted, options, excluded, own, live, fresh)
        ids, scores, _ = answered
        is_known = asked.is_known[:, None]
        return tf.where(is_known, ids, ""), tf.where(is_known, scores, NO_SCORE)

    def _nothing_own(self, num_queries):
        """No `Own` items, of the same shape as in `recommend`: one trace."""
        if not self.hybrid.has_repeats and self.hybrid.live is None:
            return None
        return Own(tf.zeros([num_queries, 0], tf.int32), tf.zeros([num_queries, 0]))

    def _as_wide(self, interest):
        """Interest vectors, checked to be of the model's width."""
        dim, width = self.hybrid.dim, tf.shape(interest)[1]
        rule = f"`interest` must be {dim} numbers wide, as `embed_query` gives it."
        interest = required(interest, width == dim, rule, width)
        return tf.ensure_shape(interest, [None, dim])

    def _answer(self, wanted, options, excluded, own, live, fresh):
        """`excluded` rows are not to come, `own` items are ranked by their scores."""
        rows, scores, added = self.search(wanted, excluded, options, own, fresh)
        is_real = rows > NO_ROW
        if live is not None:  # nor were probabilities calibrated on live counts
            added += live.bonus_of(rows)
        judged = tf.where(is_real, scores - added, 0)
        probabilities = self._probabilities(wanted.interest, rows, judged, fresh)
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
        rows = self.encoder.rows_of(candidate_item_ids, fresh)
        asked = self.encoder(query, fresh)
        interest, history = asked.wanted.interest, asked.history
        _, probabilities = self._judge(interest, rows, fresh, history)
        return tf.where(rows.answer > NO_ROW, probabilities, 0.0)

    def score_texts(self, user_texts, titles, texts, categories, features=None):
        """P(interest) of people and items of whom nothing but texts is known.

        Args:
            user_texts: `[batch]` string tensor.
            titles: `[batch]` string tensor.
            texts: `[1 or batch]` string tensor.
            categories: `[1 or batch]` string tensor such as `"drama|war"`.
            features: dict of input name -> `[1 or batch, ...]` tensor of feature
                columns of all sides, or None.

        Returns:
            `[batch]` float tensor.
        """
        query = text_only(user_texts)._replace(features=features or {})
        interest = self.embed_query(query)
        items = self.new_items.embed(titles, texts, categories, features)
        return self.hybrid.probabilities_of_texts(interest, *items)

    def update_interest(self, interest, item_ids, reward, learning_rate, fresh=None):
        """Interest vectors after one reaction each; unknown items change nothing."""
        rows = self.encoder.rows_of(item_ids, fresh).known
        candidates = self.hybrid.vectors(rows, fresh)
        candidates = tf.where(rows[:, None] > NO_ROW, candidates, 0.0)
        rate = tf.broadcast_to(learning_rate, tf.shape(reward))
        return update_interest(
            self._as_wide(interest), candidates, reward, rate, self.max_interest_norm
        )

    def explain(self, query, candidate_item_ids, fresh=None):
        """How much each event of the history speaks for each candidate.

        Returns:
            `[batch, n, width]` float tensor in the columns of the request; a row
            sums to 1, or to 0 where nothing speaks for the item.
        """
        query = self._batch(query)
        asked = self.encoder(query, fresh)
        rows = self.encoder.rows_of(candidate_item_ids, fresh)
        vectors = self.hybrid.vectors(rows.answer, fresh)
        shares = self.hybrid.contributions(
            asked.history,
            query.now,
            asked.weights,
            rows.known,
            vectors,
            asked.written,
            fresh,
        )
        shares = tf.where(rows.answer[..., None] > NO_ROW, shares, 0.0)
        width = tf.shape(query.history_item_ids)[1]
        columns = tf.concat([asked.columns, asked.text_columns], axis=1)
        places = tf.one_hot(columns, width)  # [batch, n, width], 0 for padding
        return tf.matmul(shares, places)
