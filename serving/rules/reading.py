"""Rules as a team writes them: a TOML file, all whose problems are told at once."""

import difflib
import hashlib
import math
import tomllib
from collections.abc import Callable
from typing import Any

from serving.rules.conflicts import conflicts
from serving.rules.kinds import (
    Arm,
    BoostRule,
    FreshnessRule,
    ImpressionRule,
    PinRule,
    PreferRule,
    QuotaRule,
    RuleBook,
    When,
)
from tfrec.data.domains import MARK
from tfrec.errors import ConfigError
from tfrec.values import MAX_BOOST, read_given_id, read_time

MAX_PLACES = 1000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LANGUAGE = "language:"
_NAMING = {"labels": "", "categories": "", "domains": MARK, "languages": LANGUAGE}
_REQUIRED = object()
Reader = Callable[[Any], Any]


def read_rules(text: str) -> RuleBook:
    """The rules of a file.

    Raises:
        ConfigError: it is no TOML, or rules are wrong; names all problems.
    """
    try:
        content = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The rules are not valid TOML: {error}.") from error
    reading = _Reading()
    book = reading.book(content, hashlib.sha256(text.encode()).hexdigest()[:12])
    problems = reading.problems or conflicts(book)
    if problems:
        lines = "".join(f"\n- {each}" for each in problems)
        many = "s" * (len(problems) > 1)
        raise ConfigError(f"The rules have {len(problems)} problem{many}:{lines}")
    return book


