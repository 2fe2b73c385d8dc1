"""New items: those that came after the index was built, and what they replace.

It is an argument of the graph, never its state: whoever serves keeps the tensors of
one `NewItemTier` together and hands them to each request, so that a request sees it as
it was before a change or after it, and nothing between.
"""

import functools
from typing import NamedTuple

import tensorflow as tf

from tfrec.data.item_texts import NO_TEXT
from tfrec.retrieval.filters import NO_CANDIDATE, NO_ROW, available_at, every

NUM_KEYS = 2**63 - 1  # ids are found by their 63-bit hash, then compared


class NewItemTier(NamedTuple):
    """Some items, scored one by one; their rows follow those of the catalogue.

    The last one is no item: it is where padding points, and is never answered.
    """

    item_ids: tf.Tensor  # [n] string, by rising key
    keys: tf.Tensor  # [n] int64
    vectors: tf.Tensor  # [n, dim] float32
    memories: tf.Tensor  # [n, memory_dim] float32, as `HybridScorer.new_items`
    text_keys: tf.Tensor  # [n] int64, the same for equal texts; -1 for none
    category_names: tf.Tensor  # [num_categories] string
    categories: tf.Tensor  # [n, width] int32 numbers of category_names, -1 = padding
    available_from: tf.Tensor  # [n] int64 UTC seconds, 0 = always
    available_until: tf.Tensor  # [n] int64 UTC seconds, 0 = for ever
    is_gone: tf.Tensor  # [num_items] bool, replaced or removed; [1] if none is

    @property
    def is_empty(self):
        """Scalar bool: no item, and none of the catalogue gone."""
        return (tf.size(self.keys) == 1) & ~self.has_gone

    @property
    def has_gone(self):
        """Scalar bool: whether items of the catalogue are gone."""
        return (tf.size(self.is_gone) > 1) | self.is_gone[0]

    def is_here(self, rows):
        """Which int32 rows (any shape) of the catalogue are not gone."""
        last = tf.size(self.is_gone) - 1
        return ~tf.gather(self.is_gone, tf.clip_by_value(rows, 0, last))

    def answer_rows(self, ids, rows, num_items):
        """Which row answers for each id.

        Args:
            ids: string tensor of any shape.
            rows: int32 tensor of that shape, their rows in the catalogue.
            num_items: int, size of the catalogue.

        Returns:
            int32 tensor of that shape: from `num_items` on for fresh items, `NO_ROW`
            for those that are gone.
        """

        def look():
            places = tf.searchsorted(self.keys, tf.reshape(_keys(ids), [-1]))
            places = tf.reshape(places, tf.shape(ids))
            is_fresh = (tf.gather(self.item_ids, places) == ids) & (ids != NO_CANDIDATE)
            kept = tf.where(self.is_here(rows), rows, NO_ROW)
            return tf.where(is_fresh, num_items + places, kept)

        return tf.cond(self.is_empty, lambda: rows, look)

    def permits(self, now, wanted):
        """Which fresh items may be answered, whatever is excluded.

        Args:
            now: `[batch]` int64 tensor, UTC seconds.
            wanted: sequence of `[batch, width]` string tensors of categories, "" is
                padding: an item must be in one of each.

        Returns:
            `[batch, n]` bool tensor.
        """
        numbers = tf.range(tf.size(self.keys))[None]
        limits = available_at(self.available_from, self.available_until, now)
        allowed, per_query = every(limits)
        is_real = numbers < tf.size(self.keys) - 1
        is_permitted = allowed(numbers, *per_query) & is_real
        for categories in wanted:
            is_permitted &= tf.cond(
                tf.reduce_any(categories != ""),
                functools.partial(self._is_in, categories),
                lambda: tf.ones_like(is_real),
            )
        return is_permitted

    def _is_in(self, categories):
        hits = categories[:, :, None] == self.category_names
        takes_all = tf.reduce_all(categories == "", axis=1, keepdims=True)
        # The last place is read for an item's padding.
        is_wanted = tf.concat([tf.reduce_any(hits, axis=1), takes_all], axis=1)
        last = tf.size(self.category_names)
        places = tf.where(self.categories < 0, last, self.categories)
        return tf.reduce_any(tf.gather(is_wanted, places, axis=1), axis=2) | takes_all


def make_fresh(items, memories, gone_rows, num_items):
    """A `NewItemTier` of some items.

    Args:
        items: dict of tensors of one length: `item_ids` (string, unique, not ""),
            `vectors` `[n, dim]`, `text_keys` (int64), `categories` (string such as
            `"drama|war"`),
            `available_from` and `available_until` (int64).
        memories: `[n, memory_dim]` float tensor.
        gone_rows: `[m]` int32 tensor, rows of the catalogue that are not to be
            answered; `NO_ROW` is ignored.
        num_items: int, size of the catalogue.

    Returns:
        `NewItemTier`.
    """
    keys = _keys(items["item_ids"])
    order = tf.argsort(keys)

    def column(tensor, padding):
        shape = tf.concat([[1], tf.shape(tensor)[1:]], axis=0)
        last = tf.fill(shape, tf.cast(padding, tensor.dtype))
        return tf.concat([tf.gather(tensor, order), last], axis=0)

    names = tf.strings.split(items["categories"], "|").to_tensor("")
    distinct, numbers = tf.unique(tf.reshape(names, [-1]))
    numbers = tf.where(names == "", -1, tf.reshape(numbers, tf.shape(names)))
    return NewItemTier(
        item_ids=column(items["item_ids"], NO_CANDIDATE),
        keys=column(keys, NUM_KEYS),
        vectors=column(items["vectors"], 0.0),
        memories=column(memories, 0.0),
        text_keys=column(items["text_keys"], NO_TEXT),
        category_names=distinct,
        categories=column(numbers, -1),
        available_from=column(items["available_from"], 0),
        available_until=column(items["available_until"], 0),
        is_gone=_marked(gone_rows, num_items),
    )


def fresh_specs(dim, memory_dim):
    """`TensorSpec`s of the fields of a `NewItemTier`, named `fresh_…`."""
    kinds = NewItemTier(
        item_ids=(tf.string, []),
        keys=(tf.int64, []),
        vectors=(tf.float32, [dim]),
        memories=(tf.float32, [memory_dim]),
        text_keys=(tf.int64, []),
        category_names=(tf.string, []),
        categories=(tf.int32, [None]),
        available_from=(tf.int64, []),
        available_until=(tf.int64, []),
        is_gone=(tf.bool, []),
    )
    return [
        tf.TensorSpec([None, *shape], dtype, name=f"fresh_{name}")
        for name, (dtype, shape) in kinds._asdict().items()
    ]


def _keys(ids):
    return tf.strings.to_hash_bucket_fast(ids, NUM_KEYS)


def _marked(rows, num_items):
    """`[num_items]` bool, True at `rows`; `[1]`, False, if there are none."""
    rows = tf.boolean_mask(rows, rows > NO_ROW)

    def mark():
        marks = tf.scatter_nd(rows[:, None], tf.ones_like(rows), [num_items])
        return marks > 0

    return tf.cond(tf.size(rows) > 0, mark, lambda: tf.constant([False]))
