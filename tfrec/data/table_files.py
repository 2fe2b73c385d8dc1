"""The files of a table under our column names, whatever they call their columns."""

import dataclasses
import json
import logging
import pathlib

import numpy as np
import pandas as pd

from tfrec.data.files import find_files, partition_of
from tfrec.data.formats import read_chunks
from tfrec.data.problems import check_single, missing_column
from tfrec.data.unread import SAMPLE, tell_unread
from tfrec.errors import DataError
from tfrec.values import read_id

logger = logging.getLogger(__name__)

SHARED = {"user_id", "item_id", "text"}  # columns that several tables have


class TableFiles:
    """Reads the files of one table.

    Args:
        path: file or folder.
        table: `Table`.
        columns: our column name -> name in the files.
        is_strict: whether a column that is mapped must be in some file.
        is_told: whether the log names files and columns that are not read.

    Attributes:
        found: names of the columns of the file that is being read.
    """

    def __init__(self, path, table, columns, is_strict=True, is_told=True):
        self.path = pathlib.Path(path)
        self.table = table
        self.columns = {
            ours: theirs
            for ours, theirs in columns.items()
            if ours in table.names and ours != theirs
        }
        self.is_strict, self.is_told = is_strict, is_told
        self.found: tuple[str, ...] = ()
        self._mapped = set()  # mapped columns that some file has
        self._told = set()  # columns that are not read, once they are in the log
        self._named: dict[str, bool] = {}  # columns of the configuration: in some file?

    def __iter__(self):
        """Yields `(file, chunk)`, the chunk's frame under our names.

        Columns that other tables read keep their names, where the table keeps them.

        Raises:
            DataError: a file is damaged, or a column is missing or there twice.
        """
        for file in find_files(self.path, self.is_told):
            partition = partition_of(file, self.path) if file != self.path else {}
            for chunk in read_chunks(file, self._defaults(), self.table.keeps_others):
                if chunk.columns or len(chunk.rows):
                    new = [name for name in partition if name not in chunk.columns]
                    self.found = (*chunk.columns, *new)
                    frame = self._frame(chunk, partition, file)
                    chunk = dataclasses.replace(chunk, frame=frame)
                yield file, chunk
        for name, is_found in self._named.items():
            if self.is_strict and not is_found:
                theirs = self.columns.get(name, name)
                raise missing_column(theirs, self.found, self.table.name, self.path)
        for ours, theirs in self.columns.items():
            if self.found and not self._is_free(ours) and ours not in self._mapped:
                raise missing_column(theirs, self.found, self.table.name, self.path)

    def _defaults(self):
        """Names in the files -> what stands in for them in JSON objects."""
        defaults = {column.name: column.default for column in self.table.columns}
        theirs = {self.columns.get(name, name): d for name, d in defaults.items()}
        return defaults | theirs

    def _is_free(self, ours):
        """Whether files may call a column by our name, or lack it."""
        return ours not in self.columns or ours in SHARED or not self.is_strict

    def _frame(self, chunk, partition, file):
        sources = self._sources(self.found, file)
        others = [name for name in self.found if name not in sources.values()]
        kept = []
        if self.table.keeps_others:
            kept = [name for name in others if name and name not in self.table.names]
        self._tell([name for name in others if name not in kept], file)
        columns = {
            ours: _cells(chunk, theirs, partition, file)
            for ours, theirs in sources.items()
        }
        columns |= {name: _flat(_cells(chunk, name, partition, file)) for name in kept}
        return pd.DataFrame(columns, index=range(len(chunk.rows)))

    def _sources(self, found, file):
        """Our column name -> name in the file, of the columns that the file has.

        A column that is mapped but absent falls back to our own name where other
        tables share it, since the mapping may be meant for them.
        """
        mapped = {ours: name for ours, name in self.columns.items() if name in found}
        self._mapped |= mapped.keys()
        sources = {}
        for column in self.table.columns:
            ours = column.name
            if ours in mapped:
                sources[ours] = mapped[ours]
            elif self._is_free(ours) and ours in found and ours not in mapped.values():
                sources[ours] = ours
            elif column.is_required:
                theirs = ours if self._is_free(ours) else self.columns[ours]
                raise missing_column(theirs, found, self.table.name, file)
            if column.is_named:
                self._note(ours, ours in sources, file)
        read = found if self.table.keeps_others else sources.values()
        check_single([name for name in found if name in read], self.table.name, file)
        return sources

    def _note(self, name, is_found, file):
        """Whether a file has a column that the configuration names."""
        if not is_found and (name, file) not in self._told and self.is_told:
            self._told.add((name, file))
            logger.warning("%s: no column `%s`; none of its rows has one.", file, name)
        self._named[name] = is_found or self._named.get(name, False)

    def _tell(self, others, file):
        new = [name for name in dict.fromkeys(others) if name not in self._told]
        if new and self.is_told:
            self._told.update(new)
            tell_unread(file, self.table.name, _sample(file, new))


def _sample(file, names):
    """Some rows of columns; those of the names of folders are not in the file."""
    chunks = read_chunks(file, {}, keeps_others=True)
    frames = (chunk.frame.head(SAMPLE) for chunk in chunks if len(chunk.rows))
    return next(frames, pd.DataFrame()).reindex(columns=names)


def _cells(chunk, name, partition, file):
    """The cells of a column, from the file or the names of its folders."""
    value = partition.get(name)
    if value is None and name in chunk.columns:
        return chunk.frame[name]
    if name in chunk.columns:
        _check_same(chunk.frame[name], name, value, file)
    codes = np.full(len(chunk.rows), -1 if value is None else 0)
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index([value or ""])))


def _check_same(cells, name, value, file):
    for cell in cells:
        text = _spell(cell)
        if text and text != _spell(value):
            raise DataError(
                f"`{name}` must be the same in a file and in its folder's name. "
                f"Received: {cell!r} in {file}."
            )


def _spell(cell):
    try:
        return read_id(cell)
    except ValueError:
        return str(cell).removesuffix(" 00:00:00")


def _flat(cells):
    """Group columns: a list becomes "a|b", and an object JSON."""
    if cells.dtype != object:
        return cells
    return pd.Series([*map(_flat_cell, cells)], dtype=object)


def _flat_cell(cell):
    if isinstance(cell, list):
        return "|".join(map(str, cell))
    return json.dumps(cell, default=str) if isinstance(cell, dict) else cell
