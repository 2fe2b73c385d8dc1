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

from tfrec.data.files import Chunk, header_chunk
from tfrec.data.text_files import text_chunks
from tfrec.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
MAX_ROW = 16 << 20  # characters of a row of several lines
NO_ROW = "the line is no row (wrong number of cells, or not a JSON object)"
UNPAIRED = (
    "the quotes of the line do not pair (a quote inside a quoted cell is written twice)"
)
SWALLOWS = "a quoted cell holds line breaks and what looks like whole rows"
_END = re.compile(r"(?:\r\n|[\r\n]|\Z)")
_BLANK_LINES = re.compile(r"(?:[ \t]*[\r\n]+)*")
_LINE = re.compile(rf"[^\r\n]*+{_END.pattern}")


def csv_chunks(path, defaults, keeps_others):
    """Yields the `Chunk`s of a file; cells are strings."""
    chunks = text_chunks(path)
    header, text = _header(chunks, path)
    separator = _separator(header, defaults, path)
    names = [n if n in defaults else n.strip() for n in _names(header, separator)]
    if not names:
        raise DataError(
            f"{path} must begin with a line of column names. Received: {header!r}."
        )
    grammar = _Grammar(separator, len(names))
    kept = [i for i, name in enumerate(names) if keeps_others or name in defaults]
    yield header_chunk(names, [names[i] for i in kept])
    rest, first = "", 1  # an unfinished row, and the number of its first line
    for new in itertools.chain([text], chunks, [None]):
        text = rest + (new or "")
        lines, rows, malformed, end = _divide(text, grammar, is_last=new is None)
        table, bad = _parse(rows, separator, len(names), kept)
        frame = table.to_pandas(strings_to_categorical=True)
        frame.columns = [names[i] for i in kept]
        malformed += [(lines[position], row, NO_ROW) for position, row in bad]
        lines = np.delete(lines, [position for position, _ in bad])
        malformed = sorted((int(line) + first, *what) for line, *what in malformed)
        yield Chunk(frame, lines + first, tuple(names), tuple(malformed))
        rest, first = text[end:], first + _count_lines(text, 0, end)


class _Grammar:
    """What CSV may be.

    Args:
        separator: character between cells.
        num_columns: cells of a row.

    Attributes:
        rows: pattern of any number of sound rows, each on one line.
        row: pattern of a sound row, on several lines if need be.
        unfinished: pattern of a text that ends inside a quoted cell.
    """

    def __init__(self, separator, num_columns):
        s, end = re.escape(separator), _END.pattern
        quoted = r'[^"]*+(?:""[^"]*+)*+'
        on_a_line = quoted.replace('"]', r'"\r\n]')
        cell, short = (
            rf'(?:"{inside}"|(?!")[^{s}\r\n]*+)' for inside in (quoted, on_a_line)
        )
        line = rf'(?:[^"\r\n]++|(?![\r\n]|\Z){short}(?:{s}{short})*+)'
        self.separator = separator
        self.num_columns = num_columns
        self.rows = re.compile(rf"(?:{line}{end})*+")
        self.row = re.compile(rf"{cell}(?:{s}{cell}){{{num_columns - 1}}}{end}")
        self.unfinished = re.compile(rf'(?:{cell}{s})*+"{quoted}\Z')

    def holds_rows(self, row):
        """Whether each line of a row, whatever its quotes, looks like one itself."""
        lines = row.splitlines()
        inner = self.num_columns - 1  # separators of a row
        return row.count(self.separator) == inner * len(lines) and all(
            map(self._looks_like_row, lines)
        )

    def _looks_like_row(self, line):
        """Lines of prose have a blank after a comma, and blanks in every part."""
        cells = line.split(self.separator)
        return (
            len(cells) == self.num_columns
            and not any(cell[:1].isspace() for cell in cells)
            and any(cell and not re.search(r"\s", cell) for cell in cells)
        )


def _header(chunks, path):
    """`(header, text)`: the line of column names, and what its chunk holds after it."""
    text = next(chunks, "")
    begin = _end(_BLANK_LINES, text)
    end = _end(_LINE, text, begin)
    if not text[begin:end]:
        raise DataError(f"{path} must begin with a line of column names. It is empty.")
    return text[begin:end], text[end:]


def _separator(header, known, path):
    """The one that makes most column names known, or else most columns.

    Raises:
        DataError: there is no telling.
    """
    readings = {separator: _names(header, separator) for separator in SEPARATORS}
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


def _names(header, separator):
    """Column names, none where the line cannot be read with this separator."""
    try:
        return next(csv.reader([header], delimiter=separator, strict=True), [])
    except csv.Error:
        return []


def _divide(text, grammar, is_last):
    """Tells which lines are rows.

    Args:
        text: whole lines.
        grammar: `_Grammar`.
        is_last: whether the file ends here.

    Returns:
        `(lines, rows, malformed, end)`: the number of each row's first line, counted
        from 0, the text of all rows, `(line, text, rule)` of what is no row, and where
        in the text an unfinished row begins.
    """
    spans, rows, malformed = [], [], []
    at = line = 0
    while at < len(text):
        rule, end = None, _end(grammar.rows, text, at)
        is_run = end > at  # of rows, each on one line
        if not is_run:
            end, rule = _end_of_row(text, at, grammar, is_last)
        if end is None:
            break
        num_lines = _count_lines(text, at, end)
        piece = text[at:end]
        if rule:
            malformed.append((line, piece.rstrip("\r\n"), rule))
        elif is_run or piece.strip("\r\n"):
            spans.append(range(line, line + (num_lines if is_run else 1)))
            rows.append(piece)
        at, line = end, line + num_lines
    lines = np.fromiter(itertools.chain.from_iterable(spans), np.int64)
    return lines, "".join(rows), malformed, at


def _end_of_row(text, at, grammar, is_last):
    """`(end, rule)`: where a row of several lines ends, and what is wrong with it.

    The end is None if text that is still to come must tell. A line whose quote nothing
    closes is wrong by itself, and the next is a row again.
    """
    row = grammar.row.match(text, at)
    if row:
        return row.end(), SWALLOWS if grammar.holds_rows(row[0]) else None
    may_go_on = not is_last and len(text) - at <= MAX_ROW
    if may_go_on and grammar.unfinished.match(text, at):
        return None, None
    end = _end(_LINE, text, at)
    return end, UNPAIRED if text[at:end].strip("\r\n") else None


def _end(pattern, text, begin=0):
    """Where what a pattern matches ends; `begin` where it matches nothing."""
    match = pattern.match(text, begin)
    return match.end() if match else begin


def _count_lines(text, begin, end):
    """Lines of a part of a text, the last with or without its end."""
    num_ends = text.count("\n", begin, end)
    num_ends += text.count("\r", begin, end) - text.count("\r\n", begin, end)
    return num_ends + (end > begin and text[end - 1] not in "\r\n")


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
