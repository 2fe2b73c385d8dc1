"""Functions as graphs."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import config  # its public face can only enable


def graph(function: Callable, **options: Any) -> Any:
    """`tf.function` without AutoGraph.

    AutoGraph turns Python's `if` and `for` on tensors into those of a graph. The
    library's code has none, and rewriting all that is called, Keras included, takes
    half of the time of a trace.

    Args:
        function: what is to be traced.
        **options: of `tf.function`.
    """
    return tf.function(function, autograph=False, **options)


def private_graph(function: Callable, **options: Any) -> Callable:
    """`graph` as a plain function, which is saved only as a part of its callers.

    A SavedModel would hold every `tf.function` of a module or layer by itself.

    Args:
        function: what is to be traced.
        **options: of `tf.function`.
    """
    traced = graph(function, **options)
    return lambda *args, **kwargs: traced(*args, **kwargs)


@contextlib.contextmanager
def running_once() -> Iterator[None]:
    """Context for graphs that run once: optimising them would take longer."""
    name = "disable_meta_optimizer"
    before = tf.config.optimizer.get_experimental_options().get(name, False)
    tf.config.optimizer.set_experimental_options({name: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({name: before})


@contextlib.contextmanager
def deterministic_ops(are_wanted: bool = True) -> Iterator[None]:
    """Context whose operations give the same each time, which takes longer.

    Nothing there may ask for the clock, as answers of a model do.

    Args:
        are_wanted: whether they are to; without it the context changes nothing.
    """
    if not are_wanted or config.is_op_determinism_enabled():
        yield
        return
    config.enable_op_determinism()
    try:
        yield
    finally:
        config.disable_op_determinism()


def required(
    tensor: tf.Tensor, holds: tf.Tensor, rule: str, received: Any
) -> tf.Tensor:
    """The tensor, or an error of an invalid argument where a condition does not hold.

    It is a single operation; a check of `tf.debugging` is a conditional.

    Args:
        tensor: what is given on.
        holds: scalar bool tensor.
        rule: what must hold, and why.
        received: tensor to be shown.

    Raises:
        tf.errors.InvalidArgumentError: it does not hold.
    """
    data = [f"{rule} Received:", received]
    with tf.control_dependencies([tf.raw_ops.Assert(condition=holds, data=data)]):
        return tf.identity(tensor)


def shared_graph(function: Callable) -> Callable:
    """One trace of a function for all graphs that call it; eagerly it runs as it is."""
    traced = private_graph(function)

    def call(*args, **kwargs):
        return (traced if tf.inside_function() else function)(*args, **kwargs)

    return call
