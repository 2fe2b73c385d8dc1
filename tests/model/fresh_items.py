"""Items put in beside the checkerboard, and graphs that take them as an input."""

import functools

import numpy as np
import tensorflow as tf

from tests.model.asking import NAMED, QUERY_SPECS, SOON, names
from tests.model.checkerboard import NUM_ITEMS
from tests.scann_here import need_scann
from tfrec.data.item_changes import ItemChange
from tfrec.inference.inference import Inference, build_indexes
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.retrieval.new_item_tier import NewItemTier, fresh_specs

ALL = names(*range(NUM_ITEMS))
# id: title, category, available_from, available_until
NEW = {
    "n0": ("an even thing", "even", 0, 0),
    "n1": ("odd thing", "odd|novel", 0, SOON),  # gone by then
    "né 新": ("", "", 0, 0),
    "n3": ("odd thing", "novel", SOON + 1, 0),  # not there yet
    "n4": ("odd thing", "odd|novel", 0, 0),  # equal in its text to others
    "i03": ("even thing", "novel", 0, 0),  # takes the place of one of the catalogue
    "i05": ("odd thing", "odd", 0, 0),
}


def make_index(flavour):
    """An index that has not been built."""
    if flavour == "exact":
        return BruteForceIndex()
    need_scann()
    from tfrec.retrieval.scann import ScannIndex

    return ScannIndex()


def make_inference(hybrid, flavour):
    indexes = build_indexes(hybrid, functools.partial(make_index, flavour))
    return Inference(hybrid, indexes, max_interest_norm=50.0)


def specs_of(hybrid):
    return NewItemTier(*fresh_specs(hybrid.dim, hybrid.memory_dim))


def key_of(title, category):
    """Of a whole text, as the items of a server have it."""
    return ItemChange(item_id="any", title=title, category=category).text_key


class Judged:
    """What no index has a part in, in one graph that takes the tier as an input."""

    def __init__(self, hybrid):
        self.hybrid = hybrid
        self.inference = make_inference(hybrid, "exact")
        specs = [QUERY_SPECS, NAMED, specs_of(hybrid)]
        self._judge = tf.function(self._both, input_signature=specs)
        titles, categories, *_ = zip(*NEW.values(), strict=True)
        made = self.inference.new_items.embed(
            tf.constant(titles), tf.constant([""]), tf.constant(categories)
        )
        self.vectors, self.memories = (
            dict(zip(NEW, each.numpy(), strict=True)) for each in made
        )

    def _both(self, query, item_ids, tier):
        interest = self.inference.embed_query(query, tier)
        return interest, self.inference.score_interest(query, item_ids, tier)

    def judge(self, query, item_ids, tier):
        """Interest vectors and probabilities of named items."""
        found = self._judge(query, tf.constant(item_ids), tier)
        return tuple(each.numpy() for each in found)

    def tier(self, ids, removed=()):
        """A `NewItemTier` of some of `NEW`, without some of the catalogue."""
        rows = [NEW[each] for each in ids]

        def column(numbers, dtype, width):
            return tf.constant(np.array(numbers, dtype).reshape(len(ids), *width))

        items = {
            "item_ids": tf.constant(np.array(ids, object), tf.string),
            "vectors": column(
                [self.vectors[each] for each in ids], "float32", [self.hybrid.dim]
            ),
            "text_keys": column([key_of(*row[:2]) for row in rows], "int64", []),
            "categories": tf.constant(
                np.array([row[1] for row in rows], object), tf.string
            ),
            "available_from": column([row[2] for row in rows], "int64", []),
            "available_until": column([row[3] for row in rows], "int64", []),
        }
        memories = column(
            [self.memories[each] for each in ids],
            "float32",
            [self.hybrid.memory_dim],
        )
        removed = tf.constant(np.array(removed, object), tf.string)
        return self.inference.new_items.make_fresh(items, memories, removed)
