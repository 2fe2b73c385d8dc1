"""Query tower: a user's interest now, from the history, the profile and the clock."""

import keras
import tensorflow as tf

from tfrec.data.history import HistoryBatch
from tfrec.towers.event_kinds import of_interest
from tfrec.towers.history_encoder import NEGATIVE, RelativeBias
from tfrec.towers.on_last_axis import on_last_axis
from tfrec.towers.time_features import NUM_AGE_BUCKETS, TimeOfAsking, age_bucket


@keras.saving.register_keras_serializable("tfrec")
class Readout(keras.layers.Layer):
    """Attention of the moment over the events: which of them speak now.

    Its weights are the user's distribution of interest over the behaviours, and
    what is summed are the items' own candidate vectors: a learnt form of the
    exponentially decayed history.

    Args:
        dim: int, of states and encoded events.
    """

    def __init__(self, dim, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim
        self.query = keras.layers.Dense(dim, name="query")
        self.relative_bias = RelativeBias(1, name="relative_bias")

    def build(self, *shapes):
        self.query.build((None, self.dim))
        self.relative_bias.build()

    def call(self, states, hidden, ages, ranks, may_see):
        """Weights of the events.

        Args:
            states: `[batch, queries, dim]` float tensor.
            hidden: `[batch, length, dim]` float tensor, the encoded events.
            ages: `[batch, queries, length]` int tensor of age buckets at `now`.
            ranks: `[batch, queries, length]` int tensor, 0 for the latest event.
            may_see: `[batch, queries, length]` bool tensor.

        Returns:
            `[batch, queries, length]` float32 tensor; a row sums to 1, or to 0
            when there is nothing to see.
        """
        queries = on_last_axis(self.query, states)
        logits = tf.matmul(queries, hidden, transpose_b=True)
        logits = tf.cast(logits, tf.float32) * self.dim**-0.5
        logits += tf.cast(self.relative_bias(ages, ranks)[0], tf.float32)
        weights = tf.nn.softmax(tf.where(may_see, logits, NEGATIVE))
        return tf.where(may_see, weights, 0.0)

    def get_config(self):
        return {**super().get_config(), "dim": self.dim}


@keras.saving.register_keras_serializable("tfrec")
class QueryTower(keras.layers.Layer):
    """Interest vectors at chosen places of a history.

    Args:
        dim: int, of the vectors.
        encoder: history encoder, as `make_history_encoder` gives it. Without one, for a
            log without times, a history is read as a set: neither its order nor any
            time changes the vector.
        speaks: sequence of bools, one per kind of event: whether it speaks of interest;
            of items whose events do not, the readout takes nothing.
        features: names of what is read beside the items.
        dropout: float, share of activations.
    """

    def __init__(self, dim, encoder, speaks, features, dropout, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.dropout = dim, dropout
        self.speaks, self.features = tuple(map(bool, speaks)), tuple(features)
        # === Layers ===
        self.event_kind = keras.layers.Embedding(len(speaks), dim, name="event_kind")
        self.gap = keras.layers.Embedding(NUM_AGE_BUCKETS, dim, name="gap")
        self.value = keras.layers.Dense(dim, name="value")
        self.profile = keras.layers.Dense(dim, name="profile")
        self.input_norm = keras.layers.LayerNormalization(name="input_norm")
        self.drop = keras.layers.Dropout(dropout, name="drop")
        self.encoder = encoder
        self.time_of_asking = TimeOfAsking(dim, name="time_of_asking")
        self.readout = Readout(dim, name="readout")
        self.state_output = keras.layers.Dense(dim, name="state_output")
        self.memory_output = keras.layers.Dense(
            dim, kernel_initializer="identity", use_bias=False, name="memory_output"
        )

    def build(self, item_vectors_shape, profiles_shape):
        for layer in (self.event_kind, self.gap, self.time_of_asking, self.readout):
            layer.build()
        self.value.build((None, 1))
        self.profile.build(profiles_shape)
        for layer in filter(None, (self.input_norm, self.encoder)):
            layer.build((*item_vectors_shape[:-1], self.dim))
        for layer in (self.state_output, self.memory_output):
            layer.build((None, self.dim))

    def call(
        self, item_vectors, history, context, now, profiles, about=None, training=False
    ):
        """Queries.

        Args:
            item_vectors: `[batch, length, dim]` float tensor, candidate vectors
                of the history's items.
            history: `HistoryBatch` of the same batch and length.
            context: `[batch, queries]` int32 tensor, how many events each query
                may look back on.
            now: `[batch, queries]` int64 tensor, the time of asking (UTC
                seconds); 0 means right after the last event.
            profiles: `[batch, text_dim]` float tensor, zeros for no profile.
            about: `[batch, 1 or queries, dim]` float tensor of what feature columns say
                of who asks and how, or None.

        Returns:
            `(queries, weights)`: `[batch, queries, dim]` and, for the
            explanation, `[batch, queries, length]`.
        """
        may_read = of_interest(history, self.speaks).mask
        history, now, profiles = self._enabled(history, now, profiles)
        hidden = self._encode(item_vectors, history, profiles, training)
        # Of a set, only the start of a history, with its profile, is not an event.
        places = tf.zeros_like(context) if self.encoder is None else context
        states = tf.gather(hidden, places, batch_dims=1)
        last = self._last_timestamps(history, context)
        now = tf.where(now > 0, now, last)
        states += tf.cast(self.time_of_asking(now, last), states.dtype)
        if about is not None:
            states += tf.cast(about, states.dtype)
        weights = self._read(states, hidden[:, 1:], history, may_read, context, now)
        memory = tf.matmul(tf.cast(weights, item_vectors.dtype), item_vectors)
        states = self.drop(states, training=training)
        queries = on_last_axis(self.state_output, states)
        return queries + on_last_axis(self.memory_output, memory), weights

    def _enabled(self, history, now, profiles):
        """The same with zeros, which say nothing, for what `features` leaves out."""
        is_enabled = self.features.__contains__
        rows, kinds, values, times = history
        if not is_enabled("event"):
            kinds = tf.zeros_like(kinds)
        if not is_enabled("value"):
            values = tf.zeros_like(values)
        if not is_enabled("time") or self.encoder is None:
            times, now = tf.zeros_like(times), tf.zeros_like(now)
        if not is_enabled("profile"):
            profiles = tf.zeros_like(profiles)
        return HistoryBatch(rows, kinds, values, times), now, profiles

    def _encode(self, item_vectors, history, profiles, training):
        times = history.timestamps
        previous = tf.pad(times[:, :-1], [[0, 0], [1, 0]])
        events = item_vectors + self.event_kind(tf.maximum(history.event_rows, 0))
        events += self.gap(age_bucket(times, previous))
        events += on_last_axis(self.value, history.values[..., None])
        start = self.profile(profiles)[:, None]
        x = tf.concat([tf.cast(start, events.dtype), events], axis=1)
        x = self.drop(self.input_norm(x), training=training)
        if self.encoder is None:
            return x
        mask = tf.pad(history.mask, [[0, 0], [1, 0]], constant_values=True)
        times = tf.pad(times, [[0, 0], [1, 0]])
        return self.encoder(x, mask, times, training=training)

    def _last_timestamps(self, history, context):
        times = tf.pad(history.timestamps, [[0, 0], [1, 0]])
        return tf.gather(times, context, batch_dims=1)

    def _read(self, states, hidden, history, may_read, context, now):
        positions = tf.range(tf.shape(hidden)[1])
        ranks = context[:, :, None] - 1 - positions[None, None, :]
        may_see = tf.logical_and(may_read[:, None, :], ranks >= 0)
        ages = age_bucket(now[:, :, None], history.timestamps[:, None, :])
        if self.encoder is None:
            ranks = tf.zeros_like(ranks)
        return self.readout(states, hidden, ages, ranks, may_see)

    def get_config(self):
        names = ("dim", "speaks", "features", "dropout")
        own = {name: getattr(self, name) for name in names}
        encoder = keras.saving.serialize_keras_object(self.encoder)
        return {**super().get_config(), **own, "encoder": encoder}

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


def query_signature(dim):
    """Of histories, moments, users, contexts, all candidates: a batch of any size."""
    events, numbers = [None, None], [None]
    history = HistoryBatch(
        tf.TensorSpec(events, tf.int32),
        tf.TensorSpec(events, tf.int32),
        tf.TensorSpec(events, tf.float32),
        tf.TensorSpec(events, tf.int64),
    )
    now, users = tf.TensorSpec(numbers, tf.int64), tf.TensorSpec(numbers, tf.int32)
    context = tf.TensorSpec(events, tf.int32)
    return [history, now, users, context, tf.TensorSpec([None, dim], tf.float32)]
