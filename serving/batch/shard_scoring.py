"""Queries of one shard answered from its users' logs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from serving.batch.tables import AFTER_ALL
from serving.profile import Profile
from tfrec.client.inputs import pad
from tfrec.client.own_inputs import own_arrays
from tfrec.data.feature_cells import given_features
from tfrec.errors import ArtefactError
from tfrec.export.manifest import feature_columns_of, people_of
from tfrec.export.servable import Servable

BATCH_QUERIES = 256
HELD_ANSWERS = 1 << 18  # rows of the result, whose queries are sorted at a time
RESULT = pa.schema(
    {
        "position": pa.int64(),  # place of the query in its table
        "query_id": pa.string(),  # or int64, as in the queries
        "user_id": pa.string(),
        "rank": pa.int32(),
        "item_id": pa.string(),
        "score": pa.float32(),
        "probability": pa.float32(),
    }
)


class UserLogs:
    """The events of some users, each user's in order.

    Args:
        frame: columns of `tfrec.data.schema.Events`, sorted by timestamp and
            sequence; None for no events.

    Attributes:
        user_ids: `[num_users]` object array, sorted.
        columns: name to `[num_events]` array, the events of one user after another.
    """

    def __init__(self, frame: pd.DataFrame | None):
        if frame is None:
            frame = pd.DataFrame({n: [] for n in ("user_id", *_COLUMNS, "sequence")})
        codes, user_ids = pd.factorize(frame["user_id"].to_numpy(object), sort=True)
        order = np.argsort(codes, kind="stable")
        frame = frame.iloc[order]
        self.user_ids = user_ids
        self.columns = {
            name: frame[name].to_numpy(dtype)
            for name, dtype in _COLUMNS.items()
            if name in frame  # logs may have no texts
        }
        self._users = codes[order]
        self._sequences = frame["sequence"].to_numpy(np.int64)

    def spans(self, queries: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Which events each query's user had strictly before (timestamp, sequence).

        Args:
            queries: columns `user_id, timestamp, sequence`.

        Returns:
            `(starts, ends)`, `[num_queries]` places in `columns`.
        """
        users = pd.Index(self.user_ids).get_indexer(queries["user_id"].to_numpy(object))
        starts = np.searchsorted(self._users, users)
        num_queries = len(queries)
        # Sorted among the events, a query stands right after those before it.
        keys = [
            np.concatenate([np.zeros(num_queries), np.ones(len(self._users))]),
            np.concatenate([queries["sequence"], self._sequences]),
            np.concatenate([queries["timestamp"], self.columns["timestamp"]]),
            np.concatenate([users, self._users]),
        ]
        order = np.lexsort(keys)
        num_before = np.cumsum(order >= num_queries)
        places = np.empty(len(order), np.int64)
        places[order] = num_before
        return starts, np.where(users < 0, starts, places[:num_queries])


_COLUMNS = {
    "item_id": object,
    "event": object,
    "value": np.float32,
    "timestamp": np.int64,
    "text": object,
}


@dataclass(frozen=True)
class ListRules:
    """What may be in the list of a query.

    Attributes:
        k: items at most.
        allow_repeats: whether items of the history may come again.
        domains: those wanted, none for all.
        filters: limits of attributes by name.
    """

    k: int
    allow_repeats: bool = False
    domains: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)


