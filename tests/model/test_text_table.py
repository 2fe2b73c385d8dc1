"""Tests of tfrec.towers.text_table."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.model.checkerboard import small_config
from tests.model.conftest import make_windows
from tfrec.data.schema import Users
from tfrec.text.catalogue_cache import CatalogueCache
from tfrec.text.lstm import LstmEncoder
from tfrec.text.vocabulary import learn_vocabulary
from tfrec.towers import text_table as texts_module
from tfrec.towers.text_table import TextTable, profile_texts
from tfrec.training.building import make_towers

TEXTS = ["red tea", "", "green tea", "red tea", "old pot"]


@pytest.fixture
def encoder():
    keras.utils.set_random_seed(0)
    return LstmEncoder(learn_vocabulary(TEXTS, 80), dim=3, units=4, max_length=8)


@pytest.fixture
def table(encoder):
    return TextTable(TEXTS, encoder)


def encoded(encoder):
    """Each text alone; `""` is the zero vector."""
    return np.stack([encoder([t])[0] if t else np.zeros(encoder.dim) for t in TEXTS])


def change(encoder):
    """As a step of training does."""
    for weight in encoder.trainable_variables:
        weight.assign_add(0.3 * tf.ones_like(weight))


def test_vectors_are_the_encoders_and_empty_texts_are_zero(table, encoder):
    np.testing.assert_allclose(table.vectors, encoded(encoder), atol=1e-6)
    assert np.abs(encoder([""])).max() > 0  # it is the table that says zero
    assert (table.vectors[1].numpy() == 0).all()


def test_without_an_encoder():
    table = TextTable(TEXTS, None)
    assert not table.learns
    assert table(tf.constant([0]), training=True).numpy().tolist() == [[0]] * 5


# === A tower that learns ===


def test_texts_of_the_batch_are_fresh_and_the_others_as_last_seen(table, encoder):
    before = encoded(encoder)
    change(encoder)
    after = encoded(encoder)
    assert np.abs(after - before)[[0, 2, 4]].min() > 1e-4
    rows = tf.constant([[2, -1], [2, 1]])
    found = table(rows, training=True).numpy()
    expected = before.copy()
    expected[2] = after[2]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(table.vectors, expected, atol=1e-6)  # and kept


def test_gradient_reaches_the_encoder_through_fresh_texts_only(table, encoder):
    variables = [v.value for v in encoder.trainable_variables]
    weights = tf.random.stateless_normal([5, 3], [0, 1])

    def gradients(vectors_of):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(vectors_of() * weights)
        found = tape.gradient(loss, variables)
        return [tf.convert_to_tensor(each).numpy() for each in found]

    ours = gradients(lambda: table(tf.constant([2, 4, 4]), training=True))
    fresh = tf.constant([[2], [4]])
    vectors = ["green tea", "old pot"]
    expected = gradients(
        lambda: tf.scatter_nd(fresh, encoder(tf.constant(vectors)), [5, 3])
    )
    assert max(np.abs(each).max() for each in expected) > 1e-3
    for found, wanted in zip(ours, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_no_batch_encodes_more_than_its_share(table, encoder, monkeypatch):
    """The empty text takes no place of it."""
    monkeypatch.setattr(texts_module, "FRESH_TEXTS", 2)
    before = encoded(encoder)
    change(encoder)
    found = table(tf.constant([1, 4, 2, 0]), training=True).numpy()
    expected = before.copy()
    expected[[4, 2]] = encoded(encoder)[[4, 2]]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_serving_reads_the_table_as_it_stands(table, encoder):
    before = encoded(encoder)
    change(encoder)
    np.testing.assert_allclose(table(tf.constant([0, 2])), before, atol=1e-6)


def test_refresh_encodes_everything(table, encoder):
    change(encoder)
    table.refresh()
    np.testing.assert_allclose(table.vectors, encoded(encoder), atol=1e-6)


def test_a_step_of_training_moves_the_encoder(board):
    dataset, interactions = board
    titles = dataset.items.frame["title"]
    keras.utils.set_random_seed(0)
    encoder = LstmEncoder(learn_vocabulary(titles, 80), dim=4, units=4, max_length=8)
    model = make_towers(small_config()).adapt(
        interactions, dataset.items, None, encoder
    )
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    before = encoder.get_weights()
    model.fit(make_windows(interactions), steps_per_epoch=2, shuffle=False, verbose=0)
    moved = [
        np.abs(new - old).max()
        for new, old in zip(encoder.get_weights(), before, strict=True)
    ]
    assert min(moved) > 1e-6
    model.texts.refresh()
    texts = tf.constant(dataset.items.texts)
    expected = np.c_[encoder(texts), model.words(8)(texts)]
    np.testing.assert_allclose(model.texts.items.vectors, expected, atol=1e-5)
    np.testing.assert_allclose(model.texts.items.encoded, encoder(texts), atol=1e-5)


# === A frozen tower ===


@pytest.fixture
def frozen(encoder):
    encoder.trainable = False
    return encoder


def test_a_frozen_towers_vectors_are_constants(frozen):
    table = TextTable(TEXTS, frozen)
    assert not table.learns
    assert not isinstance(table.vectors, tf.Variable)
    before = table.vectors.numpy()
    np.testing.assert_allclose(before, encoded(frozen), atol=1e-6)
    with tf.GradientTape() as tape:
        found = table(tf.constant([0, 2]), training=True)
    assert tape.gradient(found, [v.value for v in frozen.variables]).count(None) > 0
    table.refresh()
    np.testing.assert_array_equal(found, before)


def test_a_frozen_tower_is_read_from_the_cache(frozen, tmp_path):
    cache = CatalogueCache(tmp_path)
    first = TextTable(TEXTS, frozen, cache)
    again = TextTable(TEXTS, frozen, CatalogueCache(tmp_path))
    assert cache.misses > 0
    np.testing.assert_array_equal(again.vectors, first.vectors)
    np.testing.assert_allclose(again.vectors, encoded(frozen), atol=1e-6)


def test_a_learning_tower_leaves_the_cache_alone(encoder, tmp_path):
    cache = CatalogueCache(tmp_path)
    TextTable(TEXTS, encoder, cache)
    assert cache.misses == cache.hits == 0


# === Profiles ===


def test_profiles_in_the_order_of_the_log():
    users = Users(pd.DataFrame({"user_id": ["b", "z", "a"], "text": ["B", "Z", "A"]}))
    assert profile_texts(users, ["a", "b", "c"]).tolist() == ["A", "B", ""]
    assert profile_texts(None, ["a", "b"]).tolist() == ["", ""]
