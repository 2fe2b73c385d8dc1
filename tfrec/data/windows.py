"""Windows of the log as a `tf.data` pipeline: every event of a history an example."""

import dataclasses

import numpy as np
import tensorflow as tf

from tfrec.data.first_met import FirstMet
from tfrec.data.log_features import LogFeatures
from tfrec.data.repeats import may_be_target
from tfrec.data.text_reader import TextReader


@dataclasses.dataclass(frozen=True)
class Windows:
    """Where the training windows lie in the log.

    Consecutive windows of a user overlap by half; an event is a target in one of
    them only, so every target but those of a user's first window looks back on at
    least half a window.
    """

    starts: np.ndarray  # [num_windows] int64, first event
    ends: np.ndarray  # [num_windows] int64, one past the last event
    user_starts: np.ndarray  # [num_windows] int64, first event of the user
    first_targets: np.ndarray  # [num_windows] int64, earlier events are context only

    def __len__(self):
        return len(self.starts)


def cut_windows(interactions, length):
    """Cuts each user's events into half-overlapping windows.

    Args:
        interactions: `Interactions`.
        length: int, most events in a window; at least 2.

    Returns:
        `Windows`; users without events have none.
    """
    half = length // 2
    counts = np.diff(interactions.offsets)
    per_user = np.where(
        counts > 0, 1 + np.maximum(counts - length + half - 1, 0) // half, 0
    )
    users = np.repeat(np.arange(len(counts)), per_user)
    within = np.arange(len(users)) - np.repeat(np.cumsum(per_user) - per_user, per_user)
    user_starts = interactions.offsets[:-1][users]
    starts = user_starts + within * half
    ends = np.minimum(starts + length, interactions.offsets[1:][users])
    first_targets = np.where(within == 0, starts, starts + length - half)
    return Windows(starts, ends, user_starts, first_targets)


def training_windows(interactions, *, length, batch_size, seed, allow_repeats):
    """An endless, shuffled, checkpointable stream of training batches.

    The order of an epoch is a pseudo-random permutation computed from the seed and
    the epoch, so the iterator's whole state is one counter.

    Args:
        interactions: `Interactions` to learn from.
        length: int, most events in a window.
        batch_size: int, windows per batch.
        seed: int.
        allow_repeats: bool; if False, an item is a target the first time only.

    Returns:
        `tf.data.Dataset` of dicts: `user_rows [batch]`, and `[batch, length]`
        tensors `item_rows` (-1 = padding), `event_rows`, `values`, `timestamps`,
        `labels` and `interest_labels` (1, 0, -1), `context` (events that the target
        may look back on) and `target_weights` (0 = no target); `context_rows
        [batch, length, C]`, as `Queries` has them. Of a log with texts also `text_rows`
        (-1 = padding) and `text_weights`, `[batch, length, 8]`: what its user had
        written before. Of one with prerequisites also `open_from`, `[batch, n]`: from
        how many events of `context` on each of the `n` items that have some is open.
        Where users are items also `own_items`, `[batch]`: the user's, -1 for none.
    """
    windows = cut_windows(interactions, length)
    columns = _columns(interactions, allow_repeats)
    texts = None if interactions.event_texts is None else TextReader(interactions)
    first_met = None if interactions.prerequisites is None else FirstMet(interactions)
    num_windows = len(windows)

    def batch_of(indices):
        starts, ends = (tf.gather(x, indices) for x in (windows.starts, windows.ends))
        user_starts = tf.gather(windows.user_starts, indices)
        events = starts[:, None] + tf.range(length, dtype=tf.int64)
        is_real = events < ends[:, None]
        events = tf.where(is_real, events, 0)
        batch = {name: tf.gather(column, events) for name, column in columns.items()}
        history_ends = batch.pop("group_starts")
        context = history_ends - starts[:, None]
        if texts:
            text_ends = tf.gather(texts.ends, events)
            found = texts(batch["user_rows"], text_ends, history_ends)
            batch["text_rows"], batch["text_weights"] = found
        is_target = events >= tf.gather(windows.first_targets, indices)[:, None]
        is_target &= is_real & ((context > 0) | (starts == user_starts)[:, None])
        batch["item_rows"] = tf.where(is_real, batch["item_rows"], -1)
        batch["context"] = tf.cast(tf.maximum(context, 0), tf.int32)
        batch["target_weights"] *= tf.cast(is_target, tf.float32)
        for name in ("labels", "interest_labels"):
            batch[name] *= tf.cast(is_target, tf.int8)
        batch["user_rows"] = batch["user_rows"][:, 0]
        if first_met:
            open_from = first_met(batch["user_rows"]) - starts[:, None]
            open_from = tf.clip_by_value(open_from, 0, length)  # no context is as long
            batch["open_from"] = tf.cast(open_from, tf.int32)
        if interactions.own_items is not None:
            own_items = tf.gather(interactions.own_items, batch["user_rows"])
            batch["own_items"] = own_items
        return batch

    def place(position):
        epoch, index = position // num_windows, position % num_windows
        key = tf.stack([tf.cast(seed, tf.int64), epoch])
        return tf.random.experimental.index_shuffle(index, key, num_windows - 1)

    positions = tf.data.Dataset.range(np.iinfo(np.int64).max)
    batches = positions.map(place).batch(batch_size, drop_remainder=True)
    return batches.map(batch_of).prefetch(2)


def smallest_batch(num_columns):
    """Two windows of two events of one item, as `training_windows` gives them.

    Args:
        num_columns: int, feature columns of the context.
    """
    rows = tf.zeros([2, 2], tf.int32)
    return {
        "user_rows": rows[:, 0],
        "item_rows": rows,
        "event_rows": rows,
        "values": tf.zeros([2, 2]),
        "timestamps": tf.zeros([2, 2], tf.int64),
        "context": rows,
        "context_rows": tf.zeros([2, 2, num_columns], tf.int32),
    }


def steps_per_epoch(interactions, length, batch_size):
    """Batches that hold each window about once; at least 1."""
    return max(1, round(len(cut_windows(interactions, length)) / batch_size))


def _columns(interactions, allow_repeats):
    weights = interactions.weights * may_be_target(interactions, allow_repeats)
    features = interactions.features or LogFeatures.none(interactions)
    return {
        "user_rows": interactions.user_rows,
        "item_rows": interactions.item_rows,
        "event_rows": interactions.event_rows,
        "values": interactions.values,
        "timestamps": interactions.timestamps,
        "labels": interactions.labels,
        "interest_labels": interactions.labelled_by_interest().labels,
        "group_starts": interactions.group_starts,
        "target_weights": weights.astype(np.float32),
        "context_rows": features.context.rows,
    }
