"""One table from its files: every row is either kept or accounted for."""

import contextlib
import json
import logging

import numpy as np
import pandas as pd

from tfrec.data.problems import Problems, any_broken
from tfrec.data.table_files import TableFiles
from tfrec.errors import ConfigError
from tfrec.files import replacing

logger = logging.getLogger(__name__)

ADVICE = (
    "Correct these rows, or set "
    '`data.on_bad_rows = "quarantine"`, which writes them to a file and continues.'
)


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
        """Adds the rows of a file or folder."""
        for file, chunk in TableFiles(path, self.table, self.columns):
            for broken, lines, rows in malformed_rows(chunk):
                self._set_aside(broken, lines, rows, file)
            if len(chunk.rows):
                self._add(chunk, file)

    def frame(self):
        """All the good rows, in order, parsed."""
        if not self._frames:
            empty = pd.DataFrame({name: [] for name in self.table.names})
            return self.table.parse(empty)[0]
        frame = pd.concat(self._frames, ignore_index=True)
        # A column that only some of the files have is blank in the others.
        partial = [c.name for c in self.table.columns if c.default is None]
        partial = [name for name in partial if name in frame]
        texts = [name for name in partial if frame[name].dtype == object]
        return frame.fillna(dict.fromkeys(texts, ""))

    def _add(self, chunk, file):
        parsed, broken = self.table.parse(chunk.frame)
        broken |= self.table.repeats(parsed, self._seen)
        self._set_aside(broken, chunk.frame, chunk.rows, file)
        good = parsed[~any_broken(broken, len(parsed))]
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
        reader = TableReader(table, columns or {})
        reader.read(path)
        reader.problems.raise_if_any(ADVICE)
        return reader.frame()
    if quarantine_path is None:
        raise ConfigError("`quarantine_path` must say where the bad rows go.")
    with open_quarantine(quarantine_path) as quarantine:
        reader = TableReader(table, columns or {}, quarantine)
        reader.read(path)
    if reader.problems.num_bad:
        logger.warning(
            "%s\nSet aside in %s.", reader.problems.describe(), quarantine_path
        )
    return reader.frame()


def malformed_rows(chunk):
    """Yields `(broken, frame, rows)`, as `Problems.add` wants them, of each rule."""
    for rule in dict.fromkeys(rule for *_, rule in chunk.malformed):
        rows, lines = zip(
            *(m[:2] for m in chunk.malformed if m[2] == rule), strict=True
        )
        broken = {rule: ("line", np.ones(len(rows), bool))}
        yield broken, pd.DataFrame({"line": lines}), rows


class Quarantine:
    """Writes one JSON object per bad row: file, row, reasons and content.

    Args:
        file: text file to write to.
    """

    def __init__(self, file):
        self._file = file

    def add(self, broken, frame, rows, file):
        """Writes the rows of `frame` that break a rule; arguments as `Problems.add`."""
        for position in np.flatnonzero(any_broken(broken, len(frame))):
            record = {
                "file": file,
                "row": int(rows[position]),
                "reasons": [rule for rule, (_, m) in broken.items() if m[position]],
                "content": {name: _plain(frame[name].iloc[position]) for name in frame},
            }
            self._file.write(json.dumps(record, default=str) + "\n")


def _plain(cell):
    """The cell as JSON has it, with all its digits; None where it is missing."""
    cell = cell.item() if isinstance(cell, np.generic) else cell
    is_missing = not isinstance(cell, list | dict) and pd.isna(cell)
    return None if is_missing else cell


@contextlib.contextmanager
def open_quarantine(path):
    """A `Quarantine` whose file stands at `path` once the block has succeeded."""
    with replacing(path) as aside, open(aside, "w", encoding="utf-8") as file:
        yield Quarantine(file)
