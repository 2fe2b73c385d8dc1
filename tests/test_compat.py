"""Tests of tfrec.compat: what a platform lacks, and two Keras under one roof."""

import importlib.metadata
import importlib.util
import subprocess
import sys

import pytest
import tensorflow as tf

from tests.scann_here import need_scann
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
    need_scann()
    code = KERAS_STAYS.format(first=first)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_scann_the_exact_index_is_named(monkeypatch, forgetful):
    monkeypatch.setitem(sys.modules, "scann", None)  # as if it were not installed
    assert not compat.has_scann()
    with pytest.raises(MissingPackageError, match='set `export.index = "exact"`'):
        compat.tfrs_scann_layer()


@pytest.mark.parametrize(
    "error", ["tf.errors.NotFoundError(None, None, 'no symbol')", "OSError('no libm')"]
)
def test_a_scann_that_does_not_load_is_as_good_as_none(
    monkeypatch, forgetful, tmp_path, error
):
    """As under TensorFlow 2.21, whose symbols scann 1.4.2 does not find."""
    for name in [name for name in sys.modules if name.split(".")[0] == "scann"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "scann.py").write_text(f"import tensorflow as tf\nraise {error}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert importlib.util.find_spec("scann").origin == str(tmp_path / "scann.py")
    assert not compat.has_scann()
    words = (
        r"`scann` is needed .*\(.*no .*\)\. ScaNN 1.4 needs Linux and TensorFlow 2.20"
    )
    with pytest.raises(MissingPackageError, match=words):
        compat.tfrs_scann_layer()


def test_scann_loads_beside_its_own_tensorflow():
    """Or else all of its tests would be skipped, and nobody the wiser."""
    installed = {each.name for each in importlib.metadata.distributions()}
    if "scann" not in installed or not tf.__version__.startswith("2.20."):
        pytest.skip("scann 1.4 and TensorFlow 2.20 are not both installed.")
    assert compat.has_scann()


def test_without_tensorflow_text_other_models_are_named(monkeypatch, forgetful):
    monkeypatch.setitem(sys.modules, "tensorflow_text", None)
    with pytest.raises(MissingPackageError, match='`model.text_encoder = "none"`'):
        compat.tensorflow_text()


def test_with_scann_the_layer_is_tfrs_own():
    need_scann()
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
