"""New items: those that came after the index was built, and what they replace.

It is an argument of the graph, never its state: whoever serves keeps the tensors of
one `NewItemTier` together and hands them to each request, so that a request sees it as
it was before a change or after it, and nothing between.
"""

import functools
from typing import NamedTuple

import tensorflow as tf

from tfrec.data.item_texts import NO_TEXT
from tfrec.retrieval.filters import (
    NO_CANDIDATE,
    NO_ROW,
    available_at,
    every,
    has_enough,
)
from tfrec.retrieval.required_items import NUM_KEYS, RequiredItems, keys_of

PLACES = {"number": "numbers", "time": "times"}  # kind of an attribute -> field


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
    categories: tf.Tensor  # [n, width] int32 numbers of category_names, -1 = padding;
    # domains and names of attributes are among them, as labels
    available_from: tf.Tensor  # [n] int64 UTC seconds, 0 = always
    available_until: tf.Tensor  # [n] int64 UTC seconds, 0 = for ever
    required_keys: tf.Tensor  # [num_required] int64, as of `RequiredItems`
    required: tf.Tensor  # [n, width] int32 places in required_keys, -1 = padding
    is_gone: tf.Tensor  # [num_items] bool, replaced or removed; [1] if none is
    numbers: tf.Tensor  # [n, num_numbers] float32 attributes, NaN = none
    times: tf.Tensor  # [n, num_times] int64 attributes in UTC seconds, 0 = none

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
            places = tf.searchsorted(self.keys, tf.reshape(keys_of(ids), [-1]))
            places = tf.reshape(places, tf.shape(ids))
            is_fresh = (tf.gather(self.item_ids, places) == ids) & (ids != NO_CANDIDATE)
            kept = tf.where(self.is_here(rows), rows, NO_ROW)
            return tf.where(is_fresh, num_items + places, kept)

        return tf.cond(self.is_empty, lambda: rows, look)

    def permits(self, now, wanted, met_item_ids):
        """Which fresh items may be answered, whatever is excluded.

        Args:
            now: `[batch]` int64 tensor, UTC seconds.
            wanted: sequence of `[batch, width]` string tensors of categories, "" is
                padding: an item must be in one of each.
            met_item_ids: `[batch, width]` string tensor of what queries have met.

        Returns:
            `[batch, n]` bool tensor.
        """
        numbers = tf.range(tf.size(self.keys))[None]
        limits = available_at(self.available_from, self.available_until, now)
        allowed, per_query = every(limits)
        is_real = numbers < tf.size(self.keys) - 1
        is_permitted = allowed(numbers, *per_query) & is_real
        for categories in wanted:
            is_permitted &= self.has_labels(categories)
        required = RequiredItems(self.required_keys, self.required)
        return is_permitted & tf.cond(
            tf.size(self.required_keys) > 0,
            lambda: required.are_met(met_item_ids),
            lambda: tf.ones_like(is_real),
        )

    def has_labels(self, names, way="any"):
        """Which fresh items have the labels that queries name.

        Args:
            names: `[batch, width]` string tensor, "" is padding; a query with padding
                only takes all items.
            way: `"any"`, `"all"` or `"none"`: how many of them an item must have.

        Returns:
            A bool tensor that broadcasts to `[batch, n]`.
        """
        return tf.cond(
            tf.reduce_any(names != ""),
            functools.partial(self._has_labels, names, way),
            lambda: tf.ones([1, 1], tf.bool),
        )

    def _has_labels(self, names, way):
        is_wanted = tf.reduce_any(names[:, :, None] == self.category_names, axis=1)
        is_wanted = tf.pad(is_wanted, [[0, 0], [0, 1]])  # the last place is padding's
        last = tf.size(self.category_names)
        places = tf.where(self.categories < 0, last, self.categories)
        hits = tf.gather(is_wanted, places, axis=1)
        return has_enough(hits, _num_distinct(names), way, axis=2)


def make_fresh(items, memories, gone_rows, num_items):
    """A `NewItemTier` of some items.

    Args:
        items: dict of tensors of one length: `item_ids` (string, unique, not ""),
            `vectors` `[n, dim]`, `text_keys` (int64), `categories` (string such as
            `"drama|war|brand:acme"`), `available_from` and `available_until` (int64),
            `after` (string, ids such as `"a|b"`), `numbers` and `times` as in the tier.
        memories: `[n, memory_dim]` float tensor.
        gone_rows: `[m]` int32 tensor, rows of the catalogue that are not to be
            answered; `NO_ROW` is ignored.
        num_items: int, size of the catalogue.

    Returns:
        `NewItemTier`.
    """
    keys, required = keys_of(items["item_ids"]), RequiredItems.of(items["after"])
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
        required_keys=required.keys,
        required=column(required.places, -1),
        is_gone=_marked(gone_rows, num_items),
        numbers=column(items["numbers"], 0.0),
        times=column(items["times"], 0),
    )


def _num_distinct(names):
    """`[batch]` int32: names in each row of strings, each once; "" is none."""
    is_same = names[:, :, None] == names[:, None]
    is_before = tf.linalg.band_part(tf.cast(is_same, tf.int32), -1, 0) > 0
    num_same = tf.math.count_nonzero(is_before, axis=2, dtype=tf.int32)  # up to here
    return tf.math.count_nonzero((num_same == 1) & (names != ""), 1, dtype=tf.int32)


def _marked(rows, num_items):
    """`[num_items]` bool, True at `rows`; `[1]`, False, if there are none."""
    rows = tf.boolean_mask(rows, rows > NO_ROW)

    def mark():
        marks = tf.scatter_nd(rows[:, None], tf.ones_like(rows), [num_items])
        return marks > 0

    return tf.cond(tf.size(rows) > 0, mark, lambda: tf.constant([False]))
