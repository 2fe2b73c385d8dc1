"""A user's latest events as tensors, and how raw requests become them."""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.data.bounds import without_nan


class HistoryBatch(NamedTuple):
    """Events of each user, oldest first, real ones before padding."""

    item_rows: tf.Tensor  # [batch, length] int32, -1 for padding
    event_rows: tf.Tensor  # [batch, length] int32
    values: tf.Tensor  # [batch, length] float32, standardised; 0 = typical
    timestamps: tf.Tensor  # [batch, length] int64 UTC seconds, 0 for unknown

    @property
    def mask(self):
        """`[batch, length]` bool, False for padding."""
        return self.item_rows >= 0

    @property
    def lengths(self):
        """`[batch]` int32, the number of real events."""
        return tf.reduce_sum(tf.cast(self.mask, tf.int32), axis=1)

    @property
    def ranks(self):
        """`[batch, length]` int32, how many real events come later."""
        is_real = tf.cast(self.mask, tf.int32)
        return tf.cumsum(is_real, axis=1, exclusive=True, reverse=True)


def latest(history, length):
    """The latest real events of histories, at most `length` of them.

    Args:
        history: `HistoryBatch`.
        length: int.

    Returns:
        `(HistoryBatch, places)`: as wide as `length` or the history, and where each of
        its events stands there, `[batch, width]` int32.
    """
    width = tf.minimum(tf.shape(history.item_rows)[1], length)
    starts = tf.maximum(history.lengths - width, 0)
    places = starts[:, None] + tf.range(width)[None]
    columns = (tf.gather(column, places, batch_dims=1) for column in history)
    return HistoryBatch(*columns), places


def latest_events(item_rows, timestamps, max_length):
    """Where the latest real events stand in a request.

    Padding may stand anywhere and events in any order; events without a timestamp
    keep the order in which they came.

    Args:
        item_rows: `[batch, width]` int32 tensor, -1 for padding.
        timestamps: `[batch, width]` int64 tensor of UTC seconds.
        max_length: int, most events to keep.

    Returns:
        `[batch, min(width, max_length)]` int32 tensor of columns, oldest first,
        -1 for padding, which comes last.
    """
    width = tf.shape(item_rows)[1]
    is_real = item_rows >= 0
    order = time_order(is_real, timestamps)
    num_real = tf.reduce_sum(tf.cast(is_real, tf.int32), axis=1, keepdims=True)
    length = tf.minimum(width, max_length)
    places = tf.maximum(num_real - length, 0) + tf.range(length)[None]
    columns = tf.gather(order, tf.minimum(places, width - 1), batch_dims=1)
    return tf.where(places < num_real, columns, -1)


def time_order(is_real, timestamps):
    """Columns of events in order of time, then as they came; padding comes last.

    Args:
        is_real: `[batch, width]` bool tensor, False for padding.
        timestamps: `[batch, width]` int64 tensor of UTC seconds.

    Returns:
        `[batch, width]` int32 tensor.
    """
    latest = timestamps.dtype.max  # padding sorts last: no event may be dated so
    key = tf.where(is_real, tf.minimum(timestamps, latest - 1), latest)
    return tf.argsort(key, axis=1, stable=True)


def take_columns(tensor, columns, padding):
    """`tensor` `[batch, width]` at `columns`; `padding` where a column is -1."""
    taken = tf.gather(tensor, tf.maximum(columns, 0), batch_dims=1)
    return tf.where(columns >= 0, taken, tf.cast(padding, taken.dtype))


@dataclasses.dataclass(frozen=True)
class ValueScale:
    """How values of events are brought to one scale, and within bounds.

    A model knows nothing of values far from all that it learnt from: they count as the
    bound on their side, infinite ones too. So no value can drown all else that is known
    of a user.
    """

    mean: float
    factor: float  # 1 / standard deviation, or 0 for values that are all alike
    lowest: float  # bounds of the result
    highest: float

    def __call__(self, values):
        """Values around their mean, in standard deviations; NaN gives 0, typical."""
        scaled = without_nan((values - self.mean) * self.factor)
        return tf.clip_by_value(scaled, self.lowest, self.highest)


def value_scale(interactions):
    """The `ValueScale` of a log: its range, and as much again on either side.

    Events without a value do not count.
    """
    known = interactions.values[~np.isnan(interactions.values)]
    if not len(known):
        known = np.zeros(1, np.float32)
    spread = float(known.std(dtype=np.float64))
    # Values that are all alike teach nothing: whatever is asked is typical.
    factor = 1.0 / spread if spread > 1e-6 else 0.0
    mean = float(known.mean(dtype=np.float64))
    lowest, highest = (
        (float(end) - mean) * factor for end in (known.min(), known.max())
    )
    width = highest - lowest
    return ValueScale(mean, factor, lowest - width, highest + width)


def history_of(packed, standardise):
    """`HistoryBatch` tensors of the arrays that `pack_histories` gives.

    Args:
        packed: dict of `[batch, length]` arrays.
        standardise: `ValueScale`.
    """
    return HistoryBatch(
        tf.constant(packed["item_rows"]),
        tf.constant(packed["event_rows"]),
        standardise(tf.constant(packed["values"])),
        tf.constant(packed["timestamps"]),
    )
