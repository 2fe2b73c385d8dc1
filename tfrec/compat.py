"""The one place that knows about packages a platform may lack or must be coaxed.

TensorFlow Recommenders 0.7 expects Keras 2 behind `tf.keras` at import time; the
rest of tfrec uses Keras 3. ScaNN has no wheels for macOS and Windows and does not load
beside another TensorFlow than its own; tensorflow-text has none for Windows.
Everything that needs neither must still work, and whether they work here is found out
by loading them.
"""

import functools
import logging
import platform

import tensorflow as tf

from tfrec.errors import MissingPackageError
from tfrec.lean_import import load_ops
from tfrec.optional import import_optional

logger = logging.getLogger(__name__)


_TEXT_PURPOSE = "in-graph WordPiece tokenising"
_WITHOUT_TEXT = (
    "Use Linux or macOS, or WSL on Windows; models without text towers "
    '(`model.text_encoder = "none"`) work without it.'
)
_SCANN_PURPOSE = "the ScaNN index"


@functools.cache
def tensorflow_text():
    """The `tensorflow_text` package; its import registers the tokenizer ops.

    Raises:
        MissingPackageError: tensorflow-text has no wheel for this platform.
    """
    return import_optional("tensorflow_text", _TEXT_PURPOSE, _WITHOUT_TEXT)


def load_op_library(name: str) -> None:
    """Registers the ops of a library that a saved model needs, and imports no package.

    Args:
        name: of those in `tfrec.lean_import.OPS`, as a manifest has it.

    Raises:
        MissingPackageError: it is not installed, or does not fit this TensorFlow.
    """
    words = {
        "tensorflow_text": (_TEXT_PURPOSE, _WITHOUT_TEXT),
        "scann": (_SCANN_PURPOSE, _without_scann()),
    }
    import_optional(name, *words[name], load_ops)


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
    words = (_SCANN_PURPOSE, _without_scann())
    # First: of its errors, TensorFlow Recommenders survives only one kind.
    import_optional("scann", *words)
    tf_keras = import_optional("tf_keras", *words)
    had_keras = "keras" in tf.__dict__
    previous = tf.__dict__.get("keras")
    tf.__dict__["keras"] = tf_keras
    try:
        tfrs = import_optional("tensorflow_recommenders", *words)
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
