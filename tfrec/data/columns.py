"""Columns of the three tables: what each must hold and how it is read.

A parser takes one raw column and its name and returns the parsed values and, per
rule that some rows break, a mask of those rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

MILLISECONDS = 1e11  # seconds beyond it lie after the year 5138


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: our name for it.
        parse: turns the raw column into values.
        default: stands in where the column is absent; None leaves it out.
        is_required: whether the table is useless without it.
    """

    name: str
    parse: Callable
    default: object = None
    is_required: bool = False


@dataclass(frozen=True)
class Table:
    """What a table must look like.

    Attributes:
        name: what messages call it.
        columns: its `Column`s.
        unique: column that may not repeat itself, None for none.
        keeps_others: whether columns of any other name stay, as they came.
    """

    name: str
    columns: tuple
    unique: str | None = None
    keeps_others: bool = False

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
        parsed, broken = {}, {}
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
            parsed[column.name] = pd.Series(values, frame.index, dtype=values.dtype)
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
    """Strings that say something; whole floats such as 7.0 are read as "7"."""
    texts = as_strings(raw)
    return texts, {f"`{name}` is missing or empty": texts == ""}


def parse_text(raw, name):
    """Strings, `""` where there is none."""
    return as_strings(raw), {}


def parse_number(raw, name):
    """Finite 32-bit floats."""
    numbers = pd.to_numeric(_plain(raw), errors="coerce")
    with np.errstate(over="ignore"):
        values = np.asarray(numbers, np.float64).astype(np.float32)
    return values, {f"`{name}` is missing or not a finite number": ~np.isfinite(values)}


def parse_integer(raw, name):
    """64-bit integers; whole floats are taken, too."""
    values, is_whole = as_integers(_plain(raw))
    return values, {f"`{name}` is missing or not a whole number": ~is_whole}


def parse_time(raw, name):
    """Seconds since 1970, UTC, from numbers, ISO 8601 strings or datetimes.

    Times without a zone are UTC; fractions of a second in strings and datetimes
    are cut off.
    """
    raw = _plain(raw)
    numbers = pd.to_numeric(raw.map(_number_or_none), errors="coerce")
    values, is_time = as_integers(numbers)
    rest = numbers.isna().to_numpy()
    values[rest], is_time[rest] = _seconds(raw[rest])
    is_late = is_time & (np.abs(values) > MILLISECONDS)
    is_missing = ~is_time & (raw.isna().to_numpy() | (raw == "").to_numpy(bool))
    return values, {
        f"`{name}` is missing": is_missing,
        f"`{name}` is not a time (whole seconds, ISO 8601 or a datetime)": (
            ~is_time & ~is_missing
        ),
        f"`{name}` looks like milliseconds; divide it by 1000 to get seconds": is_late,
    }


def parse_optional_time(raw, name):
    """As `parse_time`, 0 where there is none."""
    raw = _plain(raw)
    is_missing = raw.isna() | (raw == "")
    return parse_time(raw.mask(is_missing, 0) if is_missing.any() else raw, name)


def as_strings(raw):
    """Object array of strings; missing and blank values become `""`.

    Equal strings share their memory.
    """
    codes, uniques = pd.factorize(raw)
    texts = np.array([*map(_as_string, uniques), ""], dtype=object)
    return texts[codes]  # code -1, a missing value, is the last one: ""


def as_integers(raw):
    """`(values, is_whole)`: int64 values, 0 where the raw value is no integer."""
    numbers = pd.to_numeric(raw, errors="coerce")
    as_floats = numbers.to_numpy(np.float64, na_value=np.nan)
    is_whole = (as_floats == np.floor(as_floats)) & (np.abs(as_floats) < 2.0**63)
    values = np.zeros(len(raw), np.int64)
    # Parsed again without the bad ones, which had turned the column into floats.
    values[is_whole] = pd.to_numeric(raw[is_whole]).to_numpy().astype(np.int64)
    return values, is_whole


def _number_or_none(value):
    """Keeps datetimes away from `pd.to_numeric`, which would count nanoseconds."""
    return value if isinstance(value, str | int | float | np.number) else None


def _seconds(raw):
    """`(values, is_time)` of ISO 8601 strings and datetimes; 0 for anything else."""
    dates = pd.to_datetime(raw, errors="coerce", utc=True, format="ISO8601")
    is_date = dates.notna().to_numpy()
    seconds = dates.dt.as_unit("s").astype(np.int64).to_numpy()
    return np.where(is_date, seconds, 0), is_date


def _plain(raw):
    """The column as numpy numbers, numpy objects or datetimes."""
    if isinstance(raw.dtype, np.dtype | pd.DatetimeTZDtype):
        return raw
    return raw.astype(object)


def _as_string(value):
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text if text.strip() else ""
