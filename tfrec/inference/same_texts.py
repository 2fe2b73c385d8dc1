"""Items whose whole text is the same, in the graph."""

import numpy as np
import tensorflow as tf

from tfrec.data.item_texts import NO_TEXT, text_key
from tfrec.retrieval.filters import NO_ROW
from tfrec.variables import take_rows


class SameTexts(tf.Module):
    """Finds the duplicates of items by their texts.

    Args:
        catalogue: `Catalogue`.
    """

    def __init__(self, catalogue):
        super().__init__(name="same_texts")
        columns = (catalogue.titles, catalogue.abouts, catalogue.texts)
        found = [text_key(*each) for each in zip(*columns, strict=True)]
        keys = np.array(found, np.int64)
        order = np.argsort(keys, kind="stable")
        self._keys = tf.constant(keys)
        self._sorted = tf.constant(keys[order])
        self._rows = tf.constant(order, tf.int32)

    def __call__(self, rows, fresh=None):
        """Rows of all items with the text of one.

        Args:
            rows: `[batch]` int32 tensor; -1 has no text.
            fresh: `NewItemTier`, whose rows follow those of the catalogue, or None.

        Returns:
            `[batch, n]` int32 tensor, -1 is padding; the item is among them if it has
            a text.
        """
        new = None if fresh is None else fresh.text_keys
        keys = tf.where(rows > NO_ROW, take_rows(self._keys, new, rows), NO_TEXT)
        same = self._in_catalogue(keys)
        if fresh is None:
            return same
        return tf.concat([same, self._among(fresh.text_keys, keys)], axis=1)

    def _in_catalogue(self, keys):
        starts, ends = (
            tf.searchsorted(self._sorted, keys, side) for side in ("left", "right")
        )
        counts = tf.where(keys == NO_TEXT, 0, ends - starts)
        width = tf.range(tf.maximum(tf.reduce_max(counts), 0))  # no row has none
        places = tf.minimum(starts[:, None] + width, tf.size(self._rows) - 1)
        is_same = width < counts[:, None]
        return tf.where(is_same, tf.gather(self._rows, places), NO_ROW)

    def _among(self, new_keys, keys):
        is_same = (new_keys == keys[:, None]) & (keys[:, None] != NO_TEXT)
        places = tf.ragged.boolean_mask(
            tf.broadcast_to(tf.range(tf.size(new_keys)), tf.shape(is_same)), is_same
        )
        places = places.to_tensor(NO_ROW)
        return tf.where(places > NO_ROW, self._keys.shape[0] + places, NO_ROW)
