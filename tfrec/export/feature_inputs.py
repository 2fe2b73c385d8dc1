"""Inputs of a model's own: those of its feature columns."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfrec.feature_columns import SIDES, FeatureColumn

if TYPE_CHECKING:  # it brings SciPy, which a server does without
    from tfrec.towers.adapted_state import AdaptedState

DTYPES = {"number": tf.float32, "time": tf.int64, "vector": tf.float32}


def feature_specs(state: "AdaptedState") -> dict[str, list[tf.TensorSpec]]:
    """Side -> specs of the inputs by which a request brings its columns.

    Args:
        state: of the model.
    """
    found: dict[str, list[tf.TensorSpec]] = {side: [] for side in SIDES}
    for coder in state.coders.values():
        for column, width in zip(coder.columns, coder.widths, strict=True):
            found[column.side].append(_spec(column, width))
    known = {spec.name for specs in found.values() for spec in specs}
    for column in state.features.words:
        if column.input_name not in known:
            found[column.side].append(_spec(column, 0))
    return found


def _spec(column: FeatureColumn, width: int) -> tf.TensorSpec:
    shape = [None, width] if width else [None]
    return tf.TensorSpec(
        shape, DTYPES.get(column.kind, tf.string), name=column.input_name
    )


def own_default(spec: tf.TensorSpec) -> np.ndarray:
    """What an input of a model's own is where it is left out: nothing is known.

    `""` of strings, NaN of numbers, 0 of times, zeros of a vector.
    """
    if spec.dtype == tf.string:
        return np.full([1] * spec.shape.rank, "", object)
    if spec.shape.rank == 2:
        return np.zeros([1, spec.shape[1]], np.float32)
    return np.array(
        [math.nan if spec.dtype.is_floating else 0], spec.dtype.as_numpy_dtype
    )


def taken_of(inputs: dict[str, Any], specs: Sequence[tf.TensorSpec]) -> dict[str, Any]:
    """Those of some inputs that these specs describe."""
    return {spec.name: inputs[spec.name] for spec in specs}
