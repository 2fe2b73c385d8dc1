"""What a saved model's signature takes and gives, read from its proto."""

import functools
from dataclasses import dataclass, field

import numpy as np

from tfrec.protocol.codec import dtype_name, read_tensor


@dataclass(frozen=True)
class TensorSpec:
    """Type and shape of one input or output.

    Attributes:
        dtype: numpy name, or `"string"`.
        shape: sizes with -1 for any, or None when even the rank is open.

    Example:
        >>> print(TensorSpec("float32", (-1, 3)), TensorSpec("string", None))
        float32 [?, 3] string [...]
    """

    dtype: str
    shape: tuple[int, ...] | None

    def __str__(self):
        if self.shape is None:
            return f"{self.dtype} [...]"
        sizes = ("?" if size < 0 else str(size) for size in self.shape)
        return f"{self.dtype} [{', '.join(sizes)}]"

    @functools.cached_property
    def numpy_dtype(self) -> np.dtype:
        """Of arrays that hold it."""
        return np.dtype(object if self.dtype == "string" else self.dtype)

    @functools.cached_property
    def is_batched(self) -> bool:
        """Whether the first dimension is the batch."""
        return (self.shape or ())[:1] == (-1,)

    def accepts(self, shape) -> bool:
        """Whether an array of this shape fits."""
        if self.shape is None:
            return True
        if len(shape) != len(self.shape):
            return False
        for given, size in zip(shape, self.shape, strict=True):
            if size not in (-1, given):
                return False
        return True


@dataclass(frozen=True)
class Signature:
    """One entry point.

    Attributes:
        inputs: name to `TensorSpec`.
        outputs: the same of what comes back.
        defaults: arrays of the inputs that may be absent.
        feeds: input name to the graph's own name for it.
    """

    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]
    defaults: dict[str, np.ndarray]
    feeds: dict[str, str] = field(default_factory=dict)


def read_signatures(protos) -> dict[str, Signature]:
    """`Signature`s from a map of SignatureDefs, without TensorFlow's own."""
    return {
        name: Signature(
            inputs={key: _spec(info) for key, info in sorted(proto.inputs.items())},
            outputs={key: _spec(info) for key, info in sorted(proto.outputs.items())},
            defaults={key: read_tensor(value) for key, value in proto.defaults.items()},
            feeds={key: info.name for key, info in proto.inputs.items()},
        )
        for name, proto in sorted(protos.items())
        if not name.startswith("__")  # such as __saved_model_init_op
    }


def _spec(info):
    shape = info.tensor_shape
    sizes = None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)
    return TensorSpec(dtype_name(info.dtype), sizes)
