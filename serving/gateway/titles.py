"""What people read of items, and how they search them."""

import functools
import re
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tfrec.client.item_table import read_item_table
from tfrec.data.domains import labels as as_labels
from tfrec.data.item_order import split_ids
from tfrec.errors import DataError
from tfrec.export.manifest import people_beside, time_learnt
from tfrec.reasons.shared_words import RareWords
from tfrec.values import read_limit, without_accents


class ItemWords(NamedTuple):
    """What people read of one item, and when it can be had."""

    title: str
    category: str  # "a|b"
    about: str = ""  # a line
    domain: str = ""
    available_from: int = 0  # UTC seconds, 0 = always
    available_until: int = 0  # UTC seconds, 0 = for ever
    after: str = ""  # ids "a|b" of the items that must be met before


class ItemTitles:
    """What `items.parquet` of a saved model says of each item.

    Safe for many threads.

    Args:
        path: parquet file with `item_id`, `title` and maybe `category` ("a|b"),
            `about` (a line), `num_events`, `keywords` ("a|b"), `topic`,
            `available_from`, `available_until`, `after` (ids "a|b") and further
            numbers, or None for a catalogue that knows nothing.

    Raises:
        DataError: the file is missing or broken.
    """

    def __init__(self, path: Path | None = None):
        self._table = _read(path) if path else _Table()
        # None for an item that was taken out.
        self._changes: dict[str, ItemWords | None] = {}
        self._writing = threading.Lock()
        self._num_reads = self._num_changes = 0

    def read(self, path: Path) -> None:
        """Knows what another file says; items put in and taken out stay so.

        Args:
            path: as of the constructor.

        Raises:
            DataError: the file is missing or broken; nothing has changed.
        """
        table = _read(path)
        with self._writing:
            for item_id, item in self._changes.items():
                table.change(item_id, item)
            self._table = table
            self._num_reads += 1

    def put(
        self,
        item_id: str,
        title: str,
        category: str,
        about: str = "",
        domain: str = "",
        limits: tuple[int, int] = (0, 0),
        after: str = "",
    ) -> None:
        """Adds an item, or takes other words, limits and prerequisites for it."""
        words = ItemWords(title, category, about, domain, *limits, after)
        self._change(item_id, words)

    def remove(self, item_id: str) -> None:
        """Lets a search not find an item; events that name it keep its title."""
        self._change(item_id, None)

    def _change(self, item_id, item):
        with self._writing:
            if self._changes.get(item_id) is None:  # the last that came stands last
                self._changes.pop(item_id, None)
            self._changes[item_id] = item
            self._num_changes += 1
            self._table.change(item_id, item)

    @property
    def version(self) -> tuple[int, int]:
        """Changes with every table that is read, and with every item that changes."""
        return self._num_reads, self._num_changes

    def snapshot(self) -> "CatalogueSnapshot":
        """All items as they are now, those that have changed apart."""
        with self._writing:
            table, changes = self._table, dict(self._changes)
            ids = [i for i in table.titles if i not in changes]
            return CatalogueSnapshot(self.version, ids, changes, table.numbers)

    def changes(self) -> "dict[str, ItemWords | None]":
        """Items that were put in or taken out, as in a snapshot."""
        with self._writing:
            return dict(self._changes)

    def num_events(self, item_id: str) -> int:
        """Events of an item that the model has learnt from."""
        return self._table.num_events.get(item_id, 0)

    def most_learnt(self) -> list[str]:
        """Ids of the items that the model learnt events of, the most first."""
        return self._table.most_learnt

    def newcomers(self) -> list[str]:
        """Ids of items that the model learnt no event of.

        Those that were put in come first, the last of them before the others, then
        those of the table. One that got other words keeps its place.
        """
        with self._writing:
            came = [i for i, item in self._changes.items() if item is not None]
            known = set(self._changes)
            of_table = [i for i in self._table.unlearnt if i not in known]
        return [i for i in reversed(came) if not self.num_events(i)] + of_table

    @property
    def time_learnt(self) -> float | None:
        """UTC seconds at which the model of the table was trained, None if unknown."""
        return self._table.time_learnt

    def is_gone(self, item_id: str) -> bool:
        """Whether an item was taken out."""
        return item_id in self._table.gone

    def can_be_had(self, item_id: str, now: float) -> bool:
        """Whether an item is in the catalogue, and within its limits at a time.

        A catalogue that knows nothing lacks only what was taken out.
        """
        table = self._table
        if item_id in table.gone or (table.titles and item_id not in table.titles):
            return False
        until = table.available_until.get(item_id, 0)
        return table.available_from.get(item_id, 0) <= now and not 0 < until <= now

    @property
    def order(self) -> dict[str, list[str]]:
        """Ids of prerequisites by item, of the items that have some."""
        after = self._table.after.copy()
        return {item_id: split_ids(ids) for item_id, ids in after.items()}

    @property
    def has_order(self) -> bool:
        """Whether any item comes after others."""
        return bool(self._table.after)

    def is_open(self, item_id: str, met: Collection[str]) -> bool:
        """Whether all that an item comes after is among what somebody has met."""
        after = self._table.after.get(item_id, "")
        return all(each in met for each in split_ids(after))

    def is_person(self, item_id: str) -> bool:
        """Whether an item is a user, by the manifest beside the table."""
        people = self._table.people
        return bool(people) and self._table.domains.get(item_id) == people

    def ids(self) -> set[str]:
        """Ids of all items that were not taken out."""
        table = self._table
        return {*table.titles.copy()} - table.gone

    def title(self, item_id: str) -> str:
        """Title of an item, `""` if there is none."""
        return self._table.titles.get(item_id, "")

    def name(self, item_id: str) -> str:
        """Title of an item, or its id if there is none."""
        return self.title(item_id) or item_id

    def categories(self, item_id: str) -> list[str]:
        """Categories of an item, maybe none."""
        return _parts(self._table.categories.get(item_id, ""))

    def labels(self, item_id: str) -> frozenset[str]:
        """What models filter an item by: its categories, and its domain."""
        table = self._table
        of_item = (of.get(item_id, "") for of in (table.categories, table.domains))
        return frozenset(_parts(as_labels(*of_item)))

    def has_label(self, item_id: str, labels: Iterable[str]) -> bool:
        """Whether an item has one of some labels."""
        return not self.labels(item_id).isdisjoint(labels)

    def all_labels(self) -> set[str]:
        """Every label that some item has."""
        of_domains = set(self._table.domains.copy().values()) - {""}
        return {as_labels("", each) for each in of_domains} | {*self.all_categories()}

    def available_from(self, item_id: str) -> int:
        """UTC seconds from which an item can be had, 0 if always."""
        return self._table.available_from.get(item_id, 0)

    def about(self, item_id: str) -> str:
        """A line about an item, `""` if there is none."""
        return self._table.abouts.get(item_id, "")

    def keywords(self, item_id: str) -> list[str]:
        """Keywords of an item, none for one that was put in since."""
        return _parts(self._table.keywords.get(item_id, ""))

    def topics(self, item_id: str) -> list[str]:
        """The topic of an item, or none."""
        topic = self._table.topics.get(item_id, "")
        return [topic] if topic else []

    def words(self, item_id: str) -> dict[str, Any]:
        """`title`, `categories`, `domain`, `about` of an item, as answers show them."""
        return {
            "title": self.title(item_id),
            "categories": self.categories(item_id),
            "domain": self._table.domains.get(item_id, ""),
            "about": self.about(item_id),
        }

    @property
    def rare_words(self) -> RareWords:
        """How rare words are in titles and in lines about items."""
        return self._table.rare_words

    def all_words(self, item_id: str) -> str:
        """All that is known of an item in words: title and line about it."""
        return f"{self.title(item_id)}\n{self.about(item_id)}"

    def all_categories(self) -> list[str]:
        """Every category that some item has, in order of the alphabet."""
        texts = set(self._table.categories.copy().values())
        return sorted({part for text in texts for part in _parts(text)})

    def is_in(self, item_id: str, categories) -> bool:
        """Whether an item has one of some categories; none given: any will do."""
        return not categories or not set(self.categories(item_id)).isdisjoint(
            categories
        )

    def is_of(self, item_id: str, domains) -> bool:
        """Whether an item is of one of some domains; none given: any will do."""
        return not domains or self._table.domains.get(item_id, "") in domains

    def search(
        self, query: str, limit: int, domains: Collection[str] = ()
    ) -> list[str]:
        """Ids of items whose titles hold every word of a query, best first.

        They are of one of some domains; none given: any will do.

        A title that begins with the query comes first, then those in which all words
        begin a word, then those that hold them anywhere; among equals the one with the
        most events that the model learnt from, then the shorter. Letters count without
        case and accents. Reads the whole catalogue.
        """
        wanted = fold(query)
        if not wanted:
            return []
        words = wanted.split()
        starts = [re.compile(rf"\b{re.escape(word)}") for word in words]
        found = []
        table = self._table
        titles = list(table.folded.items())  # at once: it may change meanwhile
        for place, (item_id, title) in enumerate(titles):
            if all(word in title for word in words) and self.is_of(item_id, domains):
                rank = -all(start.search(title) for start in starts)
                rank -= title.startswith(wanted)
                num_events = table.num_events.get(item_id, 0)
                found.append((rank, -num_events, len(title), place, item_id))
        return [item_id for *_, item_id in sorted(found)[:limit]]