class BatchScorer:
    """Answers queries with a model's `recommend`.

    Args:
        servable: the model.
        rules: of each list.
        reads_all: whether the model gets whole histories, longer than it reads: what
            was met long ago decides which items may come after it.

    Raises:
        ArtefactError: the model has no `recommend`.
        QueryError: it has no such attribute, or a limit is of another kind.
    """

    def __init__(self, servable: Servable, rules: ListRules, reads_all: bool = False):
        if "recommend" not in servable.artefact.signatures:
            raise ArtefactError(
                f"{servable.artefact.folder} must have the signature `recommend`. "
                f"Received: {', '.join(servable.artefact.signatures) or 'none'}."
            )
        self._servable = servable
        self._rules = rules
        manifest = servable.artefact.manifest
        self.of_users, self.of_queries = (
            feature_columns_of(manifest, side) for side in ("users", "context")
        )
        self._own([{"filters": rules.filters}])  # wrong ones are told at once
        self._max_length = 0 if reads_all else manifest.get("max_history_length", 0)
        self._kinds = manifest.get("events", {})  # none: all
        self._has_people = bool(people_of(manifest))

    def _own(self, rows):
        """The inputs of the model's own, of those that any row gives."""
        if not any(any(row.values()) for row in rows):
            return {}
        inputs = self._servable.artefact.signatures["recommend"].inputs
        return own_arrays(rows, "recommend", inputs)

    def score(self, queries: pd.DataFrame, logs: UserLogs, people: Mapping):
        """Yields arrow tables of answers, in the order of the queries.

        Args:
            queries: columns `position, query_id, user_id, timestamp, sequence`, and
                those of `of_queries`.
            logs: `UserLogs` of all the users asked for.
            people: user id to `Profile`.
        """
        num_sorted = max(BATCH_QUERIES, HELD_ANSWERS // self._rules.k)
        for start in range(0, len(queries), num_sorted):
            some = queries.iloc[start : start + num_sorted]
            histories = _Histories(some, logs, self._kinds, self._max_length)
            # A batch is as wide as its longest history: those alike go together.
            order = np.argsort(histories.lengths, kind="stable")
            batches = np.split(order, range(BATCH_QUERIES, len(order), BATCH_QUERIES))
            table = pa.concat_tables(
                self._answer(some.iloc[rows], histories, rows, people)
                for rows in batches
            )
            # Stable: the rows of one position stay best first.
            yield table.take(np.argsort(table["position"].to_numpy(), kind="stable"))

    def _answer(self, batch, histories, rows, people):
        """Items that a cut history loses are excluded by name, and the user is."""
        asking = [people.get(user_id, Profile()) for user_id in batch["user_id"]]
        contexts = given_features(batch, self.of_queries)
        filters = self._rules.filters
        own = [
            {"filters": filters, "user_features": p.features, "context": context}
            for p, context in zip(asking, contexts, strict=True)
        ]
        lost = [()] * len(rows) if self._rules.allow_repeats else histories.lost(rows)
        if self._has_people:
            lost = [(*e, u) for e, u in zip(lost, batch["user_id"], strict=True)]
        inputs = {
            **histories.inputs(rows),
            **self._own(own),
            "user_text": np.array([each.text for each in asking], object),
            "now": batch["timestamp"].to_numpy(np.int64),
            "k": np.full(len(rows), self._rules.k, np.int32),
            "exclude_item_ids": pad(lost),
            "allow_repeats": np.full(len(rows), self._rules.allow_repeats),
        }
        if self._rules.domains:  # which older models do not have
            inputs["domain"] = pad([self._rules.domains] * len(rows))
        return _as_table(batch, self._servable.run("recommend", inputs))


class _Histories:
    """What queries tell of the past: the latest events, of the kinds a model knows.

    A text without an item is read whatever the kind of its event.

    Args:
        queries: as `BatchScorer.score` takes them.
        logs: `UserLogs`.
        kinds: names of events; none for all.
        max_length: events of a history at most; 0 for all.
    """

    def __init__(self, queries, logs, kinds, max_length):
        self._columns = logs.columns
        is_known = np.ones(len(logs.columns["event"]), bool)
        if kinds:
            is_known = pd.Series(logs.columns["event"]).isin([*kinds, ""]).to_numpy()
            is_known = is_known | (logs.columns["item_id"] == "")
        self._known = np.flatnonzero(is_known)
        self._spans = logs.spans(queries)
        starts, self._ends = np.searchsorted(self._known, self._spans)
        if max_length:
            starts = np.maximum(starts, self._ends - max_length)
        self._starts = starts
        self.lengths = self._ends - starts

    def inputs(self, rows):
        """The inputs of some queries, each `[n, 1 + longest]`; see `pad`."""
        starts, lengths = self._starts[rows, None], self.lengths[rows, None]
        places = np.arange(-1, lengths.max(initial=0))
        is_event = (places >= 0) & (places < lengths)
        events = self._known[(starts + places)[is_event]]
        inputs = {}
        for name, column in self._columns.items():
            padding = "" if column.dtype == object else 0
            padded = np.full(is_event.shape, padding, column.dtype)
            padded[is_event] = column[events]
            inputs[f"history_{name}s"] = padded
        return inputs

    def lost(self, rows):
        """Items of the events before each query that its history leaves out."""
        return [self._lost(row) for row in rows]

    def _lost(self, row):
        start, end = self._spans[0][row], self._spans[1][row]
        if end - start == self.lengths[row]:
            return ()
        kept = self._known[self._starts[row] : self._ends[row]]
        lost = np.delete(self._columns["item_id"][start:end], kept - start)
        return list(dict.fromkeys(lost))


def queries_at_end(logs: UserLogs, timestamp: int, first_position: int):
    """One query per user of the log, after all events."""
    count = len(logs.user_ids)
    return pd.DataFrame(
        {
            "position": np.arange(first_position, first_position + count),
            "query_id": logs.user_ids,
            "user_id": logs.user_ids,
            "timestamp": np.full(count, timestamp),
            "sequence": np.full(count, AFTER_ALL),
        }
    )


def _as_table(batch, answer):
    """Real answers only: what pads a row stays out."""
    rows, ranks = np.nonzero(answer["item_ids"] != b"")
    query_ids = batch["query_id"].to_numpy()
    schema = RESULT
    if query_ids.dtype.kind == "i":
        schema = RESULT.set(1, pa.field("query_id", pa.int64()))
    columns = [
        batch["position"].to_numpy()[rows],
        query_ids[rows],
        batch["user_id"].to_numpy(object)[rows],
        ranks + 1,
        [item_id.decode() for item_id in answer["item_ids"][rows, ranks]],
        answer["scores"][rows, ranks],
        answer["probabilities"][rows, ranks],
    ]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
