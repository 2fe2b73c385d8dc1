"""A text encoder of one's own: any TensorFlow function from strings to vectors."""

import functools
import uuid
from collections.abc import Callable

import tensorflow as tf

from tfrec.text.encoder import traced


class FunctionEncoder(tf.Module):
    """A function of `[n]` strings as a text encoder that does not learn.

    It is saved with the model, so it must be made of TensorFlow ops; what it reads
    (variables, tables) must be among `parts`, or be constant. Its vectors are encoded
    anew in every run, since nobody knows when it changes.

    Args:
        function: `[n]` string tensor -> `[n, dim]` float tensor.
        *parts: layers, modules or tables that it uses.
    """

    encode = functools.cached_property(traced)

    def __init__(self, function: Callable, *parts):
        super().__init__(name="function_encoder")
        self._function, self._parts = function, list(parts)
        self.dim = int(self(tf.constant([""])).shape[1])
        self.fingerprint = uuid.uuid4().hex

    def __call__(self, texts):
        vectors = self._function(tf.convert_to_tensor(texts, tf.string))
        return tf.cast(vectors, tf.float32)

    def count_tokens(self, texts):
        """`[n]` int32: lengths of texts, in bytes."""
        return tf.strings.length(texts)

    @property
    def trainable_variables(self):
        """None: the function is as it is."""
        return ()

    @property
    def is_trainable(self):
        """Whether vectors may change from run to run: so, none are kept on disk."""
        return True
