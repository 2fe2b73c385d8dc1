"""The log as integers, and the questions that are asked of it."""

import functools
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from tfrec.data.availability import Availability
from tfrec.data.event_texts import EventTexts, encode_texts
from tfrec.data.log_features import LogFeatures, log_features
from tfrec.data.prerequisites import Prerequisites
from tfrec.data.schema import Events
from tfrec.errors import DataError
from tfrec.feature_columns import FeaturesConfig

MAX_SCORES = 4_000_000  # of a batch of queries: queries x items
EVENT_ARRAYS = {
    "user_rows": np.int32,
    "item_rows": np.int32,
    "event_rows": np.int32,
    "values": np.float32,
    "timestamps": np.int64,
    "sequences": np.int64,
    "labels": np.int8,
    "weights": np.float32,
}


@dataclass(frozen=True, eq=False)
class Interactions:
    """Events sorted by user, then (timestamp, sequence), then their order in the log.

    Attributes:
        item_ids: `[num_items]` object array, item row -> id.
        user_ids: `[num_users]` object array, user row -> id.
        event_names: `[num_event_names]` object array, event row -> name.
        user_rows: `[n]` int32.
        item_rows: `[n]` int32.
        event_rows: `[n]` int32.
        values: `[n]` float32.
        timestamps: `[n]` int64 UTC seconds; all 0 for a log without times.
        sequences: `[n]` int64, order among equal timestamps.
        labels: `[n]` int8, 1 positive, -1 negative, 0 neither.
        weights: `[n]` float32, in the loss.
        interest_labels: `[n]` int8 as `labels`, what probabilities of interest are
            learnt from; None where that is `labels`.
        offsets: `[num_users + 1]` int64; user `u` has events
            `offsets[u]:offsets[u + 1]`.
        event_texts: `EventTexts` of the whole log, whatever part of its events this
            is, or None. Who reads them takes care of the time.
        availability: `Availability` of the items, or None where none has limits, or no
            event a time.
        prerequisites: `Prerequisites` of the items, or None where none has any.
        own_items: `[num_users]` int32, the row of the item that is the user, which is
            not recommended to them; -1 for none. None where users are no items.
        features: `LogFeatures`, or None for none.

    Raises:
        DataError: arrays disagree in length or type, rows are out of range, or the
            events are not in order.
    """

    item_ids: np.ndarray
    user_ids: np.ndarray
    event_names: np.ndarray
    user_rows: np.ndarray
    item_rows: np.ndarray
    event_rows: np.ndarray
    values: np.ndarray
    timestamps: np.ndarray
    sequences: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    event_texts: EventTexts | None = None
    availability: Availability | None = None
    prerequisites: Prerequisites | None = None
    own_items: np.ndarray | None = None
    features: LogFeatures | None = None
    interest_labels: np.ndarray | None = None

    def __post_init__(self):
        for name, dtype in EVENT_ARRAYS.items():
            array = getattr(self, name)
            if array.shape != self.user_rows.shape or array.dtype != dtype:
                raise DataError(
                    f"`{name}` must be {np.dtype(dtype)} of shape "
                    f"{self.user_rows.shape}. Received: {array.dtype} {array.shape}."
                )
        of_interest = self.interest_labels
        if of_interest is not None and of_interest.shape != self.user_rows.shape:
            raise DataError(
                "`interest_labels` must be as long as `labels`. Received: "
                f"{len(of_interest)} and {len(self)}."
            )
        _check_rows("user_rows", self.user_rows, self.num_users)
        _check_rows("item_rows", self.item_rows, self.num_items)
        _check_rows("event_rows", self.event_rows, len(self.event_names))
        self._check_order()

    def __len__(self):
        return len(self.user_rows)

    @property
    def num_items(self):
        """Size of the catalogue, with items that have no event."""
        return len(self.item_ids)

    @functools.cached_property
    def has_times(self):
        """Whether any event has a time; without, the order of events is random."""
        return bool(self.timestamps.any())

    @property
    def num_users(self):
        """Number of users, with those who have no event here."""
        return len(self.user_ids)

    def select(self, mask):
        """The events where the bool `[n]` mask is True; the row spaces stay."""
        mask = np.asarray(mask)
        if mask.dtype != bool or mask.shape != self.user_rows.shape:
            raise DataError(
                f"`mask` must be bool of shape {self.user_rows.shape}. "
                f"Received: {mask.dtype} {mask.shape}."
            )
        kept_before = np.concatenate([[0], np.cumsum(mask)])
        arrays = {name: getattr(self, name)[mask] for name in EVENT_ARRAYS}
        arrays["features"] = self.features and self.features.select(mask)
        if self.interest_labels is not None:
            arrays["interest_labels"] = self.interest_labels[mask]
        return replace(self, **arrays, offsets=kept_before[self.offsets])

    def labelled_by_interest(self):
        """The same with `interest_labels` for `labels`."""
        if self.interest_labels is None:
            return self
        return replace(self, labels=self.interest_labels, interest_labels=None)

    def popularity(self):
        """`[num_items]` int64: positive events of each item."""
        rows = self.item_rows[self.labels == 1]
        return np.bincount(rows, minlength=self.num_items).astype(np.int64)

    def user_item_matrix(self):
        """`[num_users, num_items]` CSR: 1 where the user has a positive event."""
        is_positive = self.labels == 1
        pairs = (self.user_rows[is_positive], self.item_rows[is_positive])
        ones = np.ones(len(pairs[0]), np.float32)
        shape = (self.num_users, self.num_items)
        matrix = sparse.csr_matrix((ones, pairs), shape)
        matrix.data[:] = 1.0  # where there are several
        return matrix

    @functools.cached_property
    def group_starts(self):
        """`[n]` int64: first event of the same user, timestamp and sequence.

        Events of one group are simultaneous: the history of event `i` of user `u`
        is `offsets[u]:group_starts[i]`.
        """
        starts = np.arange(len(self))
        starts[1:][self._compare_neighbours() == 0] = 0
        return np.maximum.accumulate(starts)

    def _compare_neighbours(self):
        """`[n - 1]` int8: 1 where the next event lies later, 0 where simultaneous."""
        order = np.zeros(max(len(self) - 1, 0), np.int8)
        for array in (self.user_rows, self.timestamps, self.sequences):
            sign = (array[1:] > array[:-1]).astype(np.int8) - (array[1:] < array[:-1])
            order = np.where(order == 0, sign, order)
        return order

    def _check_order(self):
        counts = np.bincount(self.user_rows, minlength=self.num_users)
        expected = np.concatenate([[0], np.cumsum(counts)])
        if not np.array_equal(self.offsets, expected):
            raise DataError("`offsets` must bound the events of each user.")
        if (self._compare_neighbours() < 0).any():
            raise DataError(
                "Events must be sorted by (user_row, timestamp, sequence), because "
                "histories are slices of them. Use `encode`."
            )


