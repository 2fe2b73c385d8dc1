"""What an id, a text, a number, a time and a category are, at every door.

Tables, the log of items, the gateway, Kafka and the client read single values by
these functions. Each takes what a file or a request holds and returns what the model
is given, or raises a ValueError whose words begin with "must" or "looks".
"""

import ast
import datetime
import json
import math
import re
import unicodedata
import uuid
from decimal import Decimal
from typing import Any, NamedTuple

MAX_ID = 512  # characters: ids are kept in every state and every answer
MAX_TEXT = 1_000_000  # characters: encoders read some hundred words of them
MAX_NUMBER = 3.4e38  # of 32 bits, what the model reads
MAX_BOOST = 10_000.0  # far beyond any score; scores that differ still do beside it
MAX_SECONDS = 10**11  # the year 5138; larger numbers are milliseconds
MIN_SECONDS = -2_208_988_800  # the year 1900; earlier dates mean "no date"
MAX_BITS = 8 * MAX_ID  # of an integer; Python spells none of thousands of digits
EXACT_FLOAT = 2.0**53  # from here on floats skip whole numbers
NULLS = frozenset({"", "nan", "null", "none", "na", "n/a", "nat", "\\n"})
_WHOLE_FLOAT = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DAY = re.compile(
    r"(?:19|20|21)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[01][0-9][0-5][0-9]{3}|2[0-3][0-5][0-9]{3})?"
)
_ZONE = re.compile(
    r"\s*(?:\+00:?00\s*)?(?:UTC|GMT|[zZ])$|\s+(?=[+-][0-9]{2}:?[0-9]{2}$)"
)
_TEXTS = str | int | float | Decimal | uuid.UUID
NO_TIME = "must be UTC seconds, ISO 8601 or a datetime"
_END_YEAR = 9999  # how tables write "no end"


class Moment(NamedTuple):
    """A time: whole UTC seconds since 1970, and the microseconds after them."""

    seconds: int
    microseconds: int = 0


def read_text(raw: Any) -> str:
    """A text of whole Unicode characters; `""` where there is none.

    Raises:
        ValueError: it is no text, not Unicode, or too long.

    Example:
        >>> read_text(b"Caf\\xc3\\xa9"), read_text(None), read_text(1984)
        ('Café', '', '1984')
    """
    text = _spell(raw)
    if len(text) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters")
    return text if text.strip() else ""


def read_id(raw: Any) -> str:
    """An id as a string; whole floats such as 7.0 or "7.0" are "7".

    Blanks around it do not count. `""` where there is none.

    Raises:
        ValueError: it is no id, has a control character, is too long, or is a float
            so large that digits of it are lost.

    Example:
        >>> read_id(12.0), read_id(" 12.0"), read_id("007"), read_id(Decimal("7.00"))
        ('12', '12', '007', '7')
    """
    text = _spell(raw).strip()
    whole = _WHOLE_FLOAT.fullmatch(text)
    if whole:
        text = "0" if whole[1] == "-0" else whole[1]
    if len(text) > MAX_ID:
        raise ValueError(f"must have at most {MAX_ID} characters")
    if _CONTROL.search(text):
        raise ValueError(
            "must have no control characters, because ids appear in addresses and logs"
        )
    return text


def read_given_id(raw: Any) -> str:
    """As `read_id`, of what must have one.

    Raises:
        ValueError: as `read_id`, or it is missing or blank.
    """
    text = read_id(raw)
    if not text:
        raise ValueError('must not be empty, because "" is the padding')
    return text


def read_number(raw: Any) -> float:
    """A finite number of 32 bits; NaN where there is none, which means a typical one.

    Raises:
        ValueError: it is no number, or none of 32 bits.

    Example:
        >>> read_number("4.5"), read_number(True), read_number("")
        (4.5, 1.0, nan)
    """
    raw = _plain(raw)
    if _is_null(raw):
        return math.nan
    if isinstance(raw, str) and not _NUMBER.fullmatch(raw.strip()):
        raise ValueError("must be a number or absent")
    try:
        number = float(raw)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise ValueError("must be a number or absent") from None
    if not abs(number) <= MAX_NUMBER:
        raise ValueError("must be a finite number of 32 bits")
    return number


def read_time(raw: Any) -> Moment | None:
    """A time, from seconds, ISO 8601 (basic form too) or a datetime; None if missing.

    Times without a zone are UTC. Eight digits that spell a day are that day.

    Raises:
        ValueError: it is no time, lies before 1900, or looks like milliseconds.

    Example:
        >>> read_time("2019-11-01 00:00:00.5 UTC")
        Moment(seconds=1572566400, microseconds=500000)
        >>> read_time("20231114") == read_time("2023-11-14T00:00:00Z")
        True
    """
    raw = _plain(raw)
    if _is_null(raw):
        return None
    number = _as_number(raw)
    moment = _read_date(raw) if number is None else _read_seconds(number)
    if moment.seconds > MAX_SECONDS:
        raise ValueError("must be before the year 5138")
    if moment.seconds < MIN_SECONDS:
        raise ValueError("must not be before the year 1900")
    return moment


def read_limit(raw: Any) -> int:
    """UTC seconds at which something begins or ends, 0 where it never does.

    Dates before 1900 and in the year 9999, which tables write for "always" and "for
    ever", are 0 too, and so is anything missing. Other times before 1970 are 1.

    Raises:
        ValueError: as `read_time`.

    Example:
        >>> read_limit("9999-12-31"), read_limit("1970-01-02"), read_limit(None)
        (0, 86400, 0)
    """
    raw = _plain(raw)
    try:
        moment = read_time(raw)
    except ValueError:
        if _is_unlimited(raw):
            return 0
        raise
    if not moment:
        return 0
    return moment.seconds if moment.seconds >= 0 else 1  # long ago, yet no 0


