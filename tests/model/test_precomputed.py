"""Tests of towers whose items bring their text vectors."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.model.checkerboard import small_config
from tests.model.conftest import make_windows
from tfrec.data.schema import Items
from tfrec.errors import DataError
from tfrec.inference.text_vectors import text_vectors
from tfrec.text.precomputed import precomputed_encoders
from tfrec.training.building import make_towers


@pytest.fixture
def items(board):
    dataset, _ = board
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(len(dataset.items), 5))
    frame = dataset.items.frame.assign(vector=pd.Series([*vectors], dtype=object))
    return Items(frame)


@pytest.fixture
def model(board, items):
    _, interactions = board
    of_items, of_queries = precomputed_encoders(items)
    towers = make_towers(small_config())
    return towers.adapt(interactions, items, None, of_items, None, of_queries)


def test_items_have_their_vectors_and_peoples_texts_their_words(model, items):
    words = model.words(8)(tf.constant(items.texts))
    expected = np.concatenate([items.vectors, words], axis=1)
    np.testing.assert_allclose(model.texts.items.vectors, expected, atol=1e-6)
    expected[:, :5] = 0
    np.testing.assert_allclose(model.texts.searches.vectors, expected, atol=1e-6)


def test_a_text_at_serving_time_has_its_words_alone(model, items):
    of_items, of_queries = text_vectors(model)
    texts = tf.constant(items.texts[:2])
    for encode in (of_items, of_queries):
        found = encode(texts).numpy()
        assert (found[:, :5] == 0).all()
        assert np.abs(found[:, 5:]).max() > 0.1


@pytest.mark.filterwarnings("ignore:__array__ impl")  # Keras saving under NumPy 2.4
def test_they_train_and_are_saved(model, board, tmp_path):
    _, interactions = board
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    model.fit(make_windows(interactions), steps_per_epoch=2, shuffle=False, verbose=0)
    model.save(tmp_path / "towers.keras")
    again = keras.models.load_model(tmp_path / "towers.keras")
    found = again.all_candidates().numpy()
    np.testing.assert_allclose(found, model.all_candidates(), atol=1e-6)


def test_items_without_vectors(board):
    dataset, _ = board
    with pytest.raises(DataError, match='column `vector`, because .*"precomputed"'):
        precomputed_encoders(dataset.items)
