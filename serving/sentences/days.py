"""Days that a sentence names."""

import datetime
import re

from serving.sentences.numerals import read_number
from serving.sentences.rules import Rules

FEW = 3
DECADES = (
    "twenties",
    "thirties",
    "forties",
    "fifties",
    "sixties",
    "seventies",
    "eighties",
    "nineties",
)
_Days = tuple[datetime.date | None, datetime.date | None]


def read_days(match: re.Match, kind: str, rules: Rules, today: datetime.date) -> _Days:
    """The first day that fits, and the first one after it that does not any more.

    Args:
        match: with the groups `n`, `n2` and `unit` as the kind needs them.
        kind: "decades", "years", "since", "after", "before", "until", "ago", "this".
        rules: of the language.
        today: the day of the request.
    """
    groups = match.groupdict()
    said = groups.get("n") or groups.get("n1")
    unit = groups.get("unit") or groups.get("unit1") or ""
    unit = rules.units["dates"].get(unit, unit)
    if kind == "ago":
        return _ago(today, said, unit), None
    if kind == "this":
        return _begin(today, unit), None
    first = _year(said, kind, today)
    last = _year(groups.get("n2"), kind, today) if groups.get("n2") else first
    if first is None or last is None:
        return None, None
    length = 10 if kind == "decades" else 1
    starts = {"since": first, "after": first + 1, "decades": first, "years": first}
    ends = {"before": first, "until": first + 1}
    ends |= {"decades": last + length, "years": last + length}
    return _first_of(starts.get(kind)), _first_of(ends.get(kind))


def _first_of(year):
    return None if year is None or not 1 <= year <= 9998 else datetime.date(year, 1, 1)


def _year(said, kind, today):
    if kind != "decades":
        year = read_number(said)
        return None if year is None else int(year)
    number = 10 * (DECADES.index(said) + 2) if said in DECADES else read_number(said)
    if number is None:
        return None
    if len(said) == 1 and number < 10:  # 四五十年代
        number *= 10
    if number >= 100:
        return int(number)
    # "The 20s" of this century, once they have begun.
    is_this_century = number <= today.year % 100
    return int(number) + (100 * (today.year // 100) if is_this_century else 1900)


def _ago(today, said, unit):
    is_few = said in ("few", "几")
    count = FEW if is_few else int((said and read_number(said)) or 1)
    count = min(count, 2000)
    if unit == "year":
        year = max(1, today.year - count)
        day = 28 if (today.month, today.day) == (2, 29) else today.day
        return today.replace(year=year, day=day)
    days = {"day": 1, "week": 7, "month": 30}[unit]
    return today - datetime.timedelta(days=days * count)


def _begin(today, unit):
    if unit == "week":
        return today - datetime.timedelta(days=today.weekday())
    return today.replace(day=1, month=today.month if unit == "month" else 1)