class CatalogueSnapshot(NamedTuple):
    """Items of a catalogue at one moment."""

    version: tuple[int, int]
    item_ids: list[str]  # of those that are as the table has them
    # Those that were put in, replaced or taken out, which is None.
    changes: dict[str, ItemWords | None]
    numbers: dict[str, dict[str, float]]  # column -> item id -> value, of the table


@dataclass
class _Table:
    titles: dict[str, str] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    abouts: dict[str, str] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)
    available_from: dict[str, int] = field(default_factory=dict)
    available_until: dict[str, int] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)  # of those that have any
    num_events: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, dict[str, float]] = field(default_factory=dict)
    keywords: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    time_learnt: float | None = None
    people: str = ""  # domain of the items that are users
    gone: set[str] = field(default_factory=set)
    folded: dict[str, str] = field(init=False)  # names that a search finds
    rare_words: RareWords = field(init=False)  # items put in later are not counted

    def __post_init__(self):
        self.folded = {i: fold(title or i) for i, title in self.titles.items()}
        about = self.abouts.get
        texts = [f"{title}\n{about(i, '')}" for i, title in self.titles.items()]
        self.rare_words = RareWords(texts)

    def change(self, item_id, item):
        self.keywords.pop(item_id, None)  # of another text
        self.topics.pop(item_id, None)
        self.after.pop(item_id, None)
        if item is None:
            self.gone.add(item_id)
            self.folded.pop(item_id, None)
            return
        self.gone.discard(item_id)
        columns: list[dict[str, Any]]  # in the order of `ItemWords`
        columns = [self.titles, self.categories, self.abouts, self.domains]
        columns += [self.available_from, self.available_until]
        columns += [self.after] if item.after else []
        for column, value in zip(columns, item, strict=False):
            column[item_id] = value
        self.folded[item_id] = fold(self.titles[item_id] or item_id)

    @functools.cached_property
    def most_learnt(self):
        learnt = [item_id for item_id, number in self.num_events.items() if number]
        return sorted(learnt, key=self.num_events.__getitem__, reverse=True)

    @functools.cached_property
    def unlearnt(self):  # newer versions have what came last at the end
        return [i for i, number in reversed(self.num_events.items()) if not number]


