"""Requests: people's histories and options as the padded arrays a signature takes.

Every `[batch, n]` array begins with one column of padding. A server that batches
requests of unlike width fills the shorter ones with their *first element*, which
must therefore be padding; the model ignores padding wherever it stands.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tfrec.client.checking import QueryError, finite, read_each, read_ids
from tfrec.client.popular import Popular
from tfrec.values import (
    MAX_BOOST,
    Moment,
    read_id,
    read_number,
    read_text,
    read_time,
)

if TYPE_CHECKING:
    import pandas as pd

# The events of one user, as `read_history` takes them.
HistoryLike: TypeAlias = "History | Sequence[Any] | pd.DataFrame"
FIELDS = ("item_id", "event", "value", "timestamp", "text")
OWN = ("filters", "user_features", "context")  # parts of a query, by a model's names
SHOWN = 3  # wrong events that a message tells of


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
        met: item ids that count as met, beside those of the history, for items that
            come after others.
        categories: those wanted, none for all.
        domain: those wanted, none for all.
        min_probability: items below it do not come.
        diversity: 0 for the best items, up to 1 for items unlike one another.
        allow_repeats: whether items of the history may come again.
        boosts: label (a category, or `"domain:books"`) -> what is added to the scores
            of its items; boosts of several labels add up, negative ones bury.
        freshness: what is added to the score of an item that came just now, and the
            hours after which half of it is left.
        filters: limits of attributes, such as `{"price_max": 10}`.
        user_features: feature columns of the user.
        context: feature columns of the request.
        popular: what people have now, in place of what was popular at training.
    """

    history: History = field(default_factory=History)
    user_text: str = ""
    query_text: str = ""
    now: int = 0
    k: int = 10
    exclude: Sequence[str] = ()
    met: Sequence[str] = ()
    categories: Sequence[str] = ()
    domain: Sequence[str] = ()
    min_probability: float = 0.0
    diversity: float = 0.0
    allow_repeats: bool = False
    boosts: Mapping[str, float] = field(default_factory=dict)
    freshness: tuple[float, float] = (0.0, 0.0)
    filters: Mapping[str, Any] = field(default_factory=dict)
    user_features: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    popular: Popular = field(default_factory=Popular)

    def __post_init__(self) -> None:
        if not 1 <= self.k < 2**31:
            raise QueryError(f"`k` must be from 1 to 2^31 - 1. Received: {self.k}.")
        for name in ("min_probability", "diversity"):
            if not 0 <= getattr(self, name) <= 1:  # nor is NaN
                raise QueryError(
                    f"`{name}` must be from 0 to 1. Received: {getattr(self, name)}."
                )
        for name in ("exclude", "met", "categories", "domain"):
            if isinstance(getattr(self, name), str):
                raise QueryError(
                    f"`{name}` must be a list of strings. "
                    f"Received: {getattr(self, name)!r}."
                )
        for name in OWN:
            values = getattr(self, name)
            if not isinstance(values, Mapping):
                raise QueryError(
                    f"`{name}` must be a dict of values by name. "
                    f"Received: {values!r:.80}."
                )

    @property
    def own(self) -> dict[str, Mapping[str, Any]]:
        """What it gives for inputs that models have of their own."""
        return {name: getattr(self, name) for name in OWN if getattr(self, name)}


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


def make_query(history: HistoryLike = (), now: Any = 0, **options: Any) -> Query:
    """A `Query` of a history as `read_history` takes it.

    Raises:
        QueryError: an option breaks a rule of `Query` or of `tfrec.values`.
    """
    seconds = read_now(now)
    for name in ("user_text", "query_text"):
        (options[name],) = read_each(name, [options.get(name, "")], read_text)
    for name in ("exclude", "met"):
        if not isinstance(options.get(name, ""), str):
            options[name] = read_ids(name, options[name])
    for name in ("categories", "domain"):
        if not isinstance(options.get(name, ""), str):
            options[name] = read_each(name, options[name], read_text)
    if "boosts" in options:
        options["boosts"] = _read_boosts(options["boosts"])
    if "freshness" in options:
        options["freshness"] = _read_freshness(options["freshness"])
    if "popular" in options:
        options["popular"] = Popular.of(options["popular"])
    return Query(history=read_history(history, seconds)[0], now=seconds, **options)


def _read_boosts(raw: Any) -> dict[str, float]:
    if not isinstance(raw, Mapping):
        raise QueryError(
            "`boosts` must be a dict of labels and numbers, such as "
            f'{{"drama": 0.5}}. Received: {raw!r:.80}.'
        )
    labels = read_each("boosts", raw, read_text)
    if "" in labels:
        raise QueryError("`boosts` must name a label for each number. Received: ''.")
    return dict(zip(labels, _within("boosts", [*raw.values()]), strict=True))


def _read_freshness(raw: Any) -> tuple[float, float]:
    if not isinstance(raw, tuple | list) or len(raw) != 2:
        raise QueryError(
            "`freshness` must be a pair (weight, half_life_hours). "
            f"Received: {raw!r:.80}."
        )
    (weight,) = _within("freshness", raw[:1])
    (half_life_hours,) = finite("freshness", raw[1:]).tolist()
    if weight and half_life_hours <= 0:
        raise QueryError(
            "The half-life of `freshness` must be positive, because after it half of "
            f"the weight is left. Received: {half_life_hours} hours."
        )
    return weight, half_life_hours


def _within(name: str, numbers: Sequence) -> list[float]:
    """Numbers that may be added to a score."""
    found = finite(name, numbers)
    beyond = found[np.abs(found) > MAX_BOOST]
    if beyond.size:
        raise QueryError(
            f"`{name}` must be from -{MAX_BOOST:g} to {MAX_BOOST:g}, in units of the "
            f"score. Received: {beyond[0]:g}."
        )
    return found.tolist()


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