@dataclass(frozen=True, eq=False)
class Queries:
    """Whose history, up to where, when it is asked, and what came next.

    Attributes:
        interactions: where histories are looked up.
        user_rows: `[q]` int32.
        history_ends: `[q]` int64; the history of a query of user `u` is
            `interactions.offsets[u]:history_ends`.
        timestamps: `[q]` int64 UTC seconds, the time of asking.
        target_offsets: `[q + 1]` int64, bounds of each query's targets.
        target_rows: `[num_targets]` int32, the true item rows.
        events: `[q]` int64, the event of `interactions` whose context is that of the
            question, -1 for none; or None for no context at all.

    Raises:
        DataError: arrays disagree, or a history leaves its user's events.
    """

    interactions: Interactions
    user_rows: np.ndarray
    history_ends: np.ndarray
    timestamps: np.ndarray
    target_offsets: np.ndarray
    target_rows: np.ndarray
    events: np.ndarray | None = None

    def __post_init__(self):
        lengths = {len(self.user_rows), len(self.history_ends), len(self.timestamps)}
        if lengths != {len(self.target_offsets) - 1}:
            raise DataError(
                "`user_rows`, `history_ends`, `timestamps` and `target_offsets` (one "
                f"longer) must agree in length. Received: {sorted(lengths)} and "
                f"{len(self.target_offsets)}."
            )
        _check_rows("user_rows", self.user_rows, self.interactions.num_users)
        _check_rows("target_rows", self.target_rows, self.interactions.num_items)
        offsets = self.interactions.offsets
        is_inside = (self.history_ends >= offsets[self.user_rows]) & (
            self.history_ends <= offsets[self.user_rows + 1]
        )
        if not is_inside.all():
            raise DataError("`history_ends` must lie within the events of the user.")

    def __len__(self):
        return len(self.user_rows)

    def history(self, i):
        """Slice of `interactions` that query `i` may look at."""
        start = self.interactions.offsets[self.user_rows[i]]
        return slice(int(start), int(self.history_ends[i]))

    def targets(self, i):
        """Item rows that are right for query `i`."""
        return self.target_rows[self.target_offsets[i] : self.target_offsets[i + 1]]

    @property
    def context_rows(self):
        """`[q, C]` int32, cells of the context's columns, 0 for a missing one."""
        features = self.interactions.features
        if features is None:
            return np.zeros((len(self), 0), np.int32)
        if self.events is None:
            return np.zeros((len(self), len(features.context.columns)), np.int32)
        return features.context.take(self.events).rows

    def take(self, indices):
        """The queries at integer `indices`, in that order."""
        indices = np.asarray(indices, np.int64)
        counts = np.diff(self.target_offsets)[indices]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        shifts = np.repeat(self.target_offsets[indices] - offsets[:-1], counts)
        return replace(
            self,
            user_rows=self.user_rows[indices],
            history_ends=self.history_ends[indices],
            timestamps=self.timestamps[indices],
            target_offsets=offsets,
            target_rows=self.target_rows[shifts + np.arange(offsets[-1])],
            events=None if self.events is None else self.events[indices],
        )

    def in_batches(self, batch_size=256):
        """The queries, in order, at most `batch_size` of them at a time.

        Of a large catalogue fewer, so that scores of all items stay small.
        """
        most = MAX_SCORES // self.interactions.num_items
        batch_size = max(1, min(batch_size, most))
        for start in range(0, len(self), batch_size):
            yield self.take(np.arange(start, min(start + batch_size, len(self))))


