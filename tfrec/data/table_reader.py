"""One table from its files: every row is either kept or accounted for."""

import logging
import pathlib

import numpy as np
import pandas as pd

from tfrec.data.formats import find_files, read_chunks
from tfrec.data.problems import Problems, any_broken, check_columns, missing_column
from tfrec.data.quarantine import open_quarantine
from tfrec.errors import ConfigError

logger = logging.getLogger(__name__)

ADVICE = (
    "Mend these rows, or have a training set them aside in a file and go on with "
    '`data.on_bad_rows = "quarantine"`.'
)
NO_ROW = "the line is no row (wrong number of cells, or not a JSON object)"
SHARED = {"user_id", "item_id", "text"}  # columns that several tables have


class TableReader:
    """Collects the good rows of one table.

    Args:
        table: `Table`.
        columns: dict of our column name -> name in the files.
        quarantine: `Quarantine` for the bad rows, or None.
    """

    def __init__(self, table, columns, quarantine=None):
        self.table = table
        self.columns = columns
        self.quarantine = quarantine
        self.problems = Problems(table.name)
        self._frames = []
        self._seen = set()

    def read(self, path):
        """Adds the rows of a file."""
        defaults = {
            self.columns.get(column.name, column.name): column.default
            for column in self.table.columns
        }
        for chunk in read_chunks(path, defaults):
            if chunk.malformed:
                rows, lines = zip(*chunk.malformed, strict=True)
                broken = {NO_ROW: ("line", np.ones(len(rows), bool))}
                self._set_aside(broken, pd.DataFrame({"line": lines}), rows, path)
            if len(chunk.frame.columns):
                self._add(
                    rename(chunk.frame, self.columns, self.table, path), chunk, path
                )

    def frame(self):
        """All the good rows, in order."""
        empty = pd.DataFrame({name: [] for name in self.table.names})
        return pd.concat(self._frames, ignore_index=True) if self._frames else empty

    def _add(self, raw, chunk, path):
        parsed, broken = self.table.parse(raw)
        broken |= self.table.repeats(parsed, self._seen)
        self._set_aside(broken, raw, chunk.rows, path)
        good = parsed[~any_broken(broken, len(raw))]
        if self.table.unique:
            self._seen.update(good[self.table.unique])
        self._frames.append(good)

    def _set_aside(self, broken, raw, rows, path):
        self.problems.add(broken, raw, rows, str(path))
        if self.quarantine and broken:
            self.quarantine.add(broken, raw, rows, str(path))


def read_table(path, table, columns, on_bad_rows, quarantine_path):
    """The frame of a table; arguments and errors as those of `read_events`."""
    if on_bad_rows not in ("raise", "quarantine"):
        raise ConfigError(
            f'`on_bad_rows` must be "raise" or "quarantine". Received: {on_bad_rows!r}.'
        )
    if on_bad_rows == "raise":
        reader = _read_files(path, TableReader(table, columns or {}))
        reader.problems.raise_if_any(ADVICE)
        return reader.frame()
    if quarantine_path is None:
        raise ConfigError("`quarantine_path` must say where the bad rows go.")
    with open_quarantine(quarantine_path) as quarantine:
        reader = _read_files(path, TableReader(table, columns or {}, quarantine))
    if reader.problems.num_bad:
        logger.warning(
            "%s\nSet aside in %s.", reader.problems.describe(), quarantine_path
        )
    return reader.frame()


def _read_files(path, reader):
    for file in find_files(pathlib.Path(path)):
        reader.read(file)
    return reader


def rename(frame, columns, table, path):
    """The frame under our column names.

    A column that is mapped but absent falls back to our own name where other tables
    share it, since the mapping may be meant for them.

    Raises:
        DataError: a column is missing.
    """
    found = [str(name) for name in frame.columns]
    for ours, theirs in columns.items():
        if ours not in table.names or ours == theirs:
            continue
        if theirs in found:
            frame = frame.drop(columns=ours, errors="ignore")
            frame = frame.rename(columns={theirs: ours})
        elif ours not in SHARED:
            raise missing_column(theirs, found, table.name, path)
    check_columns(frame.columns, table, path)
    return frame
