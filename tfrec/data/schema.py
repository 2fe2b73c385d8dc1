"""The tables, checked at birth: events, items, users, and the data set of all three."""

import dataclasses
import functools
import hashlib
import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrec.data.columns import (
    Column,
    Table,
    parse_categories,
    parse_id,
    parse_integer,
    parse_kind,
    parse_limit,
    parse_number,
    parse_optional_id,
    parse_text,
    parse_time,
)
from tfrec.data.feature_cells import with_features
from tfrec.data.item_texts import join_texts
from tfrec.data.problems import Problems, check_columns, check_named
from tfrec.data.times import lacks_times
from tfrec.data.unread import SAMPLE, tell_unread
from tfrec.data.vectors import parse_vector, unit_vectors
from tfrec.errors import DataError

logger = logging.getLogger(__name__)

EVENTS = Table(
    "Events",
    (
        Column("user_id", parse_id, is_required=True),
        Column("item_id", parse_optional_id, is_required=True),
        Column("timestamp", parse_time, is_required=True),
        Column("event", parse_kind, "view"),
        Column("value", parse_number, np.nan),
        Column("sequence", parse_integer, 0),
        Column("event_id", parse_optional_id),
        Column("text", parse_text),
    ),
    either=("item_id", "text"),
)
UNTIMED = dataclasses.replace(  # of a log where no event has a time: all are 0
    EVENTS,
    columns=tuple(
        Column("timestamp", parse_limit, "") if column.name == "timestamp" else column
        for column in EVENTS.columns
    ),
)
ITEMS = Table(
    "Items",
    (
        Column("item_id", parse_id, is_required=True),
        Column("title", parse_text, ""),
        Column("text", parse_text, ""),
        Column("category", parse_categories, ""),
        Column("domain", parse_text, ""),
        Column("available_from", parse_limit, 0),
        Column("available_until", parse_limit, 0),
        Column("keywords", parse_categories),
        Column("topic", parse_text),
        Column("vector", parse_vector),
    ),
    unique="item_id",
)
WORDS = ("keywords", "topic")  # what an item's text is about, in words
READ_TOO = "read_too"  # of a catalogue whose texts end with these words
USERS = Table(
    "Users",
    (Column("user_id", parse_id, is_required=True), Column("text", parse_text, "")),
    unique="user_id",
    keeps_others=True,
)


class _Checked:
    """A table whose frame is parsed and checked at birth, once."""

    @classmethod
    def of_parsed(cls, frame):
        """The table of a frame that was parsed before, such as a part of another's."""
        table = object.__new__(cls)
        object.__setattr__(table, "frame", frame.reset_index(drop=True))
        return table


@dataclass(frozen=True, eq=False)
class Events(_Checked):
    """Who did what, when.

    Attributes:
        frame: pandas frame with `user_id`, `item_id`, `event` (strings),
            `timestamp` (int64 UTC seconds; 0 where no event has one), `value`
            (float32, NaN for a typical one; 1 where no event has any), `sequence`
            (int64, order among equal timestamps) and, where given, `event_id` and
            `text`. An event with a text, such as a search, may have the item `""`.

    Args:
        frame: the same with raw cells.
        features: `FeatureColumn`s that it has as well.

    Raises:
        DataError: a column is missing or may be times under another name, a row is
            bad, or there is no row.

    Example:
        >>> log = {"user_id": ["ada"], "item_id": [7], "timestamp": ["1970-01-02"]}
        >>> Events(pd.DataFrame(log)).frame[["item_id", "timestamp"]].to_dict("list")
        {'item_id': ['7'], 'timestamp': [86400]}
    """

    frame: pd.DataFrame
    features: dataclasses.InitVar[tuple] = ()

    def __post_init__(self, features):
        if self.frame.empty:
            raise DataError(
                "The log must have at least one event, because there is nothing to "
                "learn from otherwise. Received: none."
            )
        table = with_features(EVENTS, features)
        if lacks_times(self.frame):
            table = with_features(UNTIMED, features)
        frame = with_usual_value(_checked(self.frame, table))
        object.__setattr__(self, "frame", frame)

    def __len__(self):
        return len(self.frame)

    @property
    def has_times(self):
        """Whether any event has a time."""
        return bool(self.frame["timestamp"].any())

    def with_items(self):
        """Those that have an item; the others have a text alone.

        Raises:
            DataError: there are none.
        """
        has_item = (self.frame["item_id"] != "").to_numpy()
        if has_item.all():
            return self
        if not has_item.any():
            raise DataError(
                "The log must have events with an item, because these are what is "
                f"learnt. Received: {len(self)} events, all of them texts."
            )
        return Events.of_parsed(self.frame[has_item])


