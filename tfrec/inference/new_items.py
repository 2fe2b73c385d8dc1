"""Items that the model has not learnt, by their texts; and texts as vectors."""

import tensorflow as tf

from tfrec.graphs import graph
from tfrec.inference.item_text import join_item_texts
from tfrec.inference.lookup import Names
from tfrec.inference.text_cache import TextCache
from tfrec.retrieval.new_item_tier import make_fresh


class NewItems(tf.Module):
    """What the model makes of texts: vectors, and with them items new to it.

    Args:
        hybrid: `HybridScorer`.
        item_ids: `CandidateIds` of its catalogue.
    """

    def __init__(self, hybrid, item_ids):
        super().__init__(name="new_items")
        self.hybrid, self.model = hybrid, hybrid.model
        self.item_ids = item_ids
        self.learnt_categories = Names(self.model.category_names, default=-1)
        if self.model.text_encoder is not None:
            self.words = self.model.words(self.model.bm25_dim)
            self._vectors = TextCache(self._encode, self._text_dim)
            # A function of its own: saved once, however many signatures encode texts.
            self._encoded = graph(
                self._cached, input_signature=[tf.TensorSpec([None], tf.string)]
            )

    def encode_texts(self, texts):
        """`[n]` strings -> `[n, text_dim]`; zeros, at no cost, where all are `""`."""
        if self.model.text_encoder is None:
            return self._nothing(texts)
        return self._encoded(texts)

    def embed(self, titles, texts, categories):
        """What a `NewItemTier` holds of items, known or new.

        Args:
            titles: `[n]` string tensor.
            texts: `[1 or n]` string tensor.
            categories: `[1 or n]` string tensor such as `"drama|war"`.

        Returns:
            `(vectors, memories)`, `[n, dim]` and `[n, memory_dim]`.
        """
        num_items = tf.shape(titles)[0]
        texts, categories = (
            tf.broadcast_to(each, [num_items]) for each in (texts, categories)
        )
        joined = join_item_texts(titles, texts, categories)
        multi_hot = self._category_matrix(categories)
        encoded = self.encode_texts(joined)
        return self.hybrid.new_items(joined, encoded, multi_hot)

    def make_fresh(self, items, memories, removed_item_ids):
        """A `NewItemTier` for this catalogue.

        Args:
            items: dict of columns, of `retrieval.new_item_tier.make_fresh`.
            memories: `[n, memory_dim]` float tensor of these.
            removed_item_ids: `[m]` string tensor of others that are not to come.

        Returns:
            `NewItemTier`.
        """
        gone = tf.concat([items["item_ids"], removed_item_ids], axis=0)
        rows = self.item_ids.rows_of(gone)
        return make_fresh(items, memories, rows, self.item_ids.num_candidates)

    def _cached(self, texts):
        return tf.cond(
            tf.reduce_any(texts != ""),
            lambda: self._vectors(texts),
            lambda: self._nothing(texts),
        )

    def _encode(self, texts):
        return tf.concat([self.model.text_encoder(texts), self.words(texts)], axis=1)

    @property
    def _text_dim(self):
        return self.model.item_texts.vectors.shape[1]

    def _nothing(self, texts):
        return tf.zeros([tf.shape(texts)[0], self._text_dim])

    def _category_matrix(self, categories):
        """As `tfrec.towers.catalogue.category_matrix`, in the graph."""
        size = self.learnt_categories.size
        names = tf.strings.split(categories, "|").to_tensor("")
        columns = self.learnt_categories(names)
        hits = tf.reduce_max(tf.one_hot(columns, size), axis=1)
        return tf.math.divide_no_nan(hits, tf.reduce_sum(hits, 1, keepdims=True))
