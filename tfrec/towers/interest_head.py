"""Sigmoid interest head: would this user care for this item, now?"""

import keras
import tensorflow as tf

from tfrec.towers.on_last_axis import on_last_axis


@keras.saving.register_keras_serializable("tfrec")
class InterestHead(keras.layers.Layer):
    """Logit of P(interest | user, item, now) from the two towers' vectors.

    It sees both vectors and their elementwise product, so it can learn what the
    inner product cannot: that an item is watched by many and liked by few.

    Args:
        units: int, size of the hidden layer.
    """

    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        # === Layers ===
        self.from_query = keras.layers.Dense(units, name="from_query")
        self.from_candidate = keras.layers.Dense(units, use_bias=False)
        self.from_product = keras.layers.Dense(units, use_bias=False)
        self.logit = keras.layers.Dense(1, name="logit")

    def build(self, queries_shape, candidates_shape):
        for layer in (self.from_query, self.from_candidate, self.from_product):
            layer.build((None, queries_shape[-1]))
        self.logit.build((None, self.units))

    def call(self, queries, candidates):
        """Logits.

        Args:
            queries: `[..., dim]` float tensor.
            candidates: `[..., dim]` float tensor that broadcasts with `queries`.

        Returns:
            `[...]` float32 tensor.
        """
        hidden = on_last_axis(self.from_query, queries)
        hidden += on_last_axis(self.from_candidate, candidates)
        hidden += on_last_axis(self.from_product, queries * candidates)
        logits = on_last_axis(self.logit, keras.activations.gelu(hidden))
        return tf.cast(tf.squeeze(logits, -1), tf.float32)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
