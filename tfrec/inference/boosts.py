"""What a request adds to scores: to items with some labels, and to items that are new.

It ranks items and says nothing of interest in them: probabilities are without it.
"""

import math

import numpy as np
import tensorflow as tf

from tfrec.retrieval.bonus import Bonus

HOUR_S = 3600.0


class Boosts(tf.Module):
    """Boosts of labels, and freshness, for the items of a catalogue and for new ones.

    Args:
        catalogue: `Catalogue`.
        labels: `Names` of all labels of the catalogue; others have the number `size`.
        item_labels: `[num_items, width]` int32 tensor of these numbers, each once in a
            row; -1 is padding.
    """

    def __init__(self, catalogue, labels, item_labels):
        super().__init__(name="boosts")
        self.num_items = catalogue.num_items
        self.labels, self.item_labels = labels, item_labels
        # Many items have the same labels: what these get is added up once.
        sets, places = np.unique(item_labels.numpy(), axis=0, return_inverse=True)
        self._sets = tf.constant(sets)
        self._set_of = tf.constant(places.reshape(-1), tf.int32)
        self._newest = int(catalogue.available_from.max(initial=0))
        self._starts = self._beside_newest(tf.constant(catalogue.available_from))

    def are_asked(self, options):
        """Scalar bool tensor: whether any query of `RequestOptions` has a bonus."""
        has_boosts = tf.reduce_any(_values(options) != 0)
        return has_boosts | tf.reduce_any(_has_freshness(options))

    def bonus(self, options):
        """The `Bonus` of the catalogue's items.

        Args:
            options: `RequestOptions` whose `now` is known.
        """
        values = _values(options)
        numbers = self.labels(options.boost_labels)
        batch = tf.shape(numbers)[0]
        queries = tf.broadcast_to(tf.range(batch)[:, None], tf.shape(numbers))
        of_labels = tf.scatter_nd(
            tf.stack([queries, numbers], axis=-1), values, [batch, self.labels.size + 1]
        )
        # What no item of the catalogue has shares its place with padding.
        of_labels = tf.concat([of_labels[:, :-1], tf.zeros([batch, 1])], axis=1)
        largest = tf.reduce_sum(tf.nn.relu(values), axis=1)
        weight, *timing = self._timing(options)
        largest += tf.nn.relu(weight)
        tensors = (of_labels, weight, *timing)
        return Bonus(self._added, largest, tensors, self.are_asked(options))

    def _added(self, rows, of_labels, *timing):
        if rows.shape[0] == 1:  # the same rows for all queries
            of_sets = tf.gather(tf.transpose(of_labels), self._numbers(self._sets))
            of_sets = tf.reduce_sum(of_sets, axis=1)  # [sets, batch]
            found = tf.transpose(tf.gather(of_sets, tf.gather(self._set_of, rows[0])))
        else:
            numbers = self._numbers(tf.gather(self.item_labels, rows))
            found = tf.reduce_sum(tf.gather(of_labels, numbers, batch_dims=1), axis=2)
        return found + _freshness(tf.gather(self._starts, rows), *timing)

    def _numbers(self, labels):
        """Numbers of labels, that of none in the place of padding."""
        return tf.where(labels < 0, self.labels.size, labels)

    def of_new(self, options, fresh):
        """`[batch, n]`: what the items of a `NewItemTier` get; as `bonus`."""
        values = _values(options)
        has_name = options.boost_labels[:, :, None] == fresh.category_names
        of_labels = tf.reduce_sum(tf.where(has_name, values[:, :, None], 0.0), axis=1)
        of_labels = tf.pad(of_labels, [[0, 0], [0, 1]])  # the last is padding's
        last = tf.size(fresh.category_names)
        numbers = tf.where(fresh.categories < 0, last, fresh.categories)
        of_labels = tf.reduce_sum(tf.gather(of_labels, numbers, axis=1), axis=2)
        starts = self._beside_newest(fresh.available_from)[None]
        return of_labels + _freshness(starts, *self._timing(options))

    def _beside_newest(self, times):
        """Seconds after the newest of the catalogue's times, as floats.

        So they are exact where they matter. Times up to 0 are none, and come before all
        others.
        """
        seconds = tf.cast(times - self._newest, tf.float32)
        return tf.where(times > 0, seconds, -math.inf)

    def _timing(self, options):
        """Weight, time and how fast the weight fades, `[batch]` each."""
        is_asked = _has_freshness(options)
        half_life_s = options.freshness_half_life_hours * HOUR_S
        return (
            tf.where(is_asked, options.freshness_weight, 0.0),
            self._beside_newest(options.now),
            math.log(2) / tf.where(is_asked, half_life_s, 1.0),
        )

    def of(self, options, rows, fresh=None):
        """`[batch, n]`: what items get; 0 at no cost where nothing is asked.

        Args:
            options: as for `bonus`.
            rows: `[batch, n]` int32 tensor, -1 for none.
            fresh: `NewItemTier`, whose rows follow those of the catalogue, or None.
        """

        nothing = tf.zeros(tf.shape(rows))

        def added():
            known = tf.clip_by_value(rows, 0, self.num_items - 1)
            found = self.bonus(options).raised(nothing, known)
            if fresh is None:
                return found
            places = tf.maximum(rows - self.num_items, 0)
            new = tf.gather(self.of_new(options, fresh), places, batch_dims=1)
            return tf.where(rows < self.num_items, found, new)

        return tf.cond(self.are_asked(options), added, lambda: nothing)


def _values(options):
    """Boosts of named labels, 0 for padding."""
    return tf.where(options.boost_labels == "", 0.0, options.boost_values)


def _has_freshness(options):
    half_life = options.freshness_half_life_hours
    return (options.freshness_weight != 0) & (half_life > 0)


def _freshness(starts, weight, now, fading):
    """`[batch, n]` of `[batch or 1, n]` starts; the rest is as of `Boosts._timing`."""

    def left():
        age_s = tf.maximum(now[:, None] - starts, 0.0)  # infinite for no time
        return weight[:, None] * tf.exp(age_s * -fading[:, None])

    nothing = tf.zeros([1, 1])
    return tf.cond(tf.reduce_any(weight != 0), left, lambda: nothing)
