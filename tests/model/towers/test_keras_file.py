"""A `TwoTower` as a `.keras` file: what comes back is the model that was saved."""

import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.model.checkerboard import small_config
from tests.model.conftest import make_windows
from tests.training.toy_fit import toy_model
from tfrec.errors import ConfigError, NotBuiltError
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.inference.inference import exact_inference
from tfrec.text.custom import FunctionEncoder
from tfrec.training.building import make_towers

# Keras' own: its variables do not know the `copy` of NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")


def reloaded(model, folder):
    path = folder / "towers.keras"
    model.save(path)
    return keras.models.load_model(path)


def check_equal(found, expected):
    """All outputs but those of items that each call draws anew."""
    for name in sorted(expected.keys() - {"sampled", "sampled_logits"}):
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


@pytest.fixture(scope="module")
def with_texts():
    """`(TwoTower, batch)` of the toy log, with an LSTM that learns and profiles."""
    model, split, _ = toy_model()
    return model, next(iter(make_windows(split.train)))


def test_outputs_are_equal(learnt, board, tmp_path):
    again = reloaded(learnt, tmp_path)
    assert again.get_config() == learnt.get_config()
    batch = next(iter(make_windows(board[1])))
    check_equal(again(batch), learnt(batch))
    np.testing.assert_array_equal(again.all_candidates(), learnt.all_candidates())


def test_outputs_with_texts_are_equal(with_texts, tmp_path):
    model, batch = with_texts
    again = reloaded(model, tmp_path)
    check_equal(again(batch), model(batch))
    new = tf.constant(["waves and old guitars", ""])
    np.testing.assert_array_equal(again.text_encoder(new), model.text_encoder(new))
    np.testing.assert_array_equal(
        again.words(again.bm25_dim)(new), model.words(model.bm25_dim)(new)
    )
    again.texts.refresh()  # by the encoder's weights, which came later than the vectors
    np.testing.assert_allclose(
        again.texts.items.vectors, model.texts.items.vectors, atol=1e-6
    )


def test_it_recommends_the_same(learnt, board, tmp_path):
    """What stands around the towers: catalogue, kinds, real queries for the index."""
    answers = []
    for model in (learnt, reloaded(learnt, tmp_path)):
        hybrid = HybridModel(model).fit_scorers(board[1]).hybrid_scorer()
        answers.append(exact_inference(hybrid).recommend_ids([["i00", "i02"]], 5, ()))
        assert len(model.sample_queries) == 16
    for found, expected in zip(*answers, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_training_goes_on_where_it_was(board, tmp_path):
    dataset, interactions = board
    model = make_towers(small_config()).adapt(interactions, dataset.items)
    model.compile(optimizer=keras.optimizers.Adam(0.01), run_eagerly=True)
    windows = make_windows(interactions)
    model.fit(windows, steps_per_epoch=3, shuffle=False, verbose=0)
    again = reloaded(model, tmp_path)
    states = zip(again.optimizer.variables, model.optimizer.variables, strict=True)
    for found, expected in states:
        np.testing.assert_array_equal(found, expected)
    assert int(again.optimizer.iterations) == 3
    again.fit(windows, steps_per_epoch=1, shuffle=False, verbose=0)
    assert int(again.optimizer.iterations) == 4


@pytest.mark.slow
def test_a_fresh_process_needs_the_class_and_the_file(with_texts, tmp_path):
    model, batch = with_texts
    model.save(tmp_path / "towers.keras")
    np.savez(tmp_path / "batch.npz", **{k: v.numpy() for k, v in batch.items()})
    program = (
        "import sys, keras, numpy as np, tfrec; tfrec.TwoTower\n"
        "model = keras.models.load_model(sys.argv[1])\n"
        "np.save(sys.argv[3], model(dict(np.load(sys.argv[2])))['queries'])\n"
    )
    paths = [tmp_path / name for name in ("towers.keras", "batch.npz", "queries.npy")]
    root = pathlib.Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", program, *paths], check=True, cwd=root)
    np.testing.assert_allclose(np.load(paths[2]), model(batch)["queries"], atol=1e-6)


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_without_a_catalogue_is_not_saved(tmp_path):
    with pytest.raises(NotBuiltError, match="Call `adapt` first"):
        make_towers(small_config()).save(tmp_path / "towers.keras")


def test_a_function_has_no_configuration(board, tmp_path):
    dataset, interactions = board
    encoder = FunctionEncoder(lambda texts: tf.ones([tf.shape(texts)[0], 2]))
    model = make_towers(small_config())
    model.adapt(interactions, dataset.items, text_encoder=encoder)
    with pytest.raises(ConfigError, match=r"must be a Keras layer.*FunctionEncoder"):
        model.save(tmp_path / "towers.keras")
