"""Functions as graphs."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def graph(function: Callable, **options: Any) -> Any:
    """`tf.function` that takes Python as it is written.

    AutoGraph, which turns Python's `if` and `for` on tensors into those of a graph, is
    left out: none of the library's code needs it, and rewriting all that is called,
    Keras included, takes half of the time of a trace.

    Args:
        function: what is to be traced.
        **options: of `tf.function`.
    """
    return tf.function(function, autograph=False, **options)
