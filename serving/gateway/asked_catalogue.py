"""The served catalogue as sentences ask about it: names to find, columns to filter."""

import math
import threading
from collections.abc import Collection

import numpy as np

from serving.gateway.titles import CatalogueSnapshot, ItemTitles
from serving.sentences.catalogue_names import CatalogueNames
from serving.sentences.hard_limits import (
    Limited,
    allowed_items,
    with_possible_categories,
)
from serving.sentences.item_columns import COLUMNS, ItemColumns
from serving.sentences.parsed_request import Order, ParsedRequest
from serving.sentences.rule_parser import RuleParser, read_concepts
from serving.sentences.selection import MAX_EXCLUDED, Selection

# Of the best items so many are sorted: some for each that is wanted, or as many as a
# model gives at once where nothing but the order was asked for.
MIN_POOL, POOL, MAX_POOL = 50, 5, 1000


class CatalogueView:
    """The items at one moment; nothing of it changes.

    Args:
        names: of the items.
        table: those that are as the table has them, by now or when it was read.
        changed: those that were put in since.
        stale: ids of the table's that are otherwise now.
        catalogue: for the number of events.
    """

    def __init__(
        self,
        names: CatalogueNames,
        table: ItemColumns,
        changed: ItemColumns,
        stale: Collection[str],
        catalogue: ItemTitles,
    ):
        self.names, self.parser = names, RuleParser(names)
        self._table, self._changed = table, changed
        self._stale = [table.rows[each] for each in stale if each in table.rows]
        self._catalogue = catalogue

    def value(self, item_id: str, attribute: str) -> float | None:
        """An attribute of one item, None if it is not known."""
        if attribute == "popularity":
            return float(self._catalogue.num_events(item_id))
        columns = self._changed if item_id in self._changed.rows else self._table
        return columns.value(item_id, attribute)

    def measures(self, attribute: str) -> bool:
        """Whether some item of the table has an attribute."""
        return self._table.number(attribute) is not None

    def possible(self, request: ParsedRequest) -> ParsedRequest:
        """As `with_possible_categories`."""
        return with_possible_categories(request, (self._table, self._changed))

    def limited(self, request: ParsedRequest) -> tuple[Limited, Limited]:
        """What a request allows of the table, and of the items that have changed."""
        table = allowed_items(request, self._table)
        measured = [each for each in COLUMNS if self.measures(each)]
        changed = allowed_items(request, self._changed, measured)
        if table.mask is not None:
            table.mask[self._stale] = False
        return table, changed

    def selection(self, request: ParsedRequest, k: int) -> Selection:
        """What a request, whose refinements are resolved, leaves to choose from."""
        table, changed = self.limited(request)
        unlike = frozenset(request.unlike)
        masks = (table.mask, changed.mask)
        num_items = len(self._table) + len(self._changed)
        excluded, num_allowed = self._counts(masks, unlike, num_items)
        is_soft = bool(request.query or request.like)
        is_sorted = request.order is not None and not is_soft
        return Selection(
            is_allowed=self._test(masks, unlike),
            num_allowed=num_allowed,
            num_candidates=self._num_candidates(request, num_items),
            num_items=num_items,
            excluded=excluded,
            come_last=self._come_last(request),
            sort_by=self._sort_by(request.order) if request.order else None,
            pool=MAX_POOL if is_sorted else max(MIN_POOL, POOL * k),
        )

    def _counts(self, masks, unlike, num_items):
        """Ids for the model to leave out, and the number of items that may come."""
        if masks[0] is None:
            return tuple(sorted(unlike)), num_items - len(unlike)
        num_allowed = int(masks[0].sum() + masks[1].sum())
        out = np.flatnonzero(~masks[0])
        if len(out) > MAX_EXCLUDED:
            return tuple(sorted(unlike)), num_allowed
        left_out = {self._table.item_ids[row] for row in out}
        left_out |= {self._changed.item_ids[row] for row in np.flatnonzero(~masks[1])}
        left_out -= {i for i, row in self._changed.rows.items() if masks[1][row]}
        return tuple(sorted(left_out | unlike)), num_allowed

    def _test(self, masks, unlike):
        table, changed, stale = self._table, self._changed, set(self._stale)

        def is_allowed(item_id):
            if item_id in unlike:
                return False
            if masks[0] is None:
                return True
            if item_id in changed.rows:
                return bool(masks[1][changed.rows[item_id]])
            row = table.rows.get(item_id)
            return row is not None and row not in stale and bool(masks[0][row])

        return is_allowed

    def _num_candidates(self, request, num_items):
        """Those that the model's own filter of categories leaves."""
        if not request.categories:
            return num_items
        columns = (self._table, self._changed)
        masks = [
            np.logical_or.reduce([each.in_category(n) for n in request.categories])
            for each in columns
        ]
        return int(sum(mask.sum() for mask in masks))

    def _come_last(self, request):
        if not request.unlike_words:
            return None
        columns = (self._table, self._changed)
        last = set()
        for each in columns:
            masks = [each.has_words(words) for words in request.unlike_words]
            rows = np.flatnonzero(np.logical_or.reduce(masks))
            last |= {each.item_ids[row] for row in rows}
        return last.__contains__

    def _sort_by(self, order: Order):
        sign = -1 if order.is_descending else 1

        def place(item_id):
            value = self.value(item_id, order.attribute)
            return math.inf if value is None else sign * value

        return place


class AskedCatalogue:
    """Keeps a `CatalogueView` of a catalogue; safe for many threads.

    A new table is read anew, which takes some seconds for 100,000 items; single changes
    only cost as much as there are.

    Args:
        catalogue: titles, categories and numbers.
    """

    def __init__(self, catalogue: ItemTitles):
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._concepts = read_concepts()
        self._version: tuple[int, int] | None = None
        self._table: tuple[CatalogueNames, ItemColumns] | None = None
        self._view: CatalogueView | None = None

    def view(self) -> CatalogueView:
        """The items as they are now."""
        with self._lock:
            version = self._catalogue.version
            if self._view is None or version != self._version:
                self._view = self._renewed(version)
                self._version = version
            return self._view

    def _renewed(self, version):
        is_same_table = self._version is not None and version[0] == self._version[0]
        if self._table is None or not is_same_table:
            self._table = self._read(self._catalogue.snapshot())
        names, table = self._table
        changes = self._catalogue.changes()
        kept = {item_id: words for item_id, words in changes.items() if words}
        for item_id, each in kept.items():
            categories = each.category.split("|") if each.category else ()
            names.add(item_id, each.title, categories)
        words = kept.values()
        changed = ItemColumns(
            [*kept],
            [each.title for each in words],
            [each.category for each in words],
            [each.about for each in words],
            {},
        )
        return CatalogueView(names, table, changed, changes, self._catalogue)

    def _read(self, snapshot: CatalogueSnapshot):
        catalogue, ids = self._catalogue, snapshot.item_ids
        texts = [catalogue.words(item_id) for item_id in ids]
        titles = [each["title"] for each in texts]
        categories = ["|".join(each["categories"]) for each in texts]
        abouts = [each["about"] for each in texts]
        numbers = {
            name: [values.get(item_id) for item_id in ids]
            for name, values in snapshot.numbers.items()
        }
        columns = ItemColumns(ids, titles, categories, abouts, numbers)
        by_id = dict(zip(ids, titles, strict=True))
        popularity = {item_id: catalogue.num_events(item_id) for item_id in ids}
        names = CatalogueNames(
            by_id, catalogue.all_categories(), popularity, self._concepts
        )
        return names, columns
