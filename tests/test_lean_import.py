"""Tests of tfrec.lean_import, in a process that never saw TensorFlow."""

import gc
import subprocess
import sys

import pytest

from tfrec.lean_import import lean_imports

IMPORT = """
import gc, sys
from tfrec.lean_import import PLOTTING, lean_imports, load_ops
with lean_imports("keras", *PLOTTING):
    import tensorflow as tf
absent = {"keras", "matplotlib", "sklearn", "tensorflow_text"}
assert not absent & sys.modules.keys() and gc.isenabled()
load_ops("tensorflow_text")
assert not absent & sys.modules.keys()
from tensorflow.python.framework import op_def_registry
assert op_def_registry.get("FastBertNormalize")
import keras
assert tf.keras.layers.Dense is keras.layers.Dense
"""


def test_tensorflow_comes_without_keras_which_can_be_imported_later():
    pytest.importorskip("tensorflow_text")
    subprocess.run([sys.executable, "-c", IMPORT], check=True)


def test_what_was_hidden_can_be_imported_even_after_an_error():
    sys.modules.pop("antigravity", None)
    seen = {}

    def fail_inside():
        with lean_imports("antigravity", "sys"):
            seen.update(hidden=sys.modules["antigravity"], collects=gc.isenabled())
            assert sys.modules["sys"] is sys
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert seen == {"hidden": None, "collects": False}
    assert gc.isenabled()
    assert "antigravity" not in sys.modules
