"""Tests of tfrec.training.adamw: Keras' AdamW is the reference."""

import keras
import numpy as np
import tensorflow as tf

from tfrec.training.adamw import FusedAdamW

SHAPES = ((3, 4), (5,))


def weights_after(optimizer, gradients):
    rng = np.random.default_rng(1)
    weights = [
        keras.Variable(rng.normal(size=shape), dtype="float32") for shape in SHAPES
    ]
    for step in gradients:
        optimizer.apply([tf.constant(each, tf.float32) for each in step], weights)
    return [each.numpy() for each in weights]


def test_it_learns_as_kerass_own():
    rng = np.random.default_rng(0)
    gradients = [[rng.normal(size=shape) for shape in SHAPES] for _ in range(5)]
    rate = keras.optimizers.schedules.CosineDecay(0.3, 10)
    fused = FusedAdamW(rate, decay=0.1, clip_norm=0.7)
    reference = keras.optimizers.AdamW(rate, weight_decay=0.1, global_clipnorm=0.7)
    found, wanted = (weights_after(each, gradients) for each in (fused, reference))
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert np.abs(found[0] - weights_after(fused, [])[0]).min() > 0.01


def test_a_row_that_is_read_twice_has_the_sum_of_its_gradients():
    """A gather's gradient names rows; the first step of Adam is one learning rate."""
    table = keras.Variable(np.ones([4, 2]), dtype="float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.gather(table.value, [1, 1, 3]))
    gradients = tape.gradient(loss, [table.value])
    FusedAdamW(0.1, decay=0.5, clip_norm=1e9).apply(gradients, [table])
    wanted = np.array([0.95, 0.85, 0.95, 0.85])[:, None].repeat(2, 1)
    np.testing.assert_allclose(table.numpy(), wanted, rtol=1e-5)


def test_the_norm_is_that_before_clipping():
    weights = [keras.Variable([0.0]), keras.Variable([0.0])]
    norm = FusedAdamW(clip_norm=1.0).apply([tf.ones(1) * 3, tf.ones(1) * 4], weights)
    assert float(norm) == 5.0


def test_it_is_made_again_from_its_config():
    optimizer = FusedAdamW(0.25, decay=0.5, clip_norm=2.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert (again.decay, again.clip_norm) == (0.5, 2.0)
