"""Titles and categories of items, for people to read and to search."""

import re
import unicodedata
from pathlib import Path

from serving.item_table import read_item_table


class Catalogue:
    """What `items.parquet` of a saved model says of each item.

    Args:
        path: parquet file with `item_id`, `title` and maybe `category` ("a|b"), or
            None for a catalogue that knows nothing.
    """

    def __init__(self, path: Path | None = None):
        self._titles: dict[str, str] = {}
        self._categories: dict[str, str] = {}
        self._gone: set[str] = set()
        if path:
            self._read(path)
        self._folded = {item_id: fold(self.name(item_id)) for item_id in self._titles}

    def put(self, item_id: str, title: str, category: str) -> None:
        """Adds an item, or takes another title and category for it."""
        self._gone.discard(item_id)
        self._categories[item_id] = category
        self._titles[item_id] = title
        self._folded[item_id] = fold(self.name(item_id))

    def remove(self, item_id: str) -> None:
        """Lets a search not find an item; events that name it keep its title."""
        self._gone.add(item_id)
        self._folded.pop(item_id, None)

    def is_gone(self, item_id: str) -> bool:
        """Whether an item was taken out."""
        return item_id in self._gone

    def title(self, item_id: str) -> str:
        """Title of an item, `""` if there is none."""
        return self._titles.get(item_id, "")

    def name(self, item_id: str) -> str:
        """Title of an item, or its id if there is none."""
        return self.title(item_id) or item_id

    def categories(self, item_id: str) -> list[str]:
        """Categories of an item, maybe none."""
        return [part for part in self._categories.get(item_id, "").split("|") if part]

    def all_categories(self) -> list[str]:
        """Every category that some item has, in order of the alphabet."""
        return sorted({part for i in self._categories for part in self.categories(i)})

    def is_in(self, item_id: str, categories) -> bool:
        """Whether an item has one of some categories; none given: any will do."""
        return not categories or not set(self.categories(item_id)).isdisjoint(
            categories
        )

    def search(self, query: str, limit: int) -> list[str]:
        """Ids of items whose titles hold every word of a query, best first.

        A title that begins with the query comes first, then those in which all words
        begin a word, then those that hold them anywhere; among equals the shorter.
        Letters count without case and accents. Reads the whole catalogue.
        """
        wanted = fold(query)
        if not wanted:
            return []
        words = wanted.split()
        starts = [re.compile(rf"\b{re.escape(word)}") for word in words]
        found = []
        titles = list(self._folded.items())  # at once: it may change meanwhile
        for place, (item_id, title) in enumerate(titles):
            if all(word in title for word in words):
                rank = -all(start.search(title) for start in starts)
                rank -= title.startswith(wanted)
                found.append((rank, len(title), place, item_id))
        return [item_id for *_, item_id in sorted(found)[:limit]]

    def _read(self, path):
        table = read_item_table(path, "category")
        ids = table["item_id"]
        self._titles = dict(zip(ids, table["title"], strict=True))
        if "category" in table:
            self._categories = dict(zip(ids, table["category"], strict=True))


def fold(text: str) -> str:
    """Letters without case and accents, words with one space between.

    Example:
        >>> fold(" L'Été  Meurtrier")
        "l'ete meurtrier"
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return " ".join(plain.split())
