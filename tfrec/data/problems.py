"""Bad tables and bad rows: telling people about all of them at once."""

import difflib

import numpy as np

from tfrec.errors import DataError

SHOWN = 3  # rows that an error names per rule
TEXT_LENGTH = 40  # characters that are shown of a bad value


class Problems:
    """Counts bad rows per rule and remembers the first three of each.

    Args:
        table: what messages call the table.
    """

    def __init__(self, table):
        self.table = table
        self.num_bad = 0  # rows, each counted once
        self._counts = {}
        self._examples = {}

    def add(self, broken, frame, rows, file=""):
        """Notes the rows of one frame.

        Args:
            broken: dict of rule -> (column name, bool `[n]` mask), as `Table.parse`
                returns it.
            frame: the raw frame, for the values.
            rows: `[n]` row numbers, counted from 1.
            file: where the frame was read, `""` if it was not.
        """
        for rule, (column, mask) in broken.items():
            self._counts[rule] = self._counts.get(rule, 0) + int(mask.sum())
            examples = self._examples.setdefault(rule, [])
            for position in np.flatnonzero(mask)[: SHOWN - len(examples)]:
                value = _shown(frame[column].iloc[position])
                examples.append(f"{file} row {rows[position]} ({value})".strip())
        self.num_bad += int(any_broken(broken, len(frame)).sum())

    def describe(self):
        """How many rows break each rule, and the first of them."""
        lines = [f"{self.table}: {self.num_bad} bad rows."]
        for rule, count in self._counts.items():
            lines.append(f"  {count} × {rule}: {'; '.join(self._examples[rule])}")
        return "\n".join(lines)

    def raise_if_any(self, advice):
        """Raises a DataError that ends with `advice`."""
        if self.num_bad:
            raise DataError(f"{self.describe()}\n{advice}")


def any_broken(broken, count):
    """Bool `[count]`: rows that break any rule."""
    return np.logical_or.reduce(
        [np.zeros(count, bool), *(mask for _, mask in broken.values())]
    )


def check_columns(names, table, file=""):
    """Sees to it that every required column is there, and none of ours twice.

    Args:
        names: columns found.
        table: `Table`.
        file: where they were found, `""` for no file.

    Raises:
        DataError: names the column, what was found and how to map it.
    """
    names = [str(name) for name in names]
    for column in table.columns:
        if names.count(column.name) > 1:
            raise DataError(
                f"{table.name} must have one column `{column.name}`. "
                f"Columns found{_in(file)}: {', '.join(names)}."
            )
        if column.is_required and column.name not in names:
            raise missing_column(column.name, names, table.name, file)


def missing_column(name, names, table, file):
    """The DataError for a column that is not there."""
    close = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f" Did you mean `{close[0]}`?" if close else ""
    example = close[0] if close else "NAME_IN_FILE"
    return DataError(
        f"{table} must have a column `{name}`.{hint} "
        f"Columns found{_in(file)}: {', '.join(names) or 'none'}. "
        f'Map it with `data.columns = {{ {name} = "{example}" }}` in a '
        "training's configuration, or rename it in the file."
    )


def _shown(value):
    value = value.item() if isinstance(value, np.generic) else value
    return repr(value)[:TEXT_LENGTH]


def _in(file):
    return f" in {file}" if file else ""
