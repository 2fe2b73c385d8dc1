"""Requests: people's histories and options as the padded arrays a signature takes.

Every `[batch, n]` array begins with one column of padding. A server that batches
requests of unlike width fills the shorter ones with their *first element*, which
must therefore be padding; the model ignores padding wherever it stands.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tfrec.errors import ServingError
from tfrec.values import (
    MAX_NUMBER,
    Moment,
    read_given_id,
    read_id,
    read_number,
    read_text,
    read_time,
)

if TYPE_CHECKING:
    import pandas as pd

# The events of one user, as `read_history` takes them.
HistoryLike: TypeAlias = "History | Sequence[Any] | pd.DataFrame"
PopularLike: TypeAlias = "Popular | Mapping[Any, float | tuple[float, float]]"
FIELDS = ("item_id", "event", "value", "timestamp", "text")
SHOWN = 3  # wrong events that a message tells of


class QueryError(ServingError, ValueError):
    """What is asked cannot be put into a request."""


@dataclass(frozen=True)
class History:
    """The events of one user as columns, oldest first.

    An event without an item has a text; `texts` that are left out are all empty.
    """

    item_ids: np.ndarray = field(default_factory=lambda: np.array([], object))
    events: np.ndarray = field(default_factory=lambda: np.array([], object))
    values: np.ndarray = field(default_factory=lambda: np.array([], "float32"))
    timestamps: np.ndarray = field(default_factory=lambda: np.array([], "int64"))
    texts: np.ndarray = field(default_factory=lambda: np.array([], object))

    def __post_init__(self) -> None:
        if not len(self.texts):
            object.__setattr__(self, "texts", np.full(len(self), "", object))

    @classmethod
    def of(cls, rows: Sequence[tuple]) -> "History":
        """Of checked tuples of `FIELDS`, oldest first; all may lack the text."""
        columns = zip(*rows, strict=True) if rows else [()] * len(FIELDS)
        dtypes: tuple[Any, ...] = (object, object, "float32", "int64", object)
        pairs = zip(columns, dtypes, strict=False)  # without texts
        return cls(*(np.array(column, dtype) for column, dtype in pairs))

    def __len__(self) -> int:
        return len(self.item_ids)

    def row(self, place: int) -> tuple:
        """One event as a tuple of `FIELDS`."""
        return tuple(getattr(self, each.name)[place] for each in fields(self))

    def take(self, rows: np.ndarray | slice) -> "History":
        """The events at an index array or slice."""
        return History(*(getattr(self, each.name)[rows] for each in fields(self)))


@dataclass(frozen=True)
class Popular:
    """How often items are had now, as columns: counts of events that fade.

    Attributes:
        item_ids: `[n]` strings.
        counts: `[n]` float32, each event counts half as much after a week.
        recent: `[n]` float32, the same after an hour.
        total: of all items together, as `counts`; the sum of these if that is more.
    """

    item_ids: np.ndarray = field(default_factory=lambda: np.array([], object))
    counts: np.ndarray = field(default_factory=lambda: np.array([], "float32"))
    recent: np.ndarray = field(default_factory=lambda: np.array([], "float32"))
    total: float = 0.0

    @classmethod
    def of(cls, counts: "PopularLike", total: float = 0.0) -> "Popular":
        """Of item id to a count, or to a pair of counts, the second of the last hour.

        Raises:
            QueryError: it is no mapping, or an id or a number breaks a rule.

        Example:
            >>> Popular.of({"a": (9, 5), "b": 2}).recent.tolist()
            [5.0, 0.0]
        """
        if isinstance(counts, Popular):
            return counts
        if not isinstance(counts, Mapping):
            raise QueryError(
                "`popular` must be a mapping of item ids to counts, because an item is "
                f"nothing without its count. Received: {counts!r:.80}."
            )
        pairs = [each if _is_pair(each) else (each, 0) for each in counts.values()]
        numbers = finite("popular", [*pairs, (total, 0)])
        if (numbers < 0).any():
            raise QueryError(
                "`popular` must hold counts of at least 0, because they are numbers of "
                f"events. Received: {numbers.min():g}."
            )
        ids = np.array(read_ids("popular", [*counts]), object)
        return cls(ids, numbers[:-1, 0], numbers[:-1, 1], float(numbers[-1, 0]))


@dataclass(frozen=True, kw_only=True)
class Query:
    """What one user asks for.

    Attributes:
        history: `History`.
        user_text: profile.
        query_text: what is looked for, in free words.
        now: time of asking in seconds, 0 for right after the last event.
        k: how many items.
        exclude: item ids that must not come.
        categories: those wanted, none for all.
        domain: those wanted, none for all.
        min_probability: items below it do not come.
        diversity: 0 for the best items, up to 1 for items unlike one another.
        allow_repeats: whether items of the history may come again.
        popular: what people have now, in place of what was popular at training.
    """

    history: History = field(default_factory=History)
    user_text: str = ""
    query_text: str = ""
    now: int = 0
    k: int = 10
    exclude: Sequence[str] = ()
    categories: Sequence[str] = ()
    domain: Sequence[str] = ()
    min_probability: float = 0.0
    diversity: float = 0.0
    allow_repeats: bool = False
    popular: Popular = field(default_factory=Popular)

    def __post_init__(self) -> None:
        if not 1 <= self.k < 2**31:
            raise QueryError(f"`k` must be from 1 to 2^31 - 1. Received: {self.k}.")
        for name in ("min_probability", "diversity"):
            if not 0 <= getattr(self, name) <= 1:  # nor is NaN
                raise QueryError(
                    f"`{name}` must be from 0 to 1. Received: {getattr(self, name)}."
                )
        for name in ("exclude", "categories", "domain"):
            if isinstance(getattr(self, name), str):
                raise QueryError(
                    f"`{name}` must be a list of strings. "
                    f"Received: {getattr(self, name)!r}."
                )


def read_history(history: HistoryLike, now: Any = 0) -> tuple[History, np.ndarray]:
    """Events as people write them, put in order of time.

    Args:
        history: item ids, `(item_id, event, value, timestamp, text)` tuples (the end
            may be left out), dicts with these keys, or a pandas frame with these
            columns; other keys and columns are ignored. An absent event is
            the log's usual one, an absent value a typical one, an absent time `now`.
            An event with a text, such as a search, needs no item id.
            Ids, values and times are read as in every table (`tfrec.values`);
            fractions of a second order the events. A `History` stays as it is.
        now: a time, 0 for none.

    Returns:
        `(history, order)`: `order` is the index array that sorted it.

    Raises:
        QueryError: an event is none of these, has neither item id nor text, or breaks a
            rule.

    Example:
        >>> history, _ = read_history([("b", "buy", 1, 20), ("a", "view", 1, 10)])
        >>> history.item_ids.tolist()
        ['a', 'b']
    """
    if isinstance(history, History):
        return history, np.arange(len(history))
    if hasattr(history, "to_dict"):
        history = history.to_dict("records")
    if isinstance(history, str | dict):
        raise QueryError(f"`history` must be a list of events. Received: {history!r}.")
    usual, rows, problems = Moment(read_now(now)), [], []
    for number, event in enumerate(history, start=1):
        try:
            rows.append(_read_event(event, usual))
        except ValueError as error:
            problems.append(f"Event {number}: {error}")
    if problems:
        raise QueryError(
            f"{len(problems)} of {len(rows) + len(problems)} events of a history are "
            f"wrong. {' '.join(problems[:SHOWN])}"
        )
    order = sorted(range(len(rows)), key=lambda place: rows[place]["timestamp"])
    in_order = [tuple(rows[each].values()) for each in order]
    in_order = [(*row[:3], row[3].seconds, *row[4:]) for row in in_order]
    return History.of(in_order), np.array(order, int)


def read_now(raw: Any) -> int:
    """UTC seconds of a time of asking, 0 where there is none.

    Raises:
        QueryError: it is no time, or looks like milliseconds.
    """
    try:
        moment = read_time(raw)
    except ValueError as error:
        raise QueryError(f"`now` {error}. Received: {raw!r}.") from None
    return moment.seconds if moment else 0


def finite(name: str, numbers: npt.ArrayLike) -> np.ndarray:
    """Numbers as a float32 array.

    Raises:
        QueryError: one is no number, infinite or not of 32 bits.
    """
    try:
        array = np.asarray(numbers, "float64")
    except (ValueError, TypeError, OverflowError) as error:
        raise QueryError(f"`{name}` must be numbers: {error}.") from error
    if np.isnan(array).any():
        raise QueryError(f"`{name}` must be finite. Received: NaN.")
    beyond = array[np.abs(array) > MAX_NUMBER]
    if beyond.size:
        raise QueryError(
            f"`{name}` must be a finite number of 32 bits. Received: {beyond[0]}."
        )
    return array.astype("float32")


def make_query(history: HistoryLike = (), now: Any = 0, **options: Any) -> Query:
    """A `Query` of a history as `read_history` takes it.

    Raises:
        QueryError: an option breaks a rule of `Query` or of `tfrec.values`.
    """
    seconds = read_now(now)
    for name in ("user_text", "query_text"):
        (options[name],) = _read_each(name, [options.get(name, "")], read_text)
    if not isinstance(options.get("exclude", ""), str):
        options["exclude"] = read_ids("exclude", options["exclude"])
    for name in ("categories", "domain"):
        if not isinstance(options.get(name, ""), str):
            options[name] = _read_each(name, options[name], read_text)
    if "popular" in options:
        options["popular"] = Popular.of(options["popular"])
    return Query(history=read_history(history, seconds)[0], now=seconds, **options)


def read_ids(name: str, raw: Sequence) -> list[str]:
    """Ids of items, as every door reads them.

    Raises:
        QueryError: one is no id.
    """
    return _read_each(name, raw, read_given_id)


def _read_each(name: str, raw: Iterable, read: Callable[[Any], str]) -> list[str]:
    try:
        return [read(each) for each in raw]
    except ValueError as error:
        raise QueryError(f"`{name}` {error}. Received: {list(raw)!r:.80}.") from None


def query_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """The inputs that make an embedding, `[batch]` or `[batch, 1 + longest]`."""
    histories = [query.history for query in queries]
    texts = pad([h.texts if h.texts.any() else () for h in histories])
    return _if_used("history_texts", texts) | {
        "user_text": np.array([q.user_text for q in queries], object),
        "query_text": np.array([q.query_text for q in queries], object),
        "history_item_ids": pad([h.item_ids for h in histories]),
        "history_events": pad([h.events for h in histories]),
        "history_values": pad([h.values for h in histories], 0, "float32"),
        "history_timestamps": pad([h.timestamps for h in histories], 0, "int64"),
        "now": np.array([q.now for q in queries], "int64"),
    }


def filter_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """The inputs that choose among items, but for `allow_repeats`."""
    inputs = {
        "k": np.array([q.k for q in queries], "int32"),
        "exclude_item_ids": pad([q.exclude for q in queries]),
        "categories": pad([q.categories for q in queries]),
        "min_probability": np.array([q.min_probability for q in queries], "float32"),
    }
    diversity = np.array([q.diversity for q in queries], "float32")
    inputs |= _if_used("domain", pad([q.domain for q in queries]))
    return inputs | _if_used("diversity", diversity)


def popular_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """The inputs of live counts, if there are any."""
    popular = [query.popular for query in queries]
    if not any(len(each.item_ids) for each in popular):
        return {}
    return {
        "popular_item_ids": pad([each.item_ids for each in popular]),
        "popular_counts": pad([each.counts for each in popular], 0, "float32"),
        "popular_recent_counts": pad([each.recent for each in popular], 0, "float32"),
        "popular_total": np.array([each.total for each in popular], "float32"),
    }


def recommend_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """All inputs of `recommend`, each at full batch length."""
    allow_repeats = np.array([q.allow_repeats for q in queries], bool)
    return {
        **query_inputs(queries),
        **filter_inputs(queries),
        **popular_inputs(queries),
        "allow_repeats": allow_repeats,
    }


def _if_used(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
    """An input that models have not always had, if it says something."""
    return {name: array} if array.any() else {}


def pad(
    rows: Sequence[Any], fill: str | int = "", dtype: npt.DTypeLike = object
) -> np.ndarray:
    """Rows of unlike length as one array, a column of padding first.

    Example:
        >>> pad([["a", "b"], ["c"]]).tolist()
        [['', 'a', 'b'], ['', 'c', '']]
    """
    padded = np.full((len(rows), 1 + max(map(len, rows), default=0)), fill, dtype)
    for target, row in zip(padded, rows, strict=True):
        target[1 : 1 + len(row)] = row
    return padded


def _is_pair(value: Any) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2


def _read_event(event: Any, now: Moment) -> dict:
    """By `FIELDS`, the time a `Moment`; raises a ValueError of all that is wrong."""
    given = _fields(event)
    values, problems = {}, []
    for name, read in _READERS.items():
        raw = given.get(name)
        try:
            values[name] = read(raw)
        except ValueError as error:
            problems.append(f"`{name}` {error}. Received: {raw!r:.80}.")
    if not problems and not values["item_id"] and not values["text"]:
        problems.append("`item_id` must not be empty, except where there is a `text`.")
    if problems:
        raise ValueError(" ".join(problems))
    return values | {"timestamp": values["timestamp"] or now}


def _fields(event: Any) -> dict:
    if isinstance(event, dict):
        return event
    values = event if isinstance(event, tuple | list) else (event,)
    if not 1 <= len(values) <= len(FIELDS):
        raise ValueError(
            "must be an item id, a tuple (item_id, event, value, timestamp, text) or a "
            f"dict with these keys. Received: {event!r:.80}."
        )
    return dict(zip(FIELDS, values, strict=False))


_READERS: dict[str, Callable[[Any], Any]] = dict(
    zip(FIELDS, (read_id, read_id, read_number, read_time, read_text), strict=True)
)