def read_categories(raw: Any) -> str:
    """Categories as "a|b", from that, a list, or a list written as JSON or Python.

    Raises:
        ValueError: it is neither text nor a list of texts.

    Example:
        >>> read_categories(" a | b|a"), read_categories('["a", "b c"]')
        ('a|b', 'a|b c')
    """
    return "|".join(_distinct_parts(raw, str.strip))


def read_ids(raw: Any) -> str:
    """Ids as "a|b", from that, a list, or a list written as JSON or Python.

    Raises:
        ValueError: as `read_id`, or it is neither text nor a list of ids.

    Example:
        >>> read_ids([12.0, " b "]), read_ids("7|b"), read_ids(None)
        ('12|b', '7|b', '')
    """
    return "|".join(_distinct_parts(raw, read_id))


def _distinct_parts(raw, read):
    """What `read` makes of the parts of a text or of lists of texts, without `""`."""
    raw = _plain(raw)
    if isinstance(raw, str) and raw.strip()[:1] == "[":
        raw = _read_list(raw.strip())
    parts: list[str] = []
    waiting = [raw]
    while waiting:  # depth first, however deep the lists are
        each = waiting.pop()
        if isinstance(each, list | tuple):
            waiting += reversed(each)
        else:
            parts += map(read, read_text(each).split("|"))
    return dict.fromkeys(part for part in parts if part)


def _plain(raw):
    """Python's own value in place of numpy's and pandas'; None for a missing one."""
    if isinstance(raw, int) and raw.bit_length() > MAX_BITS:
        raise ValueError("must have fewer digits")
    if hasattr(raw, "dtype"):
        is_date = raw.dtype.kind == "M"
        raw = raw.astype("datetime64[us]").item() if is_date else raw.tolist()
    is_nothing = type(raw).__name__ in ("NAType", "NaTType")
    is_nan = (isinstance(raw, Decimal) and raw.is_nan()) or (
        isinstance(raw, float) and math.isnan(raw)
    )
    return None if is_nothing or is_nan else raw


def _is_null(raw):
    return raw is None or (isinstance(raw, str) and raw.strip().lower() in NULLS)


def _spell(raw):
    """The text of a cell."""
    raw = _plain(raw)
    if raw is None:
        return ""
    if isinstance(raw, bytes):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("must be Unicode; its bytes are not UTF-8") from None
    if isinstance(raw, bool) or not isinstance(raw, _TEXTS):
        raise ValueError("must be text or a number")
    if isinstance(raw, float | Decimal):
        return _spell_float(raw)
    text = str(raw)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be Unicode; it has half of a surrogate pair") from None
    return text


def _spell_float(raw):
    if not math.isfinite(raw):
        raise ValueError("must be text or a finite number")
    if raw != int(raw):
        return str(raw)
    if isinstance(raw, float) and abs(raw) >= EXACT_FLOAT:
        raise ValueError(
            "must be text or a whole number, because a float of this size has lost "
            "digits"
        )
    return str(int(raw))


def _as_number(raw):
    """The number that `raw` is or spells as seconds, None for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return None
    text = str(raw).strip().removesuffix(".0") if isinstance(raw, str | float) else ""
    text = text or str(raw)[:MAX_ID]
    if not _NUMBER.fullmatch(text) or _read_day(text):
        return None
    return float(text) if isinstance(raw, str) else raw


def _read_seconds(number):
    if abs(number) > MAX_SECONDS:
        raise ValueError("looks like milliseconds; divide it by 1000 to get seconds")
    seconds = math.floor(number)
    return Moment(seconds, min(round(float(number - seconds) * 1e6), 999_999))


def _read_date(raw):
    """A `Moment` of a date, or of what spells one."""
    moment = raw
    if isinstance(raw, str | int | float | Decimal) and not isinstance(raw, bool):
        text = str(raw).strip()
        moment = _read_day(text.removesuffix(".0")) or _read_iso(text)
    if not isinstance(moment, datetime.date):
        raise ValueError(NO_TIME)
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime(moment.year, moment.month, moment.day)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return Moment(since.days * 86_400 + since.seconds, since.microseconds)


def _read_iso(text):
    zone = _ZONE.search(text)
    if zone:
        text = f"{text[: zone.start()]}{text[zone.end() :] or '+00:00'}"
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(NO_TIME) from None


def _read_day(text):
    """The day, or day and time, that 8 or 14 digits spell; None for other text."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return datetime.datetime.strptime(text, "%Y%m%d%H%M%S"[: len(text) - 2])
    except ValueError:  # the 31st of February
        raise ValueError(NO_TIME) from None


def _is_unlimited(raw):
    if isinstance(raw, str):
        if raw.strip().lower() in ("infinity", "-infinity"):
            return True
        try:
            number = _as_number(raw)
            raw = _read_iso(raw.strip()) if number is None else number
        except ValueError:
            return False
    if isinstance(raw, datetime.date):
        return raw.year == _END_YEAR or raw.year < 1900
    start = datetime.datetime(_END_YEAR, 1, 1, tzinfo=datetime.UTC).timestamp()
    return isinstance(raw, int | float) and start <= raw < start + 366 * 86_400


def _read_list(text):
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list):
            return found
    return text


def without_accents(text: str) -> str:
    """A text without case and accents, as people type it who search.

    Example:
        >>> without_accents("L'Été")
        "l'ete"
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in letters if not unicodedata.combining(each))
