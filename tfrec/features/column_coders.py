"""How cells of feature columns become numbered parts of an embedding table.

A coder turns a cell into a few `(id, weight)` pairs; what it says is the weighted sum
of the table's rows. Id 0 stands for a missing cell. Coders learn from a column's
distinct cells and work in the graph, so that training and serving read a cell alike.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

MAX_KNOTS = 17  # of a number: the ends and 15 quantiles between them
LEAST_COUNT = 3  # cells with a name that has a row of its own
MAX_NAMES = 10_000  # the most frequent ones
NUM_HASHED = 16  # rows that all other names share
MAX_PARTS = 8  # names of a cell that are read


class NumberCoder(tf.Module):
    """A number between two quantiles of its column, by linear interpolation.

    Beyond the ends it counts as the end. So a number may matter in any way, and no
    outlier moves the others.

    Args:
        knots: rising floats.
    """

    num_parts, width, dtype = 2, 0, tf.float32

    def __init__(self, knots: npt.ArrayLike):
        super().__init__()
        self.knots = np.asarray(knots, np.float32)
        self.num_ids = 1 + len(self.knots)

    @classmethod
    def fit(cls, cells: np.ndarray, counts: np.ndarray) -> "NumberCoder":
        """Learns the quantiles of `[m]` distinct cells that come `counts` times."""
        is_known = np.isfinite(cells) & (counts > 0)
        known, weights = cells[is_known], counts[is_known]
        if not len(known):
            return cls([0.0])
        order = np.argsort(known)
        shares = np.cumsum(weights[order]) / weights.sum()
        places = np.searchsorted(shares, np.linspace(0, 1, MAX_KNOTS) - 1e-9)
        found = known[order][np.minimum(places, len(known) - 1)]
        return cls(np.unique(np.append(found, [known.min(), known.max()])))

    def __call__(self, cells):
        """`[n]` float32 -> `(ids, weights)`, `[n, 2]` each; NaN is missing."""
        knots = tf.constant(self.knots)
        is_known = tf.math.is_finite(cells)
        number = tf.clip_by_value(
            tf.where(is_known, cells, knots[0]), knots[0], knots[-1]
        )
        last = len(self.knots) - 1
        upper = tf.minimum(tf.searchsorted(knots, number, side="right"), last)
        lower = tf.maximum(upper - 1, 0)
        low, high = tf.gather(knots, lower), tf.gather(knots, upper)
        share = tf.math.divide_no_nan(number - low, high - low)
        ids = tf.stack([lower + 1, upper + 1], axis=1)
        weights = tf.stack([1 - share, share], axis=1)
        missing = tf.constant([[1.0, 0.0]])
        is_known = is_known[:, None]
        return tf.where(is_known, ids, 0), tf.where(is_known, weights, missing)

    def to_json(self) -> dict[str, Any]:
        """The arguments that make the same coder again."""
        return {"knots": self.knots.tolist()}


class NamesCoder(tf.Module):
    """Names, up to eight of a cell; those that are rare or unseen share some rows.

    Args:
        names: those that have a row of their own.
        separator: what stands between the names of a cell, `""` if it is one name.
    """

    width, dtype = 0, tf.string

    def __init__(self, names: Sequence[str], separator: str = ""):
        super().__init__()
        self.names, self.separator = [*names], separator
        self.num_ids = 1 + NUM_HASHED + len(self.names)
        self.num_parts = MAX_PARTS if separator else 1
        keys = tf.constant(np.asarray([*self.names, ""], object), tf.string)
        values = tf.constant([*range(1 + NUM_HASHED, self.num_ids), 0])
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(keys, values), default_value=-1
        )

    @classmethod
    def fit(
        cls, cells: np.ndarray, counts: np.ndarray, separator: str = ""
    ) -> "NamesCoder":
        """Learns the names of `[m]` distinct cells that come `counts` times."""
        found: dict[str, int] = {}
        for cell, count in zip(cells, counts.tolist(), strict=True):
            for name in {*cell.split(separator)} if separator else [cell]:
                found[name] = found.get(name, 0) + count
        known = [each for each in found if each and found[each] >= LEAST_COUNT]
        known.sort(key=lambda name: (-found[name], name))
        return cls(known[:MAX_NAMES], separator)

    def __call__(self, cells):
        """`[n]` strings -> `(ids, weights)`, `[n, parts]` each; `""` is missing."""
        names = cells[:, None]
        if self.separator:
            names = tf.strings.split(cells, self.separator)
            names = tf.ragged.boolean_mask(names, names != "")
            names = names.to_tensor("", shape=[None, MAX_PARTS])
        hashed = 1 + tf.strings.to_hash_bucket_fast(names, NUM_HASHED)
        ids = self._table.lookup(names)
        ids = tf.where(ids < 0, tf.cast(hashed, tf.int32), ids)
        is_real = tf.cast(ids > 0, tf.float32)
        count = tf.reduce_sum(is_real, axis=1, keepdims=True)
        first = tf.one_hot([0], self.num_parts)  # the row of a missing cell, once
        return ids, tf.where(count > 0, is_real / tf.maximum(count, 1.0), first)

    def to_json(self) -> dict[str, Any]:
        """The arguments that make the same coder again."""
        return {"names": self.names, "separator": self.separator}


class VectorCoder(tf.Module):
    """A vector, projected; beside it an id that tells whether there is one.

    Args:
        width: int, numbers of a vector.
        scale: float that brings vectors to a length of about 1.
    """

    num_ids, num_parts, dtype = 2, 1, tf.float32

    def __init__(self, width: int, scale: float):
        super().__init__()
        self.width, self.scale = width, scale

    @classmethod
    def fit(cls, cells: np.ndarray, counts: np.ndarray) -> "VectorCoder":
        """Learns the scale of `[m, width]` distinct vectors."""
        lengths = np.linalg.norm(cells[1:], axis=1)
        return cls(cells.shape[1], 1 / max(float(lengths.mean()), 1e-6))

    def __call__(self, cells):
        """`[n, width]` float32 -> `(ids, weights)`, `[n, 1]` each; 0 is missing."""
        is_known = tf.reduce_any(cells != 0, axis=1, keepdims=True)
        return tf.cast(is_known, tf.int32), tf.ones_like(cells[:, :1])

    def dense(self, cells):
        """`[n, width]` float32: the vectors on their scale."""
        return cells * self.scale

    def to_json(self) -> dict[str, Any]:
        """The arguments that make the same coder again."""
        return {"width": self.width, "scale": self.scale}


Coder = NumberCoder | NamesCoder | VectorCoder
CODERS: dict[str, Any] = {  # kind -> class
    "number": NumberCoder,
    "time": NumberCoder,
    "category": NamesCoder,
    "categories": NamesCoder,
    "vector": VectorCoder,
}


def fit_coder(kind: str, cells: np.ndarray, counts: np.ndarray) -> Coder:
    """The coder of a column, by its `[m]` distinct cells and how often each comes."""
    if kind == "categories":
        return NamesCoder.fit(cells, counts, "|")
    return CODERS[kind].fit(cells, counts)
