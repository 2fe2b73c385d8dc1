"""What may come back: filters and limits, own items beside the index."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.data.domains import MARK
from tfrec.graphs import required
from tfrec.hybrid.hybrid_scorer import NUM_LAST
from tfrec.inference.attribute_filters import AttributeFilters, item_labels
from tfrec.inference.boosts import Boosts
from tfrec.inference.diversity import POOL, diversify
from tfrec.inference.lookup import Names, category_rows, marked
from tfrec.inference.request import at_the_clock
from tfrec.retrieval.exact import strike
from tfrec.retrieval.filters import (
    NO_ROW,
    NO_SCORE,
    Filters,
    available_at,
    best,
    every,
    if_asked,
    in_categories,
    open_to,
    rare,
)
from tfrec.retrieval.required_items import RequiredItems
from tfrec.towers.catalogue import split_categories

MAX_K = 10_000  # or the size of the catalogue, if that is more
SEARCH_POOL = 1000  # items that are most like a search: those that are ranked


class Own(NamedTuple):
    """Items whose scores are no inner products: of the history, or with live counts."""

    rows: tf.Tensor  # [batch, n] int32, each item once, -1 for none
    scores: tf.Tensor  # [batch, n]


class Search(tf.Module):
    """An index behind limits, labels, attributes, least probabilities and boosts.

    Args:
        hybrid: `HybridScorer`.
        index: built index over `hybrid.candidates`.
        text_index: built index over the vectors of `hybrid.text_match`, or None if
            there is none.
    """

    def __init__(self, hybrid, index, text_index):
        super().__init__(name="search")
        self.hybrid, self.index, self.text_index = hybrid, index, text_index
        catalogue = hybrid.model.catalogue
        self.num_items = catalogue.num_items
        coded = hybrid.model.state.features.items.used_for("filter")
        labels = item_labels(catalogue, coded)
        names = sorted({name for each in split_categories(labels) for name in each})
        self.categories = Names(names, default=len(names))
        self.candidate_categories = category_rows(labels, names)
        self.boosts = Boosts(catalogue, self.categories, self.candidate_categories)
        self.attributes = AttributeFilters(coded, names, self.categories)
        self.available_from = tf.constant(catalogue.available_from)
        self.available_until = tf.constant(catalogue.available_until)
        limits = catalogue.available_from | catalogue.available_until
        self.has_limits = bool(limits.any())
        after = catalogue.after[catalogue.after != ""]
        self.has_after = len(after) > 0
        if self.has_after:
            self.required = RequiredItems.of(tf.constant(after, tf.string))
            # After the last of them: all the items that come after nothing.
            columns = np.full(self.num_items, len(after), np.int32)
            columns[catalogue.after != ""] = np.arange(len(after))
            self.open_columns = tf.constant(columns)

    def _num_wanted(self, k):
        most = max(MAX_K, self.num_items)
        least, largest = tf.reduce_min(k), tf.reduce_max(k)
        rule = "`k` must be at least 1, because nothing is asked for otherwise."
        largest = required(largest, least >= 1, rule, least)
        rule = f"`k` must be at most {most}, because answers are that wide."
        return required(largest, largest <= most, rule, largest)

    def __call__(self, wanted, excluded, options, own=None, fresh=None):
        """The best candidates of each query.

        A free text decides which candidates are looked at: those whose texts are most
        like it. Without one, all are.

        Args:
            wanted: `Wanted`.
            excluded: `[batch, n]` int32 tensor of rows, -1 for none.
            options: `RequestOptions` of the same batch.
            own: `Own`, or None: items that are ranked by these scores.
            fresh: `NewItemTier`, or None; their rows follow those of the catalogue.

        Returns:
            `(rows, scores, added)`, each `[batch, largest k]`: -1 and `-inf` beyond
            what a query asked for or may have. `added` is in the scores and says
            nothing of interest: likeness to a free text, and boosts.
        """
        k = self._num_wanted(options.k)
        options = options._replace(now=at_the_clock(options.now))
        is_diverse = tf.reduce_any(options.diversity > 0)
        depth = tf.where(is_diverse, POOL * k, k)
        rows, scores = self._search(wanted, depth, excluded, options, own, fresh)
        if fresh is not None:
            found = (rows, scores)
            rows, scores = tf.cond(
                tf.size(fresh.keys) > 1,
                lambda: self._merge(found, wanted, excluded, options, own, fresh),
                lambda: found,
            )

        def spread():
            vectors = self.hybrid.vectors(rows, fresh)[..., :-NUM_LAST]
            return diversify(rows, scores, vectors, options.k, options.diversity, k)

        rows, scores = tf.cond(is_diverse, spread, lambda: (rows, scores))
        is_wanted = tf.range(k)[None] < options.k[:, None]
        added = self.likeness(wanted, rows, fresh)
        added += self.boosts.of(options, rows, fresh)
        return tf.where(is_wanted, rows, NO_ROW), scores, added

    def likeness(self, wanted, rows, fresh=None):
        """What free texts add to scores, `[batch, n]`; at no cost where there is none.

        Args:
            wanted: `Wanted`.
            rows: `[batch or 1, n]` int32 tensor of candidates.
            fresh: as for a call.
        """
        shape = tf.stack([tf.shape(wanted.interest)[0], tf.shape(rows)[1]])
        nothing = tf.zeros(shape)
        if self.text_index is None:
            return nothing
        return tf.cond(
            tf.reduce_any(wanted.search != 0),
            lambda: self.hybrid.text_matches(wanted.search, rows, fresh),
            lambda: nothing,
        )

    def _search(self, wanted, k, excluded, options, own, fresh):
        """The catalogue's best `k`."""

        def search(rules, *index_rules, may_raise=False):
            def run():
                bonus = self.boosts.bonus(options) if may_raise else None
                if own is None:
                    filters = Filters(excluded, *every(*rules, *index_rules))
                    return self._best(wanted, k, filters, bonus)
                is_own = own.rows < self.num_items
                rows = tf.where(is_own, own.rows, NO_ROW)
                is_permitted = Filters(excluded, *every(*rules)).permits(rows)
                own_scores = tf.where(is_permitted, own.scores, NO_SCORE)
                if bonus is not None:
                    own_scores = bonus.raised(own_scores, tf.maximum(rows, 0))
                others = tf.concat([excluded, rows], axis=1)
                filters = Filters(others, *every(*rules, *index_rules))
                found, scores = self._best(wanted, k, filters, bonus)
                found = tf.concat([rows, found], axis=1)
                return best(tf.concat([own_scores, scores], axis=1), found, k)

            return run

        limits = self._limits(options)
        rules = limits + self._requested(options, fresh)
        likely = self._likely(wanted.interest, options.min_probability)
        has_rules = tf.reduce_any(options.categories != "")
        has_rules |= tf.reduce_any(options.domain != "")
        has_rules |= tf.reduce_any(options.min_probability > 0)
        has_rules |= self.attributes.are_asked(options.filters)
        has_rules |= self.boosts.are_asked(options)
        if fresh is not None:
            has_rules |= fresh.has_gone
        ruled = search(rules, likely, may_raise=True)
        return tf.cond(has_rules, rare(ruled), search(limits))

    def _best(self, wanted, k, filters, bonus):
        """The best of an index: for a free text, of those that are most like it."""

        def by_interest():
            return self.index.search_rows(wanted.interest, k, filters, bonus)

        if self.text_index is None:
            return by_interest()
        is_search = tf.reduce_any(wanted.search != 0, axis=1, keepdims=True)

        def by_search():
            pool = tf.maximum(k, tf.minimum(SEARCH_POOL, self.num_items))
            asked = wanted.search[:, : self.hybrid.text_match.dim]
            rows, _ = self.text_index.search_rows(asked, pool, filters)
            scores = inner_products(wanted.interest, self.hybrid.vectors(rows))
            scores += self.likeness(wanted, rows)
            if bonus is not None:
                scores = bonus.raised(scores, tf.maximum(rows, 0))
            found = best(tf.where(rows > NO_ROW, scores, NO_SCORE), rows, k)
            pairs = zip(found, others, strict=True)
            return tuple(tf.where(is_search, *pair) for pair in pairs)

        def nothing():
            shape = [tf.shape(is_search)[0], k]
            return tf.fill(shape, NO_ROW), tf.fill(shape, NO_SCORE)

        # The index is searched in one place: a graph grows with each of them.
        others = tf.cond(tf.reduce_all(is_search), nothing, by_interest)
        return tf.cond(tf.reduce_any(is_search), by_search, lambda: others)

    def _limits(self, options):
        limits, from_until = [], (self.available_from, self.available_until)
        if self.has_limits:
            limits.append(available_at(*from_until, options.now))
        if self.has_after:
            is_open = self.required.are_met(options.met_item_ids)
            is_open = tf.pad(is_open, [[0, 0], [0, 1]], constant_values=True)
            limits.append(open_to(self.open_columns, is_open))
        return limits

    def _requested(self, options, fresh):
        rules = self.attributes.rules(options.filters)
        for names in (options.categories, marked(options.domain, MARK)):
            wanted = tf.where(names == "", -1, self.categories(names))
            num = self.categories.size
            rule = in_categories(self.candidate_categories, num, wanted)
            rules.append(if_asked(rule, tf.reduce_any(names != "", axis=1)))
        if fresh is not None:
            rules.append((fresh.is_here, ()))
        return rules

    def _likely(self, interest, min_probability):
        """Rule: P(interest) is at least `min_probability`, where that is above 0."""

        def allowed(rows, interest, least):
            def judged():
                scores = inner_products(interest, self.hybrid.vectors(rows))
                unscaled = self.hybrid.unscaled_vectors(rows)
                return self._is_likely(interest, unscaled, scores, least)

            everything = tf.ones([1, 1], tf.bool)
            return tf.cond(tf.reduce_any(least > 0), judged, lambda: everything)

        return allowed, (interest, min_probability)

    def _is_likely(self, interest, unscaled, scores, least):
        found = self.hybrid.probabilities(interest, unscaled, scores)
        return (found >= least[:, None]) | (least[:, None] <= 0)

    def _merge(self, found, wanted, excluded, options, own, fresh):
        """What the index found and the fresh items, as one ranking as deep."""
        rows, scores = found
        k = tf.shape(rows)[1]
        new = tf.matmul(wanted.interest, fresh.vectors, transpose_b=True)  # [batch, n]
        every_row = self.num_items + tf.range(tf.size(fresh.keys))

        def likely():
            unscaled = self.hybrid.unscaled_vectors(every_row[None], fresh)
            least = options.min_probability
            return self._is_likely(wanted.interest, unscaled, new, least)

        has_least = tf.reduce_any(options.min_probability > 0)
        is_likely = tf.cond(has_least, likely, lambda: tf.ones_like(new, tf.bool))
        new += self.likeness(wanted, every_row[None], fresh)
        new = tf.where(is_likely, new, NO_SCORE)
        if own is not None:
            new = self._put(new, own)
        are_asked = self.boosts.are_asked(options)
        new += tf.cond(
            are_asked,
            lambda: self.boosts.of_new(options, fresh),
            lambda: tf.zeros_like(new),
        )
        new = tf.where(self._permits(fresh, options), new, NO_SCORE)
        new = strike(new, excluded - self.num_items)
        new_rows, new = best(new, every_row, k)
        rows = tf.concat([rows, new_rows], axis=1)
        return best(tf.concat([scores, new], axis=1), rows, k)

    def _permits(self, fresh, options):
        wanted = (options.categories, marked(options.domain, MARK))
        is_permitted = fresh.permits(options.now, wanted, options.met_item_ids)
        rules = self.attributes.rules_of_new(options.filters, fresh)
        allowed, per_query = every(*rules)
        numbers = tf.range(tf.size(fresh.keys))[None]
        return is_permitted & allowed(numbers, *per_query) if rules else is_permitted

    def _put(self, scores, own):
        """Fresh items' scores with those of the own ones in their places."""
        last = tf.shape(scores)[1] - 1  # no item's
        is_fresh = own.rows >= self.num_items
        columns = tf.where(is_fresh, own.rows - self.num_items, last)
        queries = tf.broadcast_to(
            tf.range(tf.shape(columns)[0])[:, None], tf.shape(columns)
        )
        places = tf.stack([queries, columns], axis=-1)
        return tf.tensor_scatter_nd_update(scores, places, own.scores)


def inner_products(interest, candidates):
    """`[batch, dim]`, `[batch or 1, n, dim]` -> `[batch, n]`."""
    return tf.matmul(candidates, interest[..., None])[..., 0]
