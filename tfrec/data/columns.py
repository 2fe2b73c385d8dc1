"""Columns of the three tables: what each must hold and how it is read.

A parser takes one raw column and its name and returns the parsed values and, per
rule that some rows break, a mask of those rows. What a single cell means is said in
`tfrec.values`, for every door; here it is asked once for each distinct cell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrec.values import (
    MAX_NUMBER,
    MAX_SECONDS,
    MIN_SECONDS,
    NULLS,
    read_categories,
    read_id,
    read_limit,
    read_number,
    read_text,
    read_time,
)

MICROSECONDS = "microseconds"  # after the whole second of a `timestamp`
FINER = 10**12  # a microsecond weighs more than any sequence within it


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: our name for it.
        parse: turns the raw column into values.
        default: stands in where the column is absent; None leaves it out.
        is_required: whether the table is useless without it.
        is_named: whether the configuration names it, so that one file at least must
            have it.
    """

    name: str
    parse: Callable
    default: object = None
    is_required: bool = False
    is_named: bool = False


@dataclass(frozen=True)
class Table:
    """What a table must look like.

    Attributes:
        name: what messages call it.
        columns: its `Column`s.
        unique: column that may not repeat itself, None for none.
        keeps_others: whether columns of any other name stay, as they came.
        either: names of two columns of which one must say something.
    """

    name: str
    columns: tuple
    unique: str | None = None
    keeps_others: bool = False
    either: tuple[str, str] | None = None

    @property
    def names(self):
        """Names of all the columns we know."""
        return [column.name for column in self.columns]

    def parse(self, frame):
        """Parses every column and notes each rule that some rows break.

        Args:
            frame: raw pandas frame with every required column.

        Returns:
            `(parsed, broken)`: the parsed frame with all its rows, and a dict of
            rule -> (column name, bool `[n]` mask of the rows that break it).
        """
        parsed: dict[str, Any] = {}
        broken: dict[str, tuple[str, np.ndarray]] = {}
        for column in self.columns:
            if column.name in frame:
                values, rules = column.parse(frame[column.name], column.name)
                broken |= {
                    rule: (column.name, m) for rule, m in rules.items() if m.any()
                }
            elif column.default is None:
                continue
            else:
                default = pd.Series([column.default])
                values = column.parse(default, column.name)[0].repeat(len(frame))
            parsed |= values if isinstance(values, dict) else {column.name: values}
        if self.either:
            broken |= _of_neither(parsed, broken, *self.either)
        fractions = parsed.pop(MICROSECONDS, None)
        if fractions is not None and fractions.any():
            parsed["sequence"] = _in_order(fractions, parsed["sequence"])
        parsed = {
            n: pd.Series(v, frame.index, dtype=v.dtype) for n, v in parsed.items()
        }
        if self.keeps_others:
            parsed |= {n: frame[n] for n in frame.columns if n not in self.names}
        return pd.DataFrame(parsed), broken

    def repeats(self, parsed, seen=()):
        """Rule -> (column name, mask): rows whose `unique` value stood before.

        Args:
            parsed: parsed frame.
            seen: values of earlier frames.
        """
        if self.unique is None:
            return {}
        ids = parsed[self.unique]
        is_repeat = (ids.duplicated() | ids.isin(seen)).to_numpy(bool) & (ids != "")
        if not is_repeat.any():
            return {}
        return {f"`{self.unique}` comes more than once": (self.unique, is_repeat)}


def parse_id(raw, name):
    """Strings that say something, as `read_id` reads them."""
    texts, broken = read_each(raw, name, read_id, "")
    is_missing = (texts == "") & ~_any(broken, len(texts))
    return texts, broken | {f"`{name}` is missing or empty": is_missing}


def parse_optional_id(raw, name):
    """As `parse_id`, `""` where there is none."""
    return read_each(raw, name, read_id, "")


def parse_kind(raw, name):
    """As `parse_id`, "view" where there is none."""
    texts, broken = read_each(raw, name, read_id, "")
    texts[(texts == "") & ~_any(broken, len(texts))] = "view"
    return texts, broken


def parse_text(raw, name):
    """Strings, `""` where there is none."""
    return read_each(raw, name, read_text, "")


def parse_categories(raw, name):
    """Strings of the form "a|b"."""
    return read_each(raw, name, read_categories, "")


def parse_number(raw, name):
    """32-bit floats, NaN where there is none."""
    numbers = _as_numbers(raw)
    is_done = np.abs(numbers) <= MAX_NUMBER
    rest, broken = _read_rest(raw, name, read_number, np.nan, is_done)
    return np.where(is_done, numbers, rest).astype(np.float32), broken


def parse_integer(raw, name):
    """64-bit integers, 0 where there is none; whole floats are taken, too."""
    raw = _plain(raw)
    numbers = pd.to_numeric(raw, errors="coerce")
    as_floats = numbers.to_numpy(np.float64, na_value=np.nan)
    is_whole = (as_floats == np.floor(as_floats)) & (np.abs(as_floats) < 2.0**63)
    values = np.zeros(len(raw), np.int64)
    # Parsed again without the bad ones, which had turned the column into floats.
    values[is_whole] = pd.to_numeric(raw[is_whole]).to_numpy().astype(np.int64)
    is_left = ~is_whole & raw.notna().to_numpy()
    is_left[is_left] = [str(each).strip().lower() not in NULLS for each in raw[is_left]]
    return values, {f"`{name}` is no whole number": is_left}


