"""Which items a request takes by their attributes: names, numbers and times."""

import bisect

import numpy as np
import tensorflow as tf

from tfrec.data.domains import attribute_labels
from tfrec.inference.lookup import category_rows, marked
from tfrec.retrieval.filters import if_asked, in_categories, is_given, within
from tfrec.retrieval.new_item_tier import PLACES


class AttributeFilters(tf.Module):
    """The limits that requests set to attributes, for the catalogue and for new items.

    Args:
        coded: `CodedColumns` of the catalogue that requests may be narrowed by.
        names: sorted list of all labels of the catalogue.
        numbers: `Names` of these.
    """

    def __init__(self, coded, names, numbers):
        super().__init__(name="attribute_filters")
        self.columns, self._numbers = coded.columns, numbers
        self._values, self._rows, self._spans = {}, {}, {}
        for place, column in enumerate(coded.columns):
            if column.kind in PLACES:
                self._values[column.name] = tf.constant(coded.values(place))
                continue
            # Labels of one attribute begin alike, so that they stand together.
            marks = (f"{column.name}:", f"{column.name};")
            start, end = (bisect.bisect_left(names, mark) for mark in marks)
            cells = [attribute_labels(column, cell) for cell in coded.cells[place]]
            rows = category_rows(cells, names[start:end])
            self._rows[column.name] = tf.gather(rows, coded.rows[:, place])
            self._spans[column.name] = (start, end - start)

    def are_asked(self, filters):
        """Scalar bool tensor: whether any query has a limit.

        Args:
            filters: dict of input name -> `[batch, ...]` tensor.
        """
        is_asked = [tf.reduce_any(_is_asked(each)) for each in filters.values()]
        return tf.reduce_any(tf.stack([tf.constant(False), *is_asked]))

    def rules(self, filters):
        """Rules for the catalogue's items, as `tfrec.retrieval.filters.every` takes."""

        def by_labels(column, labels, way):
            start, size = self._spans[column.name]
            wanted = tf.minimum(self._numbers(labels) - start, size)
            wanted = tf.where(labels == "", -1, wanted)
            return in_categories(self._rows[column.name], size, wanted, way)

        return self._rules(filters, lambda c: self._values[c.name], by_labels)

    def rules_of_new(self, filters, fresh):
        """The same for the items of a `NewItemTier`, for all of them at once."""

        def values(column):
            alike = [each for each in self.columns if each.kind == column.kind]
            return getattr(fresh, PLACES[column.kind])[:, alike.index(column)]

        def by_labels(column, labels, way):
            return (lambda rows, labels: fresh.has_labels(labels, way)), (labels,)

        return self._rules(filters, values, by_labels)

    def _rules(self, filters, values, by_labels):
        rules = []
        for column in self.columns:
            given = {
                way: filters[name]
                for way, name in column.filter_names.items()
                if name in filters
            }
            if column.kind in PLACES and given:
                limits = (given["min"], given["max"])
                is_asked = tf.logical_or(*map(_is_asked, limits))
                rules.append(if_asked(within(values(column), *limits), is_asked))
                continue
            for way, names in given.items():
                labels = marked(tf.strings.strip(names), f"{column.name}:")
                rule = by_labels(column, labels, way)
                rules.append(if_asked(rule, _is_asked(names)))
        return rules


def item_labels(catalogue, coded):
    """`[num_items]` list of strings: categories, domain, and names of attributes.

    Args:
        catalogue: `Catalogue`.
        coded: as `AttributeFilters` takes it.
    """
    parts = [catalogue.labels]
    for place, column in enumerate(coded.columns):
        if column.kind not in PLACES:
            cells = [attribute_labels(column, cell) for cell in coded.cells[place]]
            parts.append(np.array(cells, object)[coded.rows[:, place]])
    return ["|".join(filter(None, each)) for each in zip(*parts, strict=True)]


def _is_asked(limits):
    """`[batch]` bool tensor: which queries have a limit."""
    if limits.dtype == tf.string:
        return tf.reduce_any(tf.strings.strip(limits) != "", axis=1)
    return is_given(limits)
