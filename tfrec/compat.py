"""The one place that knows about packages a platform may lack or must be coaxed.

TensorFlow Recommenders 0.7 expects Keras 2 behind `tf.keras` at import time; the
rest of tfrec uses Keras 3. ScaNN has no wheels for macOS and Windows and does not load
beside another TensorFlow than its own; tensorflow-text has none for Windows.
Everything that needs neither must still work, and whether they work here is found out
by loading them.
"""

import contextlib
import functools
import logging
import platform
from collections.abc import Callable

import keras
import tensorflow as tf

from tfrec.errors import MissingPackageError
from tfrec.optional import import_optional

logger = logging.getLogger(__name__)


@functools.cache
def tensorflow_text():
    """The `tensorflow_text` package; its import registers the tokenizer ops.

    Raises:
        MissingPackageError: tensorflow-text has no wheel for this platform.
    """
    return import_optional(
        "tensorflow_text",
        "in-graph WordPiece tokenising",
        "Use Linux or macOS, or WSL on Windows; models without text towers "
        '(`model.text_encoder = "none"`) work without it.',
    )


def scann():
    """The `scann` package; its import registers the ops of the ScaNN index.

    Raises:
        MissingPackageError: it is not installed, or does not fit this TensorFlow.
    """
    return import_optional("scann", "the ScaNN index", _without_scann())


# By the name that a manifest gives them: what registers the ops of a saved model.
OP_LIBRARIES: dict[str, Callable] = {
    "tensorflow_text": tensorflow_text,
    "scann": scann,
}


def _without_scann():
    return (
        "ScaNN 1.4 needs Linux and TensorFlow 2.20 (`pip install tfrec[scann]`); "
        f"here is {platform.system()} with TensorFlow {tf.__version__}. The exact "
        'index works everywhere: set `export.index = "exact"`, or serve the exact '
        "flavour."
    )


@functools.cache
def tfrs_scann_layer():
    """The class `tfrs.layers.factorized_top_k.ScaNN`, next to an intact Keras 3.

    `tf.keras` is Keras 2 only while TensorFlow Recommenders is being imported, and
    that only once ScaNN has been, without which nothing of it is used here.

    Raises:
        MissingPackageError: ScaNN or TensorFlow Recommenders is not installed, or
            does not fit this TensorFlow.
    """
    scann()  # first: of its errors, TensorFlow Recommenders survives only one kind
    instead = _without_scann()
    tf_keras = import_optional("tf_keras", "the ScaNN index", instead)
    had_keras = "keras" in tf.__dict__
    previous = tf.__dict__.get("keras")
    tf.__dict__["keras"] = tf_keras
    try:
        tfrs = import_optional("tensorflow_recommenders", "the ScaNN index", instead)
    finally:
        if had_keras:
            tf.__dict__["keras"] = previous
        else:
            del tf.__dict__["keras"]
    return tfrs.layers.factorized_top_k.ScaNN


def has_scann():
    """Whether the ScaNN index can be built here, found out by loading it."""
    try:
        tfrs_scann_layer()
    except MissingPackageError as error:
        logger.info("No ScaNN index here: %s", error)
        return False
    return True


@contextlib.contextmanager
def keras_variables_saved_once():
    """While it lasts, a Keras variable is saved as the one variable that it is.

    Keras 3.15 saves two: the functions read one and a TF Serving session restores
    the other, which `tf.saved_model.load` does not show.

    Reference:
        https://github.com/keras-team/keras/issues/20095
    """
    original = keras.Variable._export_to_saved_model_graph

    def export(self, object_map, tensor_map, options, **kwargs):
        resources = self.value._export_to_saved_model_graph(
            object_map, tensor_map, options, **kwargs
        )
        object_map[self] = object_map[self.value]
        return resources

    keras.Variable._export_to_saved_model_graph = export
    try:
        yield
    finally:
        keras.Variable._export_to_saved_model_graph = original