def parse_time(raw, name):
    """Seconds since 1970, UTC, and the `MICROSECONDS` after them, as `read_time`."""
    raw = _plain(raw)
    seconds, fractions, is_done = _fast_times(raw)
    rest, broken = _read_rest(raw, name, read_time, None, is_done)
    is_missing = ~is_done & (rest == None)  # noqa: E711, of each cell
    is_missing &= ~_any(broken, len(raw))
    for place in np.flatnonzero(~is_done & (rest != None)):  # noqa: E711
        seconds[place], fractions[place] = rest[place]
    broken |= {f"`{name}` is missing": is_missing}
    return {name: seconds, MICROSECONDS: fractions}, broken


def parse_limit(raw, name):
    """Seconds since 1970, UTC, 0 for no limit, as `read_limit`."""
    raw = _plain(raw)
    seconds, _, is_done = _fast_times(raw)
    is_done &= seconds > 0
    rest, broken = _read_rest(raw, name, read_limit, 0, is_done)
    return np.where(is_done, seconds, rest).astype(np.int64), broken


def _of_neither(parsed, broken, first, second):
    """The rule, and its rows, that one of two columns must say something."""
    is_blank = parsed[first] == ""
    if second in parsed:
        is_blank &= parsed[second] == ""
    for name, mask in broken.values():
        if name in (first, second):
            is_blank &= ~mask
    rule = {f"`{first}` is missing or empty": (first, is_blank)}
    return rule if is_blank.any() else {}


def read_each(raw, name, read, missing):
    """Each cell by `read`; a cell that it refuses is `missing` and breaks its rule.

    Equal cells give one and the same object.
    """
    try:
        codes, distinct = pd.factorize(raw)  # -1 where missing
    except TypeError:  # lists and the like
        codes, distinct = np.arange(len(raw)), list(raw)
    values = np.full(len(distinct) + 1, missing, object)  # the last one: code -1
    words = np.full(len(distinct) + 1, "", object)
    for place, cell in enumerate(distinct):
        try:
            values[place] = read(cell)
        except ValueError as error:
            words[place] = str(error)
    refused = words[codes]
    rules = dict.fromkeys(words[words != ""])
    return values[codes], {f"`{name}` {rule}": refused == rule for rule in rules}


def _read_rest(raw, name, read, missing, is_done):
    """As `_read_each` where `is_done` is False; `missing` elsewhere."""
    values = np.full(len(raw), missing, object)
    broken: dict[str, np.ndarray] = {}
    if is_done.all():
        return values, broken
    left = ~is_done
    values[left], rules = read_each(raw[left], name, read, missing)
    for rule, mask in rules.items():
        broken[rule] = np.zeros(len(raw), bool)
        broken[rule][left] = mask
    return values, broken


def _fast_times(raw):
    """`(seconds, microseconds, is_done)` of what is plain to see; 0 for the rest."""
    if raw.dtype == object and pd.api.types.infer_dtype(raw) == "string":
        dates = _dates(raw)
        raw = raw if dates.isna().all() else dates
    if raw.dtype.kind == "M":
        is_done = raw.notna().to_numpy()
        moments = raw.dt.as_unit("us").astype(np.int64).to_numpy()
        moments = np.where(is_done, moments, 0)
        seconds, fractions = moments // 10**6, moments % 10**6
    else:
        numbers = _as_numbers(raw.astype(object) if raw.dtype.kind == "b" else raw)
        is_done = np.isfinite(numbers) & (not _are_days(numbers))
        numbers = np.where(is_done, numbers, 0)
        seconds = np.floor(numbers)
        fractions = np.minimum(np.rint((numbers - seconds) * 1e6), 999_999)
    is_done = is_done & (seconds >= MIN_SECONDS) & (seconds <= MAX_SECONDS)
    seconds, fractions = np.where(is_done, [seconds, fractions], 0).astype(np.int64)
    return seconds, fractions, is_done


def _dates(texts):
    """Datetimes of texts that are long enough to be ISO 8601 to the second."""
    is_long = (texts.str.len() >= len("2023-11-14T22:13:20")).to_numpy(bool)
    return pd.to_datetime(
        texts.where(is_long), errors="coerce", utc=True, format="ISO8601"
    )


def _are_days(numbers):
    """Whether all numbers may be days such as 20231114: then `read_time` decides."""
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return False
    for after in (1, 10**6):  # with the time of the day, too
        years, months, days = (known // (after * each) for each in (10**4, 100, 1))
        is_day = (years >= 1900) & (years < 2200)
        is_day &= (months % 100 >= 1) & (months % 100 <= 12)
        is_day &= (days % 100 >= 1) & (days % 100 <= 31)
        if is_day.all():
            return True
    return False


def _as_numbers(raw):
    """`[n]` float64, NaN for what is no number at first sight."""
    if isinstance(raw.dtype, pd.CategoricalDtype):  # each distinct cell once
        numbers = _as_numbers(pd.Series(raw.cat.categories))
        return np.append(numbers, np.nan)[raw.cat.codes]
    kinds = ("string", "integer", "floating", "mixed-integer-float", "empty")
    if raw.dtype == object and pd.api.types.infer_dtype(raw) not in kinds:
        return np.full(len(raw), np.nan)
    numbers = pd.to_numeric(raw, errors="coerce")
    return numbers.to_numpy(np.float64, na_value=np.nan)


def _in_order(fractions, sequences):
    """`[n]` int64 that order first by fractions of a second, then by `sequences`."""
    within = np.where(np.abs(sequences) < FINER // 2, sequences, 0)
    return np.where(fractions > 0, fractions * FINER + within, sequences)


def _any(broken, count):
    return np.logical_or.reduce([np.zeros(count, bool), *broken.values()])


def _plain(raw):
    """The column as numpy numbers, numpy objects or datetimes."""
    if isinstance(raw.dtype, np.dtype | pd.DatetimeTZDtype):
        return raw
    return raw.astype(object)