def _read(path):
    named = (
        *("category", "about", "domain", "num_events", "keywords", "topic"),
        *("available_from", "available_until", "after"),
    )
    table = read_item_table(path, *named, with_numbers=True)
    ids = table.pop("item_id")
    by_id = {name: dict(zip(ids, of, strict=True)) for name, of in table.items()}
    return _Table(
        titles=by_id["title"],
        categories=by_id.get("category", {}),
        abouts=by_id.get("about", {}),
        domains=by_id.get("domain", {}),
        available_from=_limits(path, "available_from", by_id),
        available_until=_limits(path, "available_until", by_id),
        after={i: ids for i, ids in by_id.get("after", {}).items() if ids},
        num_events=by_id.get("num_events", {}),
        numbers={
            name: of for name, of in by_id.items() if name not in ("title", *named)
        },
        keywords=by_id.get("keywords", {}),
        topics=by_id.get("topic", {}),
        time_learnt=time_learnt(path),
        people=people_beside(path),
    )


def _limits(path, name, by_id):
    """UTC seconds by item, of those that have a limit; older files have none."""
    try:
        found = {i: read_limit(raw) for i, raw in by_id.get(name, {}).items() if raw}
    except ValueError as error:
        raise DataError(f"{path}: `{name}` {error}.") from error
    return {item_id: limit for item_id, limit in found.items() if limit}


def _parts(category):
    return [part for part in category.split("|") if part]


def fold(text: str) -> str:
    """Letters without case and accents, words with one space between.

    Example:
        >>> fold(" L'Été  Meurtrier")
        "l'ete meurtrier"
    """
    return " ".join(without_accents(text).split())
