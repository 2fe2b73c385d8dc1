"""What may come back: wishes and limits as filters, own items beside the index."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.index.filters import (
    NO_ROW,
    NO_SCORE,
    Filters,
    available_at,
    best,
    every,
    in_categories,
)
from tfrec.model.catalogue import split_categories
from tfrec.model.names import Names, category_rows

MAX_K = 10_000  # or the size of the catalogue, if that is more


class Own(NamedTuple):
    """Items of the histories that may come again, scored with their own past."""

    rows: tf.Tensor  # [batch, length] int32, each item once, -1 for none
    scores: tf.Tensor  # [batch, length]


class Search(tf.Module):
    """An index behind categories, availability and least probabilities.

    Args:
        embedding: `Embedding`.
        index: built index over `embedding.candidates`.
    """

    def __init__(self, embedding, index):
        super().__init__(name="search")
        self.embedding, self.index = embedding, index
        catalogue = embedding.model.catalogue
        self.num_items = catalogue.num_items
        names = np.unique(
            np.concatenate([[""], *split_categories(catalogue.categories)])
        )[1:]
        self.categories = Names(names, default=len(names))
        self.candidate_categories = category_rows(catalogue.categories, names)
        self.available_from = tf.constant(catalogue.available_from)
        self.available_until = tf.constant(catalogue.available_until)
        limits = catalogue.available_from | catalogue.available_until
        self.has_limits = bool(limits.any())

    def _num_wanted(self, k):
        most = max(MAX_K, self.num_items)
        checks = [
            tf.debugging.assert_positive(
                k, "`k` must be at least 1, because nothing is asked for otherwise."
            ),
            tf.debugging.assert_less_equal(
                k, most, f"`k` must be at most {most}, because answers are that wide."
            ),
        ]
        with tf.control_dependencies(checks):
            return tf.reduce_max(k)

    def __call__(self, interest, excluded, wish, own=None):
        """The best candidates of each query.

        Args:
            interest: `[batch, dim]` float tensor.
            excluded: `[batch, n]` int32 tensor of rows, -1 for none.
            wish: `Wish` of the same batch.
            own: `Own`, or None: items that are ranked by these scores.

        Returns:
            `(rows, scores)`, both `[batch, largest k]`, -1 and `-inf` beyond what a
            query asked for or may have.
        """
        k = self._num_wanted(wish.k)
        rows, scores = self._search(interest, k, excluded, wish, own)
        is_wanted = tf.range(k)[None] < wish.k[:, None]
        return tf.where(is_wanted, rows, NO_ROW), scores

    def _search(self, interest, k, excluded, wish, own):
        free = self._rules(wish, with_wishes=False)
        wished = self._rules(wish, with_wishes=True)
        has_wishes = tf.reduce_any(wish.categories != "")
        has_wishes |= tf.reduce_any(wish.min_probability > 0)

        def search(rules, *index_rules):
            def run():
                if own is None:
                    filters = Filters(excluded, *every(*rules, *index_rules))
                    return self.index.search_rows(interest, k, filters)
                is_permitted = Filters(excluded, *every(*rules)).permits(own.rows)
                own_scores = tf.where(is_permitted, own.scores, NO_SCORE)
                others = tf.concat([excluded, own.rows], axis=1)
                filters = Filters(others, *every(*rules, *index_rules))
                rows, scores = self.index.search_rows(interest, k, filters)
                rows = tf.concat([own.rows, rows], axis=1)
                return best(tf.concat([own_scores, scores], axis=1), rows, k)

            return run

        likely = self._likely(interest, wish.min_probability)
        return tf.cond(has_wishes, search(wished, likely), search(free))

    def _rules(self, wish, with_wishes):
        rules = []
        if self.has_limits:
            clock = tf.cast(tf.timestamp(), tf.int64)
            now = tf.where(wish.now > 0, wish.now, clock)
            rules.append(available_at(self.available_from, self.available_until, now))
        if with_wishes:
            wanted = tf.where(
                wish.categories == "", -1, self.categories(wish.categories)
            )
            num = self.categories.size
            rules.append(in_categories(self.candidate_categories, num, wanted))
        return rules

    def _likely(self, interest, min_probability):
        """Rule: P(interest) is at least `min_probability`, where that is above 0."""

        def allowed(rows, interest, least):
            candidates = tf.gather(self.embedding.candidates, rows)
            scores = inner_products(interest, candidates)
            found = self.embedding.probabilities(interest, candidates, scores)
            return (found >= least[:, None]) | (least[:, None] <= 0)

        return allowed, (interest, min_probability)


def inner_products(interest, candidates):
    """`[batch, dim]`, `[batch or 1, n, dim]` -> `[batch, n]`."""
    return tf.matmul(candidates, interest[..., None])[..., 0]
