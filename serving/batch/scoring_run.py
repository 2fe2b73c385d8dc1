"""One run of batch scoring: divide by user, score shard by shard, put together."""

import contextlib
import hashlib
import logging
import pathlib

import numpy as np

from serving.batch.shard_scoring import (
    RESULT,
    BatchScorer,
    ListRules,
    UserLogs,
    queries_at_end,
)
from serving.batch.shards import Spool, WorkFolder, merge_parts
from serving.batch.tables import QUERIES, UNTIMED_QUERIES, open_output, stream_table
from serving.model_server.new_items import load_with_items
from serving.profile import Profile
from tfrec.data.clean import clean
from tfrec.data.feature_cells import given_features, with_features
from tfrec.data.files import find_files
from tfrec.data.readers import events_table
from tfrec.data.schema import EVENTS, USERS, Events, Users, with_usual_value
from tfrec.errors import DataError
from tfrec.export.item_log import ItemLog
from tfrec.export.version_folders import version_folder
from tfrec.progress import Progress, tracked

logger = logging.getLogger(__name__)

SHARD_BYTES = 1 << 20  # of the files that hold the events
MAX_SHARDS = 256  # files open at a time while dividing
_POSITIONS = 1 << 32  # places in the result per shard, where there is no other order


class ScoringRun:
    """Everything between the files and the result.

    Items put in and taken out at serving time count as the model's log of them has them
    when the run begins.

    Args:
        model: model or version folder.
        tables: paths of `events`, and of `queries` and `users` or None.
        out: path of the result.
        rules: of each list.

    Raises:
        ArtefactError: the model is broken or has no `recommend`.
        DataError: a file is missing.
        QueryError: the model has no such attribute, or a limit is of another kind.
    """

    def __init__(self, model, tables: dict, out: pathlib.Path, rules: ListRules):
        self._tables = {name: path for name, path in tables.items() if path}
        files = {name: find_files(path) for name, path in self._tables.items()}
        folder = version_folder(model)
        changes = ItemLog.of(folder.parent).read().changes
        self._servable = load_with_items(folder, changes)
        has_order = self._servable.artefact.manifest.get("has_prerequisites", False)
        has_order |= any(each.after for each in changes)
        self._scorer = BatchScorer(self._servable, rules, has_order)
        size = sum(file.stat().st_size for file in files["events"])
        self.num_shards = min(MAX_SHARDS, 1 + size // SHARD_BYTES)
        files["model"] = sorted(path for path in folder.rglob("*") if path.is_file())
        settings = (self.num_shards, rules, changes)
        self._work = WorkFolder(out, _digest(files, *settings))
        self._out = out

    @contextlib.contextmanager
    def telling_what_is_kept(self):
        """Says where finished shards are if the block is left by an error."""
        try:
            yield
        except BaseException:
            if self._work.path.exists():
                logger.warning(
                    "Finished parts are kept in %s. The same command continues from "
                    "them. Delete that folder if you do not continue.",
                    self._work.path,
                )
            raise

    def divide(self) -> None:
        """Divides every table by user, if an earlier run has not."""
        if self._work.spool.exists():
            return
        with self._work.new_spool() as folder:
            for name, table in self._kinds().items():
                if name in self._tables:
                    Spool(folder, name, self.num_shards).write(self._read(name, table))

    def score(self) -> int:
        """Scores every shard that is not finished.

        Returns:
            How many were finished by an earlier run.
        """
        now = None
        if "queries" not in self._tables:
            now = self._spool("events").largest("timestamp")
        shards = range(self.num_shards)
        todo = [shard for shard in shards if not self._work.part(shard).exists()]
        for shard in tracked(todo, "Scoring shards"):
            self._work.write_part(shard, self._score_shard(shard, now))
        return self.num_shards - len(todo)

    def write(self) -> tuple[int, int]:
        """Puts the shards together in the order of the queries, and cleans up.

        Returns:
            Numbers of rows and of queries that have some.
        """
        progress = Progress(f"Writing {self._out}", unit="rows")
        parts = [self._work.part(shard) for shard in range(self.num_shards)]
        num_rows = num_queries = 0
        tables = merge_parts(parts)
        first = next(tables, RESULT.empty_table())
        schema = first.drop_columns("position").schema
        with open_output(self._out, schema) as append:
            for table in (first, *tables):
                append(table.drop_columns("position"))
                num_rows += len(table)
                progress.advance(len(table))
                num_queries += len(np.unique(table["position"]))
        self._work.remove()
        return num_rows, num_queries

    def _kinds(self):
        """What is read: name -> `Table`."""
        events = events_table(self._tables["events"], self._columns, is_strict=False)
        queries = QUERIES
        if events is not EVENTS:
            logger.warning(
                "%s: no event has a time. The history of each query is all that its "
                "user did.",
                self._tables["events"],
            )
            queries = UNTIMED_QUERIES
        scorer = self._scorer
        return {
            "events": events,
            "queries": with_features(queries, scorer.of_queries, are_named=False),
            "users": with_features(USERS, scorer.of_users, are_named=False),
        }

    @property
    def _columns(self):
        """Names in the files, as the model's training had them."""
        config = self._servable.artefact.manifest.get("config", {})
        return config.get("data", {}).get("columns", {})

    def _read(self, name, table):
        """Frames of one table, queries numbered in the order they come."""
        columns = self._columns
        num_rows, progress = 0, Progress(f"Dividing {name} by user", unit="rows")
        for frame in stream_table(self._tables[name], table, columns):
            kept = frame[[n for n in table.names if n in frame]]
            if name == "queries":
                numbers = np.arange(num_rows, num_rows + len(frame))
                kept = kept.assign(position=numbers)
            num_rows += len(frame)
            progress.advance(len(frame))
            yield kept
        if name == "events" and not num_rows:
            raise DataError(
                "The log must have at least one event. "
                f"Received: {self._tables[name]}, which has none."
            )

    def _score_shard(self, shard, now):
        events, queries, users = (
            self._spool(name).read(shard) for name in ("events", "queries", "users")
        )
        if events is not None:  # they were parsed when they were divided
            events = Events.of_parsed(with_usual_value(events))
            events = clean(events)[0].frame
        logs = UserLogs(events)
        if now is not None:
            queries = queries_at_end(logs, now, shard * _POSITIONS)
        people = {} if users is None else self._people(Users(users).frame)
        return [] if queries is None else self._scorer.score(queries, logs, people)

    def _people(self, frame):
        """User id -> `Profile`."""
        features = given_features(frame, self._scorer.of_users)
        rows = zip(frame["user_id"], frame["text"], features, strict=True)
        return {user_id: Profile(*about) for user_id, *about in rows}

    def _spool(self, name):
        return Spool(self._work.spool, name, self.num_shards)


def _digest(files, *settings):
    """Of the content of files by table, and of settings."""
    digest = hashlib.sha256(repr(settings).encode())
    for name, paths in sorted(files.items()):
        for path in paths:
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{name} {path.name} {content}\n".encode())
    return digest.hexdigest()
