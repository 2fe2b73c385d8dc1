"""Titles and categories of items, for people to read."""

from pathlib import Path


class Catalogue:
    """What `items.parquet` of a saved model says of each item.

    Args:
        path: parquet file with `item_id`, `title` and maybe `category` ("a|b"), or
            None for a catalogue that knows nothing.
    """

    def __init__(self, path: Path | None = None):
        self._titles: dict[str, str] = {}
        self._categories: dict[str, str] = {}
        if path:
            self._read(path)

    def title(self, item_id: str) -> str:
        """Title of an item, `""` if there is none."""
        return self._titles.get(item_id, "")

    def name(self, item_id: str) -> str:
        """Title of an item, or its id if there is none."""
        return self.title(item_id) or item_id

    def is_in(self, item_id: str, categories) -> bool:
        """Whether an item has one of some categories; none given: any will do."""
        own = self._categories.get(item_id, "").split("|")
        return not categories or not set(own).isdisjoint(categories)

    def _read(self, path):
        from pyarrow import parquet

        table = parquet.read_table(path).to_pydict()
        ids = table["item_id"]
        self._titles = dict(zip(ids, table["title"], strict=True))
        if "category" in table:
            self._categories = dict(zip(ids, table["category"], strict=True))
