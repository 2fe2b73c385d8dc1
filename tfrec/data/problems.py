"""Bad tables and bad rows: telling people about all of them at once."""

import difflib
import re
from collections import Counter

import numpy as np

from tfrec.errors import DataError

SHOWN = 3  # rows that an error names per rule
TEXT_LENGTH = 40  # characters that are shown of a bad value or a name
MOST_NAMES = 20  # columns that a line shows
_PLAIN = re.compile(r"[\w .\-]+")  # a name, and no line that was not divided


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
    ours = [name for name in names if table.keeps_others or name in table.names]
    check_single(ours, table.name, file)
    for column in table.columns:
        if column.is_required and column.name not in names:
            raise missing_column(column.name, names, table.name, file)


def check_named(names, table, file=""):
    """Raises a DataError if a column is not there that the configuration names."""
    names = [str(name) for name in names]
    for column in table.columns:
        if column.is_named and column.name not in names:
            raise missing_column(column.name, names, table.name, file)


def check_single(names, table, file=""):
    """Raises a DataError if a column that is read is there twice."""
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise DataError(
            f"{table} must have one column `{twice[0]}`. "
            f"Columns found{in_file(file)}: {show_names(names)}."
        )


def missing_column(name, names, table, file):
    """The DataError for a column that is not there."""
    close = near_name(name, names)
    example = close or "NAME_IN_FILE"
    hint = f" Did you mean `{example}`?" if close else ""
    return DataError(
        f"{table} must have a column `{name}`.{hint} "
        f"Columns found{in_file(file)}: {show_names(names)}. "
        f'Map it with `data.columns = {{ {name} = "{example}" }}` in a '
        "training's configuration, or rename it in the file."
    )


def near_name(name, names, synonyms=()):
    """The one of `names` that may mean `name`, or None.

    Args:
        name: str.
        names: columns found.
        synonyms: what else it is usually called, in small letters and nothing else.
    """
    known = {_fold(found): found for found in names if _PLAIN.fullmatch(found)}
    close = difflib.get_close_matches(_fold(name), known, n=1)
    close += [each for each in synonyms if each in known]
    return known[close[0]] if close else None


def show_names(names):
    """The first twenty names on one line."""
    shown = [name if name.isprintable() else ascii(name) for name in names[:MOST_NAMES]]
    text = ", ".join(name[:TEXT_LENGTH] or "one without a name" for name in shown)
    more = len(names) - len(shown)
    return (text or "none") + (f" and {more} more" if more else "")


def _fold(name):
    """A name without what people write differently."""
    return re.sub(r"[\W_]", "", name.casefold())


def _shown(value):
    value = value.item() if isinstance(value, np.generic) else value
    return repr(value)[:TEXT_LENGTH]


def in_file(file):
    """Where something was found, `""` for no file."""
    return f" in {file}" if file else ""
