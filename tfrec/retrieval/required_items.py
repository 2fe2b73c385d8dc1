"""Which items are open to a query: it has met what they come after."""

from typing import NamedTuple

import tensorflow as tf

NUM_KEYS = 2**63 - 1  # ids are found by their 63-bit hash


class RequiredItems(NamedTuple):
    """What some items come after; the required ones may be in no catalogue."""

    keys: tf.Tensor  # [num_required] int64 of their ids, ascending
    places: tf.Tensor  # [n, width] int32, where those of an item are; -1 = padding

    @classmethod
    def of(cls, after):
        """Those of `[n]` strings such as `"a|b"`, `""` for none."""
        names = tf.strings.split(after, "|").to_tensor("")
        is_name = names != ""
        keys = tf.sort(tf.unique(keys_of(tf.boolean_mask(names, is_name)))[0])
        places = tf.searchsorted(keys, tf.reshape(keys_of(names), [-1]))
        places = tf.reshape(places, tf.shape(names))
        return cls(keys, tf.where(is_name, places, -1))

    def are_met(self, met_item_ids):
        """Whether queries have met all that each item comes after.

        Args:
            met_item_ids: `[batch, width]` string tensor, `""` is padding.

        Returns:
            `[batch, n]` bool tensor.
        """
        num_queries, num_required = tf.shape(met_item_ids)[0], tf.size(self.keys)
        wanted = keys_of(met_item_ids)
        places = tf.searchsorted(self.keys, tf.reshape(wanted, [-1]))
        places = tf.reshape(places, tf.shape(wanted))
        found = tf.gather(tf.pad(self.keys, [[0, 1]]), places)
        # The last two are no items': padding, which is always met, and what is not.
        places = tf.where(found == wanted, places, num_required + 1)
        queries = tf.broadcast_to(tf.range(num_queries)[:, None], tf.shape(places))
        is_met = tf.tensor_scatter_nd_update(
            tf.fill([num_queries, num_required + 2], False),
            tf.stack([queries, places], axis=-1),
            tf.ones_like(places, tf.bool),
        )
        always = tf.ones([num_queries, 1], tf.bool)
        is_met = tf.concat([is_met[:, :num_required], always], axis=1)
        needed = tf.where(self.places < 0, num_required, self.places)
        return tf.reduce_all(tf.gather(is_met, needed, axis=1), axis=2)


def keys_of(ids):
    """63-bit hashes of a string tensor, int64."""
    return tf.strings.to_hash_bucket_fast(ids, NUM_KEYS)