def encode(dataset, rules, seed=0, features=None, interest=None):
    """The log of a data set as integers.

    Args:
        dataset: `Dataset`; item rows follow `dataset.items`, users are sorted.
        rules: `FeedbackRules` that label and weigh the events.
        seed: int, of the random order of the events where none has a time.
        features: `FeaturesConfig` of columns that the data set has, or None.
        interest: `FeedbackRules` for probabilities of interest, or None for `rules`.

    Returns:
        `Interactions` of the events with an item.

    Raises:
        DataError: there are none.
    """
    events, has_times = dataset.events, dataset.events.has_times
    if not has_times:
        events = _in_random_order(events, seed)
    everything, events = events.frame, events.with_items()
    frame = events.frame
    item_ids = dataset.items.frame["item_id"].to_numpy(object)
    user_rows, user_ids = pd.factorize(frame["user_id"], sort=True)
    event_rows, event_names = pd.factorize(frame["event"], sort=True)
    timestamps = frame["timestamp"].to_numpy()
    sequences = frame["sequence"].to_numpy()
    arrays = {
        "user_rows": user_rows,
        "item_rows": pd.Index(item_ids).get_indexer(frame["item_id"]),
        "event_rows": event_rows,
        "values": frame["value"].to_numpy(),
        "timestamps": timestamps,
        "sequences": sequences,
        "labels": rules.label(events),
        "weights": rules.weights(events),
    }
    order = np.lexsort((sequences, timestamps, user_rows))  # stable: log order last
    counts = np.bincount(user_rows, minlength=len(user_ids))
    speaks = np.isin(np.arange(len(event_names)), event_rows[arrays["labels"] >= 0])
    may_count = everything["event"].isin(event_names[speaks]).to_numpy()
    features = features or FeaturesConfig()
    return Interactions(
        item_ids=item_ids,
        user_ids=np.asarray(user_ids, object),
        event_names=np.asarray(event_names, object),
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        event_texts=encode_texts(everything, user_ids, item_ids, may_count),
        availability=Availability.of(dataset.items.frame) if has_times else None,
        prerequisites=Prerequisites.of(dataset.items, speaks),
        own_items=_own_items(dataset, user_ids),
        features=log_features(dataset, features, user_ids, frame.iloc[order]),
        interest_labels=interest and interest.label(events)[order].astype(np.int8),
        **{name: arrays[name][order].astype(EVENT_ARRAYS[name]) for name in arrays},
    )


def _own_items(dataset, user_ids):
    """The row of each user among the items, -1 for none; None if users are no items."""
    if not dataset.people:
        return None
    rows = np.flatnonzero(dataset.items.frame["domain"] == dataset.people)
    ids = pd.Index(dataset.items.frame["item_id"].to_numpy()[rows])
    places = ids.get_indexer(user_ids)
    return np.where(places >= 0, np.append(rows, -1)[places], -1).astype(np.int32)


def _in_random_order(events, seed):
    """The same `Events` with random sequences, no two alike."""
    drawn = np.random.default_rng(seed).permutation(len(events))
    return Events.of_parsed(events.frame.assign(sequence=drawn))


def _check_rows(name, rows, count):
    if len(rows) and not (rows.min() >= 0 and rows.max() < count):
        raise DataError(
            f"`{name}` must lie in [0, {count}). "
            f"Received: {rows.min()} to {rows.max()}."
        )
