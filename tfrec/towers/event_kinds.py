"""What a log has taught of each kind of event: interest, its absence, or neither."""

import dataclasses

import numpy as np
import tensorflow as tf

from tfrec.retrieval.filters import NO_ROW

CLEAR = 0.9  # share of the values that a clear reaction goes beyond


@dataclasses.dataclass(frozen=True)
class EventKinds:
    """The kinds of a log, by their row.

    Attributes:
        names: `[num_kinds]` object array.
        positive: `[num_kinds]` int64, events that show interest.
        negative: `[num_kinds]` int64, events that show its absence.
        neutral: `[num_kinds]` int64, events that are neither.
        positive_values: `[num_kinds]` float32, a high value among the positive ones; 0
            if there are none.
        negative_values: `[num_kinds]` float32, a low value among the negative ones; 0
            if there are none.
    """

    names: np.ndarray
    positive: np.ndarray
    negative: np.ndarray
    neutral: np.ndarray
    positive_values: np.ndarray
    negative_values: np.ndarray

    @property
    def speaks(self):
        """`[num_kinds]` bool: whether an event may be taken for interest.

        Not where all that the log has of a kind was negative, or where it has nothing.
        """
        return self.positive + self.neutral > 0

    @property
    def usual(self):
        """Row of the most frequent kind that speaks of interest."""
        counts = self.positive + self.negative + self.neutral
        return int(np.where(self.speaks, counts, -1).argmax())

    def of_interest(self, history):
        """A `HistoryBatch` with padding where an event does not speak of interest."""
        return of_interest(history, self.speaks)

    def interactions_of_interest(self, interactions):
        """The `Interactions` of kinds that speak of interest."""
        if self.speaks.all():
            return interactions
        return interactions.select(self.speaks[interactions.event_rows])

    def columns(self):
        """Attribute name -> array, of the kinds that the log has."""
        has_events = self.positive + self.negative + self.neutral > 0
        columns = {field.name: getattr(self, field.name) for field in FIELDS}
        return {name: column[has_events] for name, column in columns.items()}

    def table(self):
        """Kind -> its attributes by name, as Python numbers: for the manifest."""
        columns = {name: column.tolist() for name, column in self.columns().items()}
        rows = zip(*columns.values(), strict=True)
        named = (dict(zip(columns, row, strict=True)) for row in rows)
        return {facts.pop("names"): facts for facts in named}


FIELDS = dataclasses.fields(EventKinds)


def of_interest(history, speaks):
    """A history with padding where an event does not speak of interest.

    Args:
        history: `HistoryBatch`.
        speaks: `[num_kinds]` bool array, the kinds that do.
    """
    if all(speaks):
        return history
    may_count = tf.gather(speaks, tf.maximum(history.event_rows, 0))
    return history._replace(item_rows=tf.where(may_count, history.item_rows, NO_ROW))


def event_kinds(interactions):
    """The `EventKinds` of `Interactions`."""
    kinds, size = interactions.event_rows, len(interactions.event_names)

    def count(label):
        rows = kinds[interactions.labels == label]
        return np.bincount(rows, minlength=size).astype(np.int64)

    def value(label, share):
        found = np.zeros(size, np.float32)
        is_told = (interactions.labels == label) & ~np.isnan(interactions.values)
        for kind in np.unique(kinds[is_told]):
            values = interactions.values[is_told & (kinds == kind)]
            found[kind] = np.quantile(values, share, method="inverted_cdf")
        return found

    return EventKinds(
        names=interactions.event_names,
        positive=count(1),
        negative=count(-1),
        neutral=count(0),
        positive_values=value(1, CLEAR),
        negative_values=value(-1, 1 - CLEAR),
    )
