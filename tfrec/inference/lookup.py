"""Names as numbers, in the graph."""

import numpy as np
import tensorflow as tf

from tfrec.towers.catalogue import split_categories


class Names(tf.Module):
    """Numbers of known names; others have the default number.

    Args:
        names: sequence of strings.
        default: int.
        empty: int, number of `""`, or None for the default.
    """

    def __init__(self, names, default, empty=None):
        super().__init__()
        self.size = len(names)
        keys = tf.constant(np.append(np.asarray(names, object), ""), tf.string)
        values = tf.constant(
            [*range(self.size), default if empty is None else empty], tf.int32
        )
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, values), default_value=default
        )

    def __call__(self, names):
        return self._table.lookup(names)


def category_rows(categories, names):
    """`[num_items, width]` int32 category numbers of each item, -1 = padding."""
    number = {name: i for i, name in enumerate(names)}
    own = [sorted({number[n] for n in each}) for each in split_categories(categories)]
    width = max(1, max(map(len, own)))
    padded = [each + [-1] * (width - len(each)) for each in own]
    return tf.constant(padded, tf.int32)


def marked(names, mark):
    """Names as the labels of items have them, such as `"domain:books"`.

    Args:
        names: string tensor; `""` stays.
        mark: what the labels begin with, such as `"domain:"`.
    """
    labels = mark + tf.strings.regex_replace(names, r"\|", " ")
    return tf.where(names == "", "", labels)
