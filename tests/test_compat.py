"""Tests of tfrec.compat: what a platform lacks, and two Keras under one roof."""

import subprocess
import sys

import pytest

from tfrec import compat
from tfrec.errors import MissingPackageError

KERAS_STAYS = """
{first}
from tfrec.compat import tfrs_scann_layer
layer = tfrs_scann_layer()
import keras, tensorflow as tf
assert layer.__name__ == "ScaNN"
assert keras.__version__.startswith("3."), keras.__version__
assert tf.keras.__version__ == keras.__version__, tf.keras.__version__
assert tf.keras.layers.Dense is keras.layers.Dense
"""


@pytest.fixture
def forgetful():
    """Lets each test import anew, and leaves nothing behind."""
    functions = (compat.tensorflow_text, compat.tfrs_scann_layer)
    for function in functions:
        function.cache_clear()
    yield
    for function in functions:
        function.cache_clear()


@pytest.mark.parametrize(
    "first", ["", "import tensorflow as tf", "import keras", "import tf_keras"]
)
def test_keras_3_survives_in_any_order_of_imports(first):
    pytest.importorskip("scann")
    code = KERAS_STAYS.format(first=first)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_scann_the_exact_index_is_named(monkeypatch, forgetful):
    monkeypatch.setitem(sys.modules, "scann", None)  # as if it were not installed
    assert not compat.has_scann()
    with pytest.raises(MissingPackageError, match='set `export.index = "exact"`'):
        compat.tfrs_scann_layer()


def test_without_tensorflow_text_other_models_are_named(monkeypatch, forgetful):
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    with pytest.raises(MissingPackageError, match='`model.text_encoder = "none"`'):
        compat.tensorflow_text()


def test_with_scann_the_layer_is_tfrs_own():
    pytest.importorskip("scann")
    assert compat.has_scann()
    assert compat.tfrs_scann_layer().__module__.endswith("layers.factorized_top_k")


def test_a_library_without_scann_is_still_whole():
    """The exact path in a process where neither ScaNN nor TFRS can be imported."""
    code = """
import sys
for name in ("scann", "tensorflow_recommenders"):
    sys.modules[name] = None
import numpy as np
from tfrec.retrieval.brute_force import BruteForceIndex
index = BruteForceIndex().build(np.array(["a", "b"]), np.eye(2, dtype="float32"))
ids, scores = index.search(np.array([[0.2, 0.9]], "float32"), 1)
assert ids.numpy().tolist() == [[b"b"]], ids
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
