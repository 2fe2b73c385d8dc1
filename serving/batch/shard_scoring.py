"""Queries of one shard answered from its users' logs."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa

from tfrec.client.histories import History, Query, recommend_inputs
from tfrec.errors import ArtefactError
from tfrec.export.servable import Servable

BATCH_QUERIES = 256
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
AFTER_ALL = 2**62  # the sequence of a query at the end of the log


class UserLogs:
    """The events of some users, each user's in order.

    Args:
        frame: columns of `tfrec.data.schema.Events`, sorted by timestamp and
            sequence; None for no events.
    """

    def __init__(self, frame: pd.DataFrame | None):
        if frame is None:
            frame = pd.DataFrame({n: [] for n in ("user_id", *_COLUMNS, "sequence")})
        codes, user_ids = pd.factorize(frame["user_id"].to_numpy(object), sort=True)
        order = np.argsort(codes, kind="stable")
        frame = frame.iloc[order]
        self.user_ids = user_ids
        self._rows = {user_id: row for row, user_id in enumerate(user_ids)}
        self._offsets = np.searchsorted(codes[order], np.arange(len(user_ids) + 1))
        self._sequences = frame["sequence"].to_numpy(np.int64)
        self._events = History(
            *(frame[name].to_numpy(dtype) for name, dtype in _COLUMNS.items())
        )

    def before(self, user_id, timestamp, sequence) -> History:
        """The user's events strictly before a (timestamp, sequence)."""
        row = self._rows.get(user_id)
        if row is None:
            return History()
        start, stop = self._offsets[row : row + 2]
        times = self._events.timestamps[start:stop]
        low, high = start + np.searchsorted(times, [timestamp, timestamp + 1])
        end = low + np.searchsorted(self._sequences[low:high], sequence)
        return self._events.take(slice(start, end))


_COLUMNS = {
    "item_id": object,
    "event": object,
    "value": np.float32,
    "timestamp": np.int64,
}


class BatchScorer:
    """Answers queries with a model's `recommend`.

    Args:
        servable: the model.
        k: items per query.
        allow_repeats: whether items of the history may come again.

    Raises:
        ArtefactError: the model has no `recommend`.
    """

    def __init__(self, servable: Servable, k: int, allow_repeats: bool):
        if "recommend" not in servable.artefact.signatures:
            raise ArtefactError(
                f"{servable.artefact.folder} must have the signature `recommend`. "
                f"Received: {', '.join(servable.artefact.signatures) or 'none'}."
            )
        self._servable = servable
        self._k = k
        self._allow_repeats = allow_repeats
        self._max_length = servable.artefact.manifest.get("max_history_length", 0)
        self._kinds = servable.artefact.manifest.get("events", {})  # none: all

    def score(self, queries: pd.DataFrame, logs: UserLogs, profiles: dict):
        """Yields arrow tables of answers, in the order of the queries.

        Args:
            queries: columns `position, query_id, user_id, timestamp, sequence`.
            logs: `UserLogs` of all the users asked for.
            profiles: user id to profile text.
        """
        for start in range(0, len(queries), BATCH_QUERIES):
            batch = queries.iloc[start : start + BATCH_QUERIES]
            batch_queries = [
                self._query(logs.before(*when), profiles.get(when[0], ""), when[1])
                for when in zip(
                    batch["user_id"], batch["timestamp"], batch["sequence"], strict=True
                )
            ]
            answer = self._servable.run("recommend", recommend_inputs(batch_queries))
            yield _as_table(batch, answer)

    def _query(self, history, user_text, now):
        """Items that a cut history loses are excluded by name."""
        kept = self._kept(history)
        lost: Iterable[str] = ()
        if not self._allow_repeats:
            lost = np.delete(history.item_ids, kept)
        return Query(
            history=history.take(kept),
            user_text=user_text,
            now=now,
            k=self._k,
            exclude=list(dict.fromkeys(lost)),
            allow_repeats=self._allow_repeats,
        )

    def _kept(self, history):
        """Rows of the latest events, of the kinds that the model knows."""
        rows = np.arange(len(history))
        if self._kinds:
            rows = rows[np.isin(history.events, [*self._kinds, ""])]
        return rows[-self._max_length :]  # all of them if it is 0


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
