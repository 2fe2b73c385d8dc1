"""CSV: lines into rows, with commas, semicolons, tabs or bars between the cells.

Quotes decide which lines are one row. A quote that nothing closes would swallow the
lines after it, so rows are told apart here, and pyarrow reads the cells of those that
are sound.
"""

import csv
import itertools
import re

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tfrec.data.files import Chunk
from tfrec.data.text_files import line_chunks
from tfrec.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
MAX_ROW = 16 << 20  # characters of a row of several lines
NO_ROW = "the line is no row (wrong number of cells, or not a JSON object)"
UNPAIRED = (
    "the quotes of the line do not pair (a quote inside a quoted cell is written twice)"
)
SWALLOWS = "a quoted cell holds line breaks and what looks like whole rows"


def csv_chunks(path, defaults, keeps_others):
    """Yields the `Chunk`s of a file; cells are strings."""
    chunks = line_chunks(path)
    header, lines = _header(chunks, path)
    separator = _separator(header, defaults, path)
    names = [
        name if name in defaults else name.strip() for name in _cells(header, separator)
    ]
    if not names:
        raise DataError(
            f"{path} must begin with a line of column names. Received: {header!r}, "
            "whose quotes do not pair."
        )
    grammar = _Grammar(separator, len(names))
    kept = [i for i, name in enumerate(names) if keeps_others or name in defaults]
    rest, first = [], 1  # lines of an unfinished row, and the number of its first one
    for new in itertools.chain([lines], chunks, [None]):
        lines = rest + (new or [])
        begins, texts, malformed, end = _divide(lines, grammar, is_last=new is None)
        table, bad = _parse("".join(texts), separator, len(names), kept)
        frame = table.to_pandas(strings_to_categorical=True)
        frame.columns = [names[i] for i in kept]
        rows = np.asarray(begins, np.int64) + first
        malformed = [(row + first, text, rule) for row, text, rule in malformed]
        malformed += [(int(rows[position]), text, NO_ROW) for position, text in bad]
        rows = np.delete(rows, [position for position, _ in bad])
        yield Chunk(frame, rows, tuple(names), tuple(sorted(malformed)))
        rest, first = lines[end:], first + end


class _Grammar:
    """What a line of CSV may be.

    Args:
        separator: character between cells.
        num_columns: cells of a row.
    """

    def __init__(self, separator, num_columns):
        s = re.escape(separator)
        inside = r'[^"]*+(?:""[^"]*+)*+'
        cell = rf'(?:"{inside}"|(?!")[^{s}\r\n]*+)'
        self.separator = separator
        self.num_columns = num_columns
        self.whole = re.compile(rf"{cell}(?:{s}{cell})*+[\r\n]*\Z")
        self.unfinished = re.compile(rf'(?:{cell}{s})*+"{inside}\Z')
        self._cell = re.compile(s + cell)

    def count(self, row):
        """How many cells a row that is `whole` has."""
        return len(self._cell.findall(self.separator + row))

    def looks_like_row(self, line):
        """Whether a line, whatever its quotes, has the cells of a row.

        Lines of prose have a blank after a comma, and blanks in every part.
        """
        cells = line.rstrip("\r\n").split(self.separator)
        return (
            len(cells) == self.num_columns
            and not any(cell[:1].isspace() for cell in cells)
            and any(cell and not re.search(r"\s", cell) for cell in cells)
        )


def _header(chunks, path):
    """`(header, lines after it in the same chunk)`."""
    for lines in chunks:
        for number, line in enumerate(lines):
            if line.strip():
                return line, lines[number + 1 :]
    raise DataError(f"{path} must begin with a line of column names. It is empty.")


def _separator(header, known, path):
    """The one that makes most column names known, or else most columns.

    Raises:
        DataError: there is no telling.
    """
    readings = {separator: _cells(header, separator) for separator in SEPARATORS}
    hits = {s: sum(c.strip() in known for c in cells) for s, cells in readings.items()}
    best = max(hits.values())
    if not best:
        return max(SEPARATORS, key=lambda separator: len(readings[separator]))
    fitting = [separator for separator in SEPARATORS if hits[separator] == best]
    if any(readings[separator] != readings[fitting[0]] for separator in fitting):
        raise DataError(
            f"{path} must have one character between its cells: a comma, semicolon, "
            f"tab or bar. Received: column names that several of them part, "
            f"{header.strip()!r}."
        )
    return fitting[0]


def _cells(header, separator):
    """Column names, none where the line cannot be read with this separator."""
    try:
        return next(csv.reader([header], delimiter=separator, strict=True), [])
    except csv.Error:
        return []


def _divide(lines, grammar, is_last):
    """Tells which lines are rows.

    Args:
        lines: list of strings.
        grammar: `_Grammar`.
        is_last: whether the file ends here.

    Returns:
        `(begins, texts, malformed, end)`: the first line of each row, the lines of all
        rows, `(line, text, rule)` of what is no row, and where the unfinished row is.
    """
    begins, texts, malformed = [], [], []
    start = 0
    while start < len(lines):
        end, rule = start + 1, None
        if '"' in lines[start]:
            end, rule = _end_of_row(lines, start, grammar, is_last)
        if end is None:
            break
        if rule:
            malformed.append((start, "".join(lines[start:end]).rstrip("\r\n"), rule))
        elif lines[start].strip("\r\n"):
            begins.append(start)
            texts += lines[start:end]
        start = end
    return begins, texts, malformed, start


def _end_of_row(lines, start, grammar, is_last):
    """`(end, rule)`: the line after the row, and what is wrong with it.

    The end is None if lines that are still to come must tell. A line whose quote
    nothing closes is wrong by itself, and the next is a row again.
    """
    size = 0
    for here in range(start, len(lines)):
        size += len(lines[here])
        if size > MAX_ROW:
            return start + 1, UNPAIRED
        if here > start and '"' not in lines[here]:
            continue
        # A line that begins inside a quoted cell reads as one that opens the cell.
        line = lines[here] if here == start else f'"{lines[here]}'
        if grammar.whole.match(line):
            return _judge(lines[start : here + 1], start, grammar)
        if not grammar.unfinished.match(line):
            return start + 1, UNPAIRED
    return (start + 1, UNPAIRED) if is_last else (None, None)


def _judge(span, start, grammar):
    """`(end, rule)` of lines whose quotes pair."""
    if len(span) > 1 and grammar.count("".join(span)) != grammar.num_columns:
        return start + 1, UNPAIRED
    if len(span) > 1 and all(map(grammar.looks_like_row, span)):
        return start + len(span), SWALLOWS
    return start + len(span), None


def _parse(text, separator, num_columns, kept):
    """`(table, bad)`: Arrow's strings of the columns at `kept`, and bad rows.

    Bad rows are `(position, text)`, and not in the table.
    """
    bad = []

    def set_aside(row):
        bad.append((row.number - 1, row.text))
        return "skip"

    columns = [str(i) for i in range(num_columns)]  # names may come twice
    types = {columns[i]: pa.string() for i in kept}
    if not text:
        return pa.schema(types).empty_table(), bad
    content = text.encode()
    table = pa.csv.read_csv(
        pa.BufferReader(content),
        pa.csv.ReadOptions(
            column_names=columns, block_size=len(content) + 1, use_threads=False
        ),
        pa.csv.ParseOptions(
            delimiter=separator,
            newlines_in_values=True,
            invalid_row_handler=set_aside,
        ),
        pa.csv.ConvertOptions(column_types=types, include_columns=[*types]),
    )
    return table, bad
