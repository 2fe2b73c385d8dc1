"""Inputs of a model's own: feature columns, and limits of the items' attributes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from tfrec.feature_columns import SIDES, FeatureColumn

if TYPE_CHECKING:  # it brings SciPy, which a server does without
    from tfrec.towers.adapted_state import AdaptedState

DTYPES = {"number": tf.float32, "time": tf.int64, "vector": tf.float32}


def known_columns(state: AdaptedState) -> list[FeatureColumn]:
    """The feature columns of a model, with the widths of vectors.

    Args:
        state: of the model.
    """
    found: dict[str, FeatureColumn] = {}
    for side in SIDES:
        coded = getattr(state.features, side)
        for column, cells in zip(coded.columns, coded.cells, strict=True):
            width = cells.shape[1] if column.kind == "vector" else 0
            # Whoever asks brings vectors as numbers: a file is of the log alone.
            found[column.input_name] = replace(column, width=width, file="")
    for column in state.features.words:
        found.setdefault(column.input_name, column)
    return [*found.values()]


def attributes(state: AdaptedState) -> dict[str, np.ndarray]:
    """Name -> `[num_items]` array of the columns of items, but for vectors.

    Args:
        state: of the model.
    """
    items = state.features.items
    return {
        column.name: items.values(place)
        for place, column in enumerate(items.columns)
        if column.kind != "vector"
    }


def feature_specs(state: AdaptedState) -> dict[str, list[tf.TensorSpec]]:
    """Side -> specs of the inputs by which a request brings its columns.

    Args:
        state: of the model.
    """
    read = [each for each in known_columns(state) if each.uses & {"towers", "words"}]
    return {
        side: [_spec(column) for column in read if column.side == side]
        for side in SIDES
    }


def filter_specs(state: AdaptedState) -> list[tf.TensorSpec]:
    """Specs of the inputs by which a request is narrowed to some items.

    Args:
        state: of the model.
    """
    return [
        tf.TensorSpec(
            [None] if column.kind in DTYPES else [None, None],
            DTYPES.get(column.kind, tf.string),
            name=name,
        )
        for column in state.features.items.columns
        for name in column.filter_names.values()
    ]


def _spec(column: FeatureColumn) -> tf.TensorSpec:
    shape = [None, column.width] if column.width else [None]
    return tf.TensorSpec(
        shape, DTYPES.get(column.kind, tf.string), name=column.input_name
    )


def own_default(spec: tf.TensorSpec) -> np.ndarray:
    """What an input of a model's own is where it is left out.

    `""` of strings, NaN of numbers, 0 of times, zeros of a vector: nothing is known,
    and nothing limited.
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
