"""Items that the model has not learnt, by their texts."""

import tensorflow as tf

from tfrec.inference.item_text import join_item_texts, with_words
from tfrec.inference.lookup import Names
from tfrec.retrieval.new_item_tier import make_fresh


class NewItems(tf.Module):
    """What the model makes of items that are new to it, by their texts.

    Args:
        hybrid: `HybridScorer`.
        item_ids: `CandidateIds` of its catalogue.
        text_vectors: `TextVectors` of items.
        search_vectors: the same of what people write, maybe the same object.
    """

    def __init__(self, hybrid, item_ids, text_vectors, search_vectors):
        super().__init__(name="new_items")
        self.hybrid, self.model = hybrid, hybrid.model
        self.item_ids = item_ids
        self.learnt_categories = Names(self.model.category_names, default=-1)
        self.text_vectors, self.search_vectors = text_vectors, search_vectors

    def embed(self, titles, texts, categories, features=None):
        """What a `NewItemTier` holds of items, known or new.

        Args:
            titles: `[n]` string tensor.
            texts: `[1 or n]` string tensor.
            categories: `[1 or n]` string tensor such as `"drama|war"`.
            features: dict of input name -> `[1 or n, ...]` tensor of feature columns,
                as `SideCoder` takes them, or None.

        Returns:
            `(vectors, memories)`, `[n, dim]` and `[n, memory_dim]`.
        """
        num_items = tf.shape(titles)[0]
        texts, categories = (
            tf.broadcast_to(each, [num_items]) for each in (texts, categories)
        )
        features = {
            name: tf.broadcast_to(each, [num_items, *each.shape[1:]])
            for name, each in (features or {}).items()
        }
        words = self.model.state.features.words
        texts = with_words(texts, words, "items", features)
        joined = join_item_texts(titles, texts, categories)
        multi_hot = self._category_matrix(categories)
        encoded = searched = self.text_vectors(joined)
        if self.search_vectors is not self.text_vectors:
            searched = self.search_vectors(joined)
        said = self.model.columns.of_new_items(features, num_items)
        return self.hybrid.new_items(joined, encoded, multi_hot, searched, said)

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

    def _category_matrix(self, categories):
        """As `tfrec.towers.catalogue.category_matrix`, in the graph."""
        size = self.learnt_categories.size
        names = tf.strings.split(categories, "|").to_tensor("")
        columns = self.learnt_categories(names)
        hits = tf.reduce_max(tf.one_hot(columns, size), axis=1)
        return tf.math.divide_no_nan(hits, tf.reduce_sum(hits, 1, keepdims=True))