@dataclass(frozen=True, eq=False)
class Items(_Checked):
    """The catalogue.

    Attributes:
        frame: pandas frame with `item_id` (unique), `title`, `text`, `category`
            ("a|b"), `domain` (strings, `""` for none), `available_from` and
            `available_until` (int64 UTC seconds, 0 for no limit) and, where given,
            `keywords` ("a|b"), `topic`, `vector` (bytes of 32-bit floats) and feature
            columns.

    Args:
        frame: the same with raw cells.
        features: `FeatureColumn`s that it has as well.

    Raises:
        DataError: a column is missing, a row is bad, or an id comes twice.
    """

    frame: pd.DataFrame
    features: dataclasses.InitVar[tuple] = ()

    def __post_init__(self, features):
        table = with_features(ITEMS, features)
        object.__setattr__(self, "frame", _checked(self.frame, table))

    def __len__(self):
        return len(self.frame)

    @functools.cached_property
    def texts(self):
        """`[num_items]` object array: what the text tower reads."""
        frame = self.frame
        parts = [frame["title"], frame["text"], with_commas(frame["category"])]
        parts += [frame[READ_TOO]] if READ_TOO in frame else []
        joined = [join_texts(*each) for each in zip(*parts, strict=True)]
        return np.array(joined, dtype=object)

    def reading_words(self):
        """The catalogue whose texts end with the keywords and topics of the items.

        Raises:
            DataError: there are neither keywords nor topics.
        """
        words = [with_commas(self.frame[n]) for n in WORDS if n in self.frame]
        if not words:
            raise DataError(
                "`data.words_in_texts` needs items with `keywords` or `topic`. Run "
                "`python -m training.enrich FOLDER` first, or leave it out."
            )
        read_too = [join_texts(*each) for each in zip(*words, strict=True)]
        return Items.of_parsed(self.frame.assign(**{READ_TOO: read_too}))

    @functools.cached_property
    def vectors(self):
        """`[num_items, dim]` float32 array of unit vectors, or None for none.

        Zeros for items that are in the log alone.

        Raises:
            DataError: they differ in length.
        """
        if "vector" not in self.frame:
            return None
        cells = self.frame["vector"]
        return unit_vectors(cells.where(cells.notna(), b""), self.frame["item_id"])


@dataclass(frozen=True, eq=False)
class Users(_Checked):
    """The profiles.

    Attributes:
        frame: pandas frame with `user_id` (unique), `text` (`""` for none), feature
            columns, and any group columns as they came.

    Args:
        frame: the same with raw cells.
        features: `FeatureColumn`s that it has as well.

    Raises:
        DataError: a column is missing, a row is bad, or an id comes twice.
    """

    frame: pd.DataFrame
    features: dataclasses.InitVar[tuple] = ()

    def __post_init__(self, features):
        table = with_features(USERS, features)
        object.__setattr__(self, "frame", _checked(self.frame, table))

    def __len__(self):
        return len(self.frame)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A log, its catalogue and its profiles.

    Items of the log that the catalogue lacks are added to it without a title.

    Attributes:
        name: what reports call it.
        events: `Events`.
        items: `Items`.
        users: `Users`, possibly none.
    """

    name: str
    events: Events
    items: Items
    users: Users

    def __post_init__(self):
        known = pd.Index(self.items.frame["item_id"])
        met = pd.Index(self.events.frame["item_id"].unique())
        added = met.difference(known.append(pd.Index([""])))
        if added.empty:
            return
        logger.warning(
            "%s: %d items of the log are not in the catalogue (first: %s); they are "
            "added to it without a title.",
            *(self.name, len(added), ", ".join(added[:3])),
        )
        blank = Items(pd.DataFrame({"item_id": added}))
        frame = without_gaps(
            pd.concat([self.items.frame, blank.frame], ignore_index=True)
        )
        object.__setattr__(self, "items", Items.of_parsed(frame))

    def digest(self):
        """SHA-256 of all three tables, as a hex string.

        Row order and column names count; the name of the data set does not.
        """
        content = hashlib.sha256()
        for table in (self.events, self.items, self.users):
            frame = table.frame
            content.update(repr([*map(str, frame.columns), len(frame)]).encode())
            for name in frame.columns:
                # 64 bits per value, independent of the process and of categories.
                hashes = pd.util.hash_array(frame[name].to_numpy())
                content.update(hashes.tobytes())
        return content.hexdigest()


def with_usual_value(frame):
    """A parsed frame of events, whose value is 1 where no event of the log has any."""
    if frame["value"].isna().all():
        return frame.assign(value=np.float32(1))
    return frame


def without_gaps(frame):
    """A parsed frame whose columns of strings and bytes have "" where nothing is."""
    texts = [name for name in frame if frame[name].dtype.kind == "O"]
    return frame.fillna(dict.fromkeys(texts, ""))


def with_commas(column):
    """A column of names such as `"drama|war"`, as people write them."""
    return column.str.replace("|", ", ", regex=False)


def _checked(frame, table):
    frame = frame.reset_index(drop=True)
    check_columns(frame.columns, table)
    check_named(frame.columns, table)
    others = [name for name in frame if name not in table.names]
    if others and not table.keeps_others:
        tell_unread(table.name, table.name, frame[others].head(SAMPLE))
    parsed, broken = table.parse(frame)
    problems = Problems(table.name)
    problems.add(
        broken | table.repeats(parsed), frame, rows=np.arange(1, len(frame) + 1)
    )
    problems.raise_if_any("Mend or remove these rows.")
    return parsed
