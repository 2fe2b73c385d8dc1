"""Functions of a loaded model, called without what TensorFlow does around a call."""

import tensorflow as tf

from tfrec.export.saved_functions import SavedFunction


class Call:
    """A loaded concrete function with no more than its op around it.

    A concrete function binds, casts and wraps its arguments anew at every call, which
    takes longer than many a graph. Here this is done once.

    Args:
        function: `SavedFunction`, or `tf.types.experimental.ConcreteFunction` whose
            inputs are tensors and whose result is a dict of them.
        **fixed: tensors of the inputs that are the same in every call.

    Example:
        >>> double = tf.function(lambda x: {"y": 2 * x})
        >>> function = double.get_concrete_function(tf.TensorSpec([None]))
        >>> Call(function)(x=tf.constant([1.5]))["y"].numpy()
        array([3.], dtype=float32)
    """

    def __init__(self, function, **fixed):
        self._function = function  # its variables live as long as it does
        if isinstance(function, SavedFunction):
            self._names, self._call_flat = function.names, function.call_flat
        else:
            self._names = _names(function)
            self._call_flat = function.inference_fn.call_flat
        self._fixed = fixed
        self._outputs = sorted(function.structured_outputs)

    def __call__(self, **inputs):
        """Answers one call.

        Args:
            **inputs: tensors, or arrays of just the right dtypes, which are not cast.

        Returns:
            Name to tensor.

        Raises:
            KeyError: an input is absent.
            tf.errors.OpError: the graph refused the values.
        """
        given = {**self._fixed, **inputs}
        # Not by `tf.raw_ops`: what they call stays in memory when the model is let go.
        tensors = self._call_flat(
            *(_tensor(given[name]) for name in self._names),
            *self._function.captured_inputs,
        )
        return dict(zip(self._outputs, tensors, strict=True))


def _tensor(value):
    return value if isinstance(value, tf.Tensor) else tf.constant(value)


def _names(function):
    """Of a concrete function's inputs, in their order: those without a place last."""
    kinds = function.function_type.parameters.values()
    by_name = [kind for kind in kinds if kind.kind is kind.KEYWORD_ONLY]
    ordered = [kind for kind in kinds if kind.kind is not kind.KEYWORD_ONLY]
    ordered += sorted(by_name, key=lambda kind: kind.name)
    return [kind.name for kind in ordered]
