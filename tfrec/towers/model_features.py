"""What the feature columns of items, users and context say, as the towers read it."""

from typing import NamedTuple

import keras
import tensorflow as tf

from tfrec.feature_columns import SIDES
from tfrec.features.side_coder import StoredFeatures
from tfrec.towers.feature_tower import FeatureTower


class Said(NamedTuple):
    """What features say of some rows."""

    vectors: tf.Tensor  # [..., dim]
    is_known: tf.Tensor  # [...] bool, whether any cell is not missing


class FeatureSide(keras.layers.Layer):
    """The features of one side: those of the log, and those that requests bring.

    Args:
        coder: `SideCoder`.
        coded: `CodedColumns` of the log, with the columns of `coder`.
        dim: int, size of the vectors.
        dropout: float, as `FeatureTower` takes it.
    """

    def __init__(self, coder, coded, dim, dropout):
        super().__init__()
        self.built = True
        self.coder = coder
        self.stored = StoredFeatures(coder, coded)
        shape = (coder.num_ids, coder.starts, coder.num_parts, coder.widths)
        self.tower = FeatureTower(dim, *shape, dropout, name="tower")

    def call(self, cells, training=False):
        """`Said` of `[..., C]` numbers of cells, as in `CodedColumns.rows`."""
        return self._said(self.stored(cells), training)

    def of_inputs(self, inputs, num_rows, now=None):
        """`Said` of raw cells; arguments as `SideCoder` takes them."""
        return self._said(self.coder(inputs, num_rows, now))

    def _said(self, coded, training=False):
        is_known = coded.ids[..., 0] != tf.constant(self.coder.starts)
        return Said(
            self.tower(*coded, training=training), tf.reduce_any(is_known, axis=-1)
        )


class ModelFeatures(keras.layers.Layer):
    """The features of all sides.

    Args:
        state: `AdaptedState`.
        dim: int, size of the vectors.
        dropout: float, as `FeatureTower` takes it.

    Attributes:
        items: `FeatureSide`, or None for a log without such columns.
        users: the same.
        context: the same.
    """

    def __init__(self, state, dim, dropout, **kwargs):
        super().__init__(**kwargs)
        self.built = True

        def side(name):
            coder = state.coders[name]
            if not coder.columns:
                return None
            coded = getattr(state.features, name).used_for("towers")
            return FeatureSide(coder, coded, dim, dropout)

        self.items, self.users, self.context = map(side, SIDES)
        of_items, of_users = state.features.items, state.features.users
        self._item_cells = tf.constant(of_items.used_for("towers").rows)
        self._user_cells = tf.constant(of_users.used_for("towers").rows)

    def of_items(self, rows, training=False):
        """`Said` of `[n]` items of the catalogue; None without such columns."""
        if self.items is None:
            return None
        return self.items(tf.gather(self._item_cells, rows), training=training)

    def of_asking(self, user_rows, context, training=False):
        """What is known of who asks, and how.

        Args:
            user_rows: `[batch]` int tensor.
            context: `[batch, queries, C]` int32 tensor of cells of the context.

        Returns:
            `[batch, 1 or queries, dim]` float tensor, or None without such columns.
        """
        said = []
        if self.users is not None:
            cells = tf.gather(self._user_cells, user_rows)[:, None]
            said.append(self.users(cells, training=training).vectors)
        if self.context is not None:
            said.append(self.context(context, training=training).vectors)
        return sum(said) if said else None

    def of_request(self, inputs, now):
        """The same of raw inputs, `[batch, 1, dim]` or None.

        Args:
            inputs: dict of input name -> tensor, as `SideCoder` takes it.
            now: `[batch]` int64 tensor of UTC seconds, 0 = by the clock.
        """
        sides = [each for each in (self.users, self.context) if each is not None]
        if not sides:
            return None
        now = tf.where(now > 0, now, tf.cast(tf.timestamp(), tf.int64))
        said = [each.of_inputs(inputs, tf.size(now), now).vectors for each in sides]
        return sum(said)[:, None]

    def of_new_items(self, inputs, num_items):
        """`Said` of items that are not in the catalogue; None without such columns."""
        if self.items is None:
            return None
        return self.items.of_inputs(inputs, num_items)
