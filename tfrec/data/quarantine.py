"""Where bad rows go instead of the table: a JSONL file, written aside and renamed."""

import contextlib
import json

import numpy as np
import pandas as pd

from tfrec.data.problems import any_broken
from tfrec.files import replacing


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
