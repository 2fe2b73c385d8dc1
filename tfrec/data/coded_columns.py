"""Feature columns of a table, each distinct cell once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tfrec.data.vectors import stack_vectors
from tfrec.errors import DataError
from tfrec.feature_columns import FeatureColumn

if TYPE_CHECKING:
    import pandas as pd

DAY_S = 86_400


@dataclass(frozen=True, eq=False)
class CodedColumns:
    """Cells of feature columns by number; 0 is that of a missing cell.

    Attributes:
        columns: `FeatureColumn`s, C of them.
        cells: per column its distinct cells: `[m]` float32 of numbers, and of days of
            ages; `[m]` int64 UTC seconds of times; `[m]` object array of strings;
            `[m, width]` float32 of vectors. The first one stands for a missing cell:
            NaN, 0, `""`, zeros.
        rows: `[n, C]` int32, the number of each row's cell.
    """

    columns: tuple[FeatureColumn, ...]
    cells: tuple[np.ndarray, ...]
    rows: np.ndarray

    @classmethod
    def none(cls, num_rows: int) -> CodedColumns:
        """No column, of `num_rows` rows."""
        return cls((), (), np.zeros((num_rows, 0), np.int32))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows) -> CodedColumns:
        """Some rows, by an int or bool array; -1 gives missing cells."""
        found = self.rows[rows]
        if np.asarray(rows).dtype != bool:
            found = np.where(np.asarray(rows)[:, None] < 0, np.int32(0), found)
        return CodedColumns(self.columns, self.cells, found)

    def used_for(self, use: str) -> CodedColumns:
        """The columns of one use."""
        kept = [n for n, each in enumerate(self.columns) if use in each.uses]
        return CodedColumns(
            tuple(self.columns[n] for n in kept),
            tuple(self.cells[n] for n in kept),
            self.rows[:, kept],
        )

    def for_towers(self) -> CodedColumns:
        """The columns that the towers read; times are days since 1970, as float32."""
        read = self.used_for("towers")
        return replace(read, cells=tuple(map(_in_days, read.cells)))

    def beside(self, others: CodedColumns) -> CodedColumns:
        """These columns and others of the same rows."""
        rows = np.concatenate([self.rows, others.rows], axis=1)
        return CodedColumns(
            self.columns + others.columns, self.cells + others.cells, rows
        )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All but the columns, as arrays for a file."""
        cells = {
            f"cells{number}": each.astype(str) if each.dtype == object else each
            for number, each in enumerate(self.cells)
        }
        return {"rows": self.rows, **cells}

    @classmethod
    def of_arrays(cls, columns, arrays) -> CodedColumns:
        """What `to_arrays` gave, of the same columns."""
        cells = [arrays[f"cells{number}"] for number in range(len(columns))]
        cells = [c.astype(object) if c.dtype.kind == "U" else c for c in cells]
        return cls(tuple(columns), tuple(cells), arrays["rows"])

    def raw(self, number: int, times=None) -> np.ndarray:
        """The cells of a column, row by row, as requests bring them.

        Args:
            number: of the column.
            times: `[n]` int64 UTC seconds, where times are ages at these; or None.
        """
        cells = self.values(number)
        if self.columns[number].kind != "time" or times is None:
            return cells
        ages_s = cells.astype(np.float64) * DAY_S
        seconds = np.where(np.isnan(ages_s), 0, times - ages_s)
        return np.rint(seconds).astype(np.int64)

    def values(self, number: int) -> np.ndarray:
        """The cells of a column, row by row."""
        return self.cells[number][self.rows[:, number]]


def code_columns(columns, frame: pd.DataFrame, times=None) -> CodedColumns:
    """The feature columns of a parsed frame.

    Args:
        columns: sequence of `FeatureColumn`s that the frame has.
        frame: pandas frame as a table with these features parses it: times are
            seconds as 64-bit floats, NaN for none.
        times: `[n]` int64 UTC seconds at which each row holds, or None. Times become
            ages then, days that have passed since.

    Raises:
        DataError: vectors of a column differ in width, or it has none.
    """
    coded = [_code(each, frame[each.name].to_numpy(), times) for each in columns]
    rows = [found for _, found in coded] or [np.zeros((0, len(frame)))]
    return CodedColumns(
        tuple(columns),
        tuple(cells for cells, _ in coded),
        np.stack(rows, axis=-1).astype(np.int32).reshape(len(frame), len(coded)),
    )


def _code(column, values, times):
    import pandas as pd  # a server reads this module and goes without

    if column.kind == "time":
        if times is not None:
            ages_s = np.where(times > 0, times - values, np.nan)
            values = (ages_s / DAY_S).astype(np.float32)
    elif column.kind == "number":
        values = values.astype(np.float32)
    codes, cells = pd.factorize(values)
    if values.dtype != np.float32:
        codes, cells = _without_blanks(codes, cells)
    if column.kind == "vector":
        return _vectors(column, cells), codes + 1
    if column.kind == "time" and times is None:
        return np.append(0, cells.astype(np.int64)), codes + 1
    missing = np.nan if values.dtype == np.float32 else ""
    return np.concatenate([np.array([missing], values.dtype), cells]), codes + 1


def _without_blanks(codes, cells):
    """The same with -1 for `""` and `b""`, as for a cell that is not there."""
    is_real = np.array([each not in ("", b"") for each in cells], bool)
    numbers = np.where(is_real, np.cumsum(is_real) - 1, -1)
    return np.append(numbers, -1)[codes], cells[is_real]


def _vectors(column, cells):
    try:
        found = stack_vectors(cells, [column.name] * len(cells))
    except DataError as error:
        raise DataError(f"`features.{column.side}.{column.name}`: {error}") from error
    return np.concatenate([np.zeros((1, found.shape[1]), np.float32), found])


def _in_days(cells):
    if cells.dtype != np.int64:
        return cells
    return np.where(cells > 0, cells / DAY_S, np.nan).astype(np.float32)
