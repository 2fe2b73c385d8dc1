"""All feature columns of one side, as one row of parts of one embedding table."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

from tfrec.data.coded_columns import DAY_S, CodedColumns
from tfrec.feature_columns import FeatureColumn
from tfrec.features.column_coders import CODERS, Coder, VectorCoder, fit_coder

Tensor: TypeAlias = Any


class CodedFeatures(NamedTuple):
    """What is known of some rows: of each of C columns up to S parts."""

    ids: Tensor  # [..., C, S] int32 rows of the embedding table
    weights: Tensor  # [..., C, S] float32, 0 = padding
    vectors: Tensor  # [..., width] float32, those of all vector columns


class SideCoder(tf.Module):
    """Codes the feature columns of one side.

    Args:
        columns: `FeatureColumn`s.
        coders: one for each.

    Attributes:
        num_ids: rows of the embedding table.
        starts: `[C]` int32, the row of each column's missing cell.
        widths: of the vectors of each column, 0 for other kinds.
        num_parts: of each column's cells, at most.
    """

    def __init__(self, columns: Sequence[FeatureColumn], coders: Sequence[Coder]):
        super().__init__()
        self.columns, self.coders = tuple(columns), list(coders)
        sizes = [each.num_ids for each in self.coders]
        self.starts = np.cumsum([0, *sizes[:-1]]).astype(np.int32)
        self.num_ids, self.widths = sum(sizes), [each.width for each in self.coders]
        self.num_parts = [each.num_parts for each in self.coders]

    @classmethod
    def fit(cls, coded: CodedColumns) -> "SideCoder":
        """Learns what a table's columns hold, from the rows that it has."""
        coders = []
        for number, column in enumerate(coded.columns):
            cells = coded.cells[number]
            counts = np.bincount(coded.rows[:, number], minlength=len(cells))
            coders.append(fit_coder(column.kind, cells, counts))
        return cls(coded.columns, coders)

    def __call__(
        self, inputs: Mapping[str, Tensor], num_rows: Tensor, now: Tensor | None = None
    ) -> CodedFeatures:
        """Codes raw cells.

        Args:
            inputs: `input_name` of a column -> `[n]` tensor: float32 of numbers, int64
                UTC seconds of times (0 = missing), strings; `[n, width]` float32 of
                vectors. A column that is left out is missing.
            num_rows: scalar int32 tensor, n.
            now: `[n]` int64 tensor of UTC seconds at which ages are taken, or None
                where times are read as they are.
        """
        cells = [
            self._cells(column, coder, inputs, num_rows, now)
            for column, coder in zip(self.columns, self.coders, strict=True)
        ]
        parts = [self.parts(number, cell) for number, cell in enumerate(cells)]
        vectors = [
            coder.dense(cell)
            for coder, cell in zip(self.coders, cells, strict=True)
            if isinstance(coder, VectorCoder)
        ]
        return CodedFeatures(
            tf.stack([ids for ids, _ in parts], axis=1),
            tf.stack([weights for _, weights in parts], axis=1),
            tf.concat([tf.zeros([num_rows, 0]), *vectors], axis=1),
        )

    def parts(self, number: int, cells: Tensor) -> tuple[Tensor, Tensor]:
        """`(ids, weights)`, `[n, S]` each, of `[n]` cells of a column by its number."""
        ids, weights = self.coders[number](cells)
        padding = [[0, 0], [0, max(self.num_parts) - self.num_parts[number]]]
        return tf.pad(ids, padding) + self.starts[number], tf.pad(weights, padding)

    def _cells(self, column, coder, inputs, num_rows, now):
        if column.input_name not in inputs:
            return self._missing(coder, num_rows)
        cells = inputs[column.input_name]
        if column.kind != "time":
            return cells
        days = tf.cast(cells if now is None else now - cells, tf.float64) / DAY_S
        return tf.where(cells > 0, tf.cast(days, tf.float32), float("nan"))

    def _missing(self, coder, num_rows):
        if coder.dtype == tf.string:
            return tf.fill([num_rows], "")
        if coder.width:
            return tf.zeros([num_rows, coder.width])
        return tf.fill([num_rows], float("nan"))

    def to_json(self) -> list[dict[str, Any]]:
        """The coders' arguments, column by column."""
        return [coder.to_json() for coder in self.coders]

    @classmethod
    def of_json(
        cls, columns: Sequence[FeatureColumn], stored: Sequence[Mapping[str, Any]]
    ) -> "SideCoder":
        """The coder whose `to_json` gave `stored`."""
        pairs = zip(columns, stored, strict=True)
        return cls(columns, [CODERS[each.kind](**how) for each, how in pairs])


class StoredFeatures:
    """The coded features of a table's rows, each distinct cell once.

    Args:
        coder: `SideCoder`.
        coded: `CodedColumns` of the same columns.
    """

    def __init__(self, coder: SideCoder, coded: CodedColumns):
        parts, self._vectors, ends = [], [], [0]
        for number, cells in enumerate(coded.cells):
            cells = tf.constant(cells)
            parts.append(coder.parts(number, cells))
            ends.append(ends[-1] + len(cells))
            if coder.widths[number]:
                self._vectors.append((number, coder.coders[number].dense(cells)))
        self._starts = np.array(ends[:-1], np.int32)
        self._ids = tf.concat([ids for ids, _ in parts], axis=0)
        self._weights = tf.concat([weights for _, weights in parts], axis=0)

    def __call__(self, rows: Tensor) -> CodedFeatures:
        """`CodedFeatures` of `[..., C]` numbers of cells, as in `CodedColumns.rows`."""
        places = rows + self._starts
        vectors = [tf.gather(each, rows[..., n]) for n, each in self._vectors]
        nothing = tf.zeros([*tf.unstack(tf.shape(rows)[:-1]), 0])
        return CodedFeatures(
            tf.gather(self._ids, places),
            tf.gather(self._weights, places),
            tf.concat([nothing, *vectors], axis=-1),
        )
