"""Functions of a loaded model, called without what TensorFlow does around a call."""

import tensorflow as tf


class Call:
    """A loaded concrete function as one op.

    A concrete function binds, casts and wraps its arguments anew at every call, which
    takes longer than many a graph. Here this is done once.

    Args:
        function: `tf.types.experimental.ConcreteFunction` whose inputs are tensors and
            whose result is a dict of them.
        **fixed: inputs that are the same in every call.

    Example:
        >>> double = tf.function(lambda x: {"y": 2 * x})
        >>> function = double.get_concrete_function(tf.TensorSpec([None]))
        >>> Call(function)(x=tf.constant([1.5]))["y"].numpy()
        array([3.], dtype=float32)
    """

    def __init__(self, function, **fixed):
        self._function = function  # its variables live as long as it does
        kinds = function.function_type.parameters.values()
        by_name = [kind for kind in kinds if kind.kind is kind.KEYWORD_ONLY]
        ordered = [kind for kind in kinds if kind.kind is not kind.KEYWORD_ONLY]
        ordered += sorted(by_name, key=lambda kind: kind.name)
        self._names = [kind.name for kind in ordered]
        self._fixed = fixed
        self._dtypes = [tensor.dtype for tensor in function.outputs]
        self._outputs = sorted(function.structured_outputs)

    def __call__(self, **inputs):
        """Name to tensor; inputs are tensors, or arrays of just the right dtypes."""
        given = {**self._fixed, **inputs}
        tensors = tf.raw_ops.StatefulPartitionedCall(
            args=[*(given[n] for n in self._names), *self._function.captured_inputs],
            Tout=self._dtypes,
            f=self._function.inference_fn,
        )
        return dict(zip(self._outputs, tensors, strict=True))
