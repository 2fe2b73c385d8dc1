"""What people read of items, and how they search them."""

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tfrec.client.item_table import read_item_table
from tfrec.reasons.shared_words import RareWords
from tfrec.values import without_accents


class ItemWords(NamedTuple):
    """What people read of one item."""

    title: str
    category: str  # "a|b"
    about: str = ""  # a line
    domain: str = ""


class ItemTitles:
    """What `items.parquet` of a saved model says of each item.

    Safe for many threads.

    Args:
        path: parquet file with `item_id`, `title` and maybe `category` ("a|b"),
            `about` (a line), `num_events`, `keywords` ("a|b"), `topic` and further
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
        self, item_id: str, title: str, category: str, about: str = "", domain: str = ""
    ) -> None:
        """Adds an item, or takes other words for it."""
        self._change(item_id, ItemWords(title, category, about, domain))

    def remove(self, item_id: str) -> None:
        """Lets a search not find an item; events that name it keep its title."""
        self._change(item_id, None)

    def _change(self, item_id, item):
        with self._writing:
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

    def is_gone(self, item_id: str) -> bool:
        """Whether an item was taken out."""
        return item_id in self._table.gone

    def title(self, item_id: str) -> str:
        """Title of an item, `""` if there is none."""
        return self._table.titles.get(item_id, "")

    def name(self, item_id: str) -> str:
        """Title of an item, or its id if there is none."""
        return self.title(item_id) or item_id

    def categories(self, item_id: str) -> list[str]:
        """Categories of an item, maybe none."""
        return _parts(self._table.categories.get(item_id, ""))

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
        """`title`, `categories` and `about` of an item, as answers show them."""
        return {
            "title": self.title(item_id),
            "categories": self.categories(item_id),
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

    def search(self, query: str, limit: int) -> list[str]:
        """Ids of items whose titles hold every word of a query, best first.

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
            if all(word in title for word in words):
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
    num_events: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, dict[str, float]] = field(default_factory=dict)
    keywords: dict[str, str] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
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
        if item is None:
            self.gone.add(item_id)
            self.folded.pop(item_id, None)
            return
        self.gone.discard(item_id)
        columns = (self.titles, self.categories, self.abouts, self.domains)
        for column, words in zip(columns, item, strict=True):
            column[item_id] = words
        self.folded[item_id] = fold(self.titles[item_id] or item_id)


def _read(path):
    named = ("category", "about", "domain", "num_events", "keywords", "topic")
    table = read_item_table(path, *named, with_numbers=True)
    ids = table.pop("item_id")
    by_id = {name: dict(zip(ids, of, strict=True)) for name, of in table.items()}
    return _Table(
        titles=by_id["title"],
        categories=by_id.get("category", {}),
        abouts=by_id.get("about", {}),
        domains=by_id.get("domain", {}),
        num_events=by_id.get("num_events", {}),
        numbers={
            name: of for name, of in by_id.items() if name not in ("title", *named)
        },
        keywords=by_id.get("keywords", {}),
        topics=by_id.get("topic", {}),
    )


def _parts(category):
    return [part for part in category.split("|") if part]


def fold(text: str) -> str:
    """Letters without case and accents, words with one space between.

    Example:
        >>> fold(" L'Été  Meurtrier")
        "l'ete meurtrier"
    """
    return " ".join(without_accents(text).split())