class _Reading:
    """Collects problems on its way through a file."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def book(self, content: dict[str, Any], version: str) -> RuleBook:
        self._check_keys("the file", content, [*_LISTS, *_TABLES, "arm", "experiment"])
        rules: dict[str, list] = {field: [] for field, _, _ in _KINDS.values()}
        for kind, (field, _, _) in _KINDS.items():
            given = content.get(kind, [] if kind in _LISTS else None)
            form = list if kind in _LISTS else dict
            if given is not None and not isinstance(given, form):
                how = f"[[{kind}]]" if form is list else f"[{kind}]"
                self.problems.append(f"`{kind}` must be written as {how}.")
                continue
            tables: list[Any] = [] if given is None else [given]
            if isinstance(given, list):
                tables = given
            for number, values in enumerate(tables, start=1):
                where = f"[[{kind}]] {number}" if form is list else f"[{kind}]"
                rule = self._rule(where, kind, values)
                rules[field] += [rule] if rule else []
        book = RuleBook(
            version=version,
            experiment=self._experiment(content),
            arms=self._arms(content.get("arm", {})),
            **{field: tuple(each) for field, each in rules.items()},
        )
        self._check_arms(book)
        return book

    def _rule(self, where, kind, values):
        _, make, keys = _KINDS[kind]
        if not isinstance(values, dict):
            self.problems.append(f"{where} must be a table of keys.")
            return None
        name = values.get("name", kind if kind in _TABLES else None)
        if isinstance(name, str) and name:
            where = f'{where} "{name}"'
        else:
            self.problems.append(f"{where}: `name` must be a text.")
        naming = _NAMING if keys is not None and "labels" in keys else {}
        known = ["name", "when", *naming, *(k for k in keys if k != "labels")]
        before = len(self.problems)
        self._check_keys(where, values, known)
        read = self._values(where, values, keys)
        if naming:
            read["labels"] = self._labels(where, values)
        when = self._when(where, values.get("when", {}))
        if len(self.problems) > before or not isinstance(name, str):
            return None
        return make(name=name, when=when, **read)

    def _values(self, where, values, keys):
        read = {}
        for key, (reader, default) in keys.items():
            if key == "labels":
                continue
            raw = values.get(key, default)
            if raw is _REQUIRED:
                self.problems.append(f"{where}: `{key}` must be given.")
            elif raw is default:
                read[key] = default
            else:
                read[key] = self._read(where, key, raw, reader)
        return read

    def _labels(self, where, values):
        labels: list[str] = []
        for key, mark in _NAMING.items():
            found = self._read(where, key, values.get(key, []), _names)
            labels += [f"{mark}{name}" for name in found or ()]
        if not labels:
            self.problems.append(
                f"{where} must name `labels`, `categories`, `domains` or `languages`, "
                "because it touches no item otherwise."
            )
        return tuple(dict.fromkeys(labels))

    def _when(self, where, values):
        where = f"{where}, `when`"
        if not isinstance(values, dict):
            self.problems.append(f"{where} must be a table of keys.")
            return When()
        self._check_keys(where, values, _WHEN)
        read = {
            field: self._read(where, key, values[key], reader)
            for key, (field, reader) in _WHEN.items()
            if key in values
        }
        when = When(**{k: each for k, each in read.items() if each is not None})
        if when.start >= when.end:
            self.problems.append(f"{where}: `from` must be before `until`.")
        return when

    def _arms(self, tables):
        arms, total = [], 0.0
        if not isinstance(tables, dict):
            self.problems.append("`arm` must be written as [arm.NAME].")
            return ()
        for name, values in tables.items():
            where = f"[arm.{name}]"
            if not isinstance(values, dict) or "share" not in values:
                self.problems.append(f"{where}: `share` must be given.")
                continue
            self._check_keys(where, values, ["share"])
            share = self._read(where, "share", values["share"], _share)
            arms.append(Arm(name, share or 0.0))
            total += share or 0.0
        if total > 1 + 1e-9:
            self.problems.append(
                "The shares of arms must be at most 1 together, because each person is "
                f"in one. Received: {total:g}."
            )
        return tuple(arms)

    def _experiment(self, content):
        name = content.get("experiment", "")
        if not isinstance(name, str) or (content.get("arm") and not name):
            self.problems.append(
                "`experiment` must be a name where there are arms, because people are "
                "divided by it."
            )
            return ""
        return name

    def _check_arms(self, book):
        known = {arm.name for arm in book.arms}
        for rule in book.every_rule():
            if rule.when.arm and rule.when.arm not in known:
                self.problems.append(
                    f'"{rule.name}": `arm` must be one of [arm.NAME]. '
                    f"Received: {rule.when.arm!r}."
                )

    def _check_keys(self, where, values, known):
        for key in [each for each in values if each not in known]:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            self.problems.append(f"{where}: unknown key `{key}`.{hint}")

    def _read(self, where, key, raw, reader):
        try:
            return reader(raw)
        except ValueError as error:
            self.problems.append(f"{where}: `{key}` {error}. Received: {raw!r:.80}.")
            return None


def _number(raw, least=-math.inf, most=math.inf):
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
    if not is_number or not math.isfinite(raw):
        raise ValueError("must be a finite number")
    if not least <= raw <= most:
        raise ValueError(f"must be from {least:g} to {most:g}")
    return float(raw)


def _boost(raw):
    return _number(raw, -MAX_BOOST, MAX_BOOST)


def _bury(raw):
    if _number(raw, 0, MAX_BOOST) == 0:
        raise ValueError("must be positive: it is taken off the score")
    return -float(raw)


def _positive(raw):
    if _number(raw) <= 0:
        raise ValueError("must be positive")
    return float(raw)


def _share(raw):
    return _number(raw, 0, 1)


def _count(raw):
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= MAX_PLACES:
        raise ValueError(f"must be a whole number from 0 to {MAX_PLACES}")
    return raw


def _place(raw):
    if _count(raw) < 1:
        raise ValueError("must be at least 1, the first place")
    return raw


def _item(raw):
    return read_given_id(raw)


def _name(raw):
    if not isinstance(raw, str) or not raw:
        raise ValueError("must be a text")
    return raw


def _names(raw):
    if not isinstance(raw, list) or not all(isinstance(e, str) and e for e in raw):
        raise ValueError("must be a list of texts")
    return raw


def _time(raw):
    moment = read_time(raw)
    if moment is None:
        raise ValueError("must be a time")
    return moment.seconds


def _weekdays(raw):
    if not _names(raw) or not set(raw) <= set(WEEKDAYS):
        raise ValueError(f"must be some of {', '.join(WEEKDAYS)}")
    return frozenset(WEEKDAYS.index(day) for day in raw)


def _hours(raw):
    is_pair = isinstance(raw, list) and len(raw) == 2
    if not is_pair or not all(isinstance(h, int) and 0 <= h <= 24 for h in raw):
        raise ValueError("must be two hours from 0 to 24, such as [8, 18]")
    if raw[0] == raw[1]:
        raise ValueError("must be two different hours")
    return tuple(raw)


_WHEN: dict[str, tuple[str, Reader]] = {
    "domain": ("domain", _name),
    "from": ("start", _time),
    "until": ("end", _time),
    "weekdays": ("weekdays", _weekdays),
    "hours": ("hours", _hours),
    "arm": ("arm", _name),
}
# Section -> its field of `RuleBook`, its class, and key -> (reader, default).
_KINDS: dict[str, tuple[str, Any, dict[str, tuple[Reader, Any]]]] = {
    "boost": (
        "boosts",
        BoostRule,
        {"labels": (_names, ()), "value": (_boost, _REQUIRED)},
    ),
    "bury": (
        "boosts",
        BoostRule,
        {"labels": (_names, ()), "value": (_bury, _REQUIRED)},
    ),
    "pin": (
        "pins",
        PinRule,
        {"item": (_item, _REQUIRED), "place": (_place, _REQUIRED)},
    ),
    "quota": (
        "quotas",
        QuotaRule,
        {
            "labels": (_names, ()),
            "places": (_place, _REQUIRED),
            "at_most": (_count, None),
            "at_least": (_count, 0),
        },
    ),
    "prefer": ("prefers", PreferRule, {"labels": (_names, ())}),
    "freshness": (
        "freshness",
        FreshnessRule,
        {"weight": (_boost, _REQUIRED), "half_life_hours": (_positive, _REQUIRED)},
    ),
    "impressions": (
        "impressions",
        ImpressionRule,
        {
            "discount": (_positive, _REQUIRED),
            "free": (_count, 0),
            "window_hours": (_positive, _REQUIRED),
        },
    ),
}
_LISTS = ("boost", "bury", "pin", "quota", "prefer")
_TABLES = ("freshness", "impressions")
