"""States in one SQLite file: for one machine, however many processes.

The journal is a WAL with synchronous=FULL: a commit returns when the disk has it.
NORMAL would do for kill -9, since what was written is the operating system's by then,
but may lose the last commits when the power fails, and an answer to an event promises
more. Threads that wait while the disk is busy share the next commit.
"""

import collections
import contextlib
import functools
import json
import pathlib
import sqlite3
import threading

from serving.user_states import sqlite_outbox
from serving.user_states.counts import ALL_ITEMS, Levels, add_levels, merge
from serving.user_states.state_codec import decode_state
from serving.user_states.store import (
    MAX_SHOWN,
    StoreError,
    StoreFullError,
    UserStates,
)
from tfrec.errors import ServingError

WAIT_S = 10  # for a writer in another process
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS states (user_id TEXT PRIMARY KEY, state BLOB)",
    "CREATE TABLE IF NOT EXISTS counts (event TEXT, item_id TEXT, fast REAL, slow REAL,"
    " PRIMARY KEY (event, item_id)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS counts_by_fast ON counts (event, fast)",
    "CREATE INDEX IF NOT EXISTS counts_by_slow ON counts (event, slow)",
    "CREATE TABLE IF NOT EXISTS shown (user_id TEXT, item_id TEXT, time INTEGER)",
    "CREATE INDEX IF NOT EXISTS shown_by_user ON shown (user_id)",
    *sqlite_outbox.SCHEMA,
)
_WRITE = "INSERT OR REPLACE INTO states VALUES (?, ?)"
_COUNT = """
INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT (event, item_id) DO UPDATE
SET fast = add_levels(fast, excluded.fast), slow = add_levels(slow, excluded.slow)
"""
_SHOW = "INSERT INTO shown VALUES (?, ?, ?)"
_SHOWN = "SELECT item_id, time FROM shown WHERE user_id = ? ORDER BY rowid"
_TRIM = """
DELETE FROM shown WHERE user_id = ?1 AND rowid <= (
  SELECT rowid FROM shown WHERE user_id = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)
"""
_BEST = """
SELECT item_id FROM counts WHERE event = ? AND item_id != ? ORDER BY {} DESC LIMIT ?
"""
# CROSS JOIN looks the items up one by one, where a join might read a kind as a whole.
_LEVELS = """
SELECT item_id, fast, slow FROM json_each(?) AS wanted
CROSS JOIN counts ON counts.event = ? AND counts.item_id = wanted.value
"""
# From each kind to the next, where DISTINCT would read the whole table.
_KINDS = """
WITH RECURSIVE kinds (event) AS (
  SELECT min(event) FROM counts UNION ALL
  SELECT (SELECT min(event) FROM counts WHERE event > kinds.event) FROM kinds
  WHERE event IS NOT NULL
) SELECT event FROM kinds WHERE event IS NOT NULL
"""


class SqliteStates(UserStates):
    """One row per user, and one per item and kind of event.

    It has as many connections as are ever used at the same time.

    Args:
        path: the file, which is made if it is absent; its folder must exist.

    Raises:
        StoreError: the file cannot be opened or is no such store.
    """

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._writing = threading.Lock()  # threads wait here, and not in SQLite's sleep
        self._waiting: collections.deque[_Write] = collections.deque()
        with self._connection() as connection:
            for statement in _SCHEMA:
                connection.execute(statement)
        self.outbox = sqlite_outbox.SqliteOutbox(self._in_transaction, self._checkpoint)

    def get(self, user_id):
        with self._connection() as connection:
            return decode_state(_read(connection, [user_id])[0])

    def _change(self, make):
        write = _Write(make)
        self._waiting.append(write)
        with self._writing:
            if not write.is_done:  # nobody took it along
                self._write_waiting()
        return write.result()

    def _write_waiting(self):
        """Commits the changes of all threads that wait, or none of them."""
        writes = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            with self._connection() as connection, _transaction(connection):
                for write in writes:
                    write.apply(connection)
        except BaseException as error:  # every thread raises it
            for write in writes:
                write.error = write.error or error
        for write in writes:
            write.is_done = True

    def forget(self, user_id):
        """As in the contract; the bytes are overwritten, in the journal, too."""
        with self._in_transaction() as connection:
            delete = "DELETE FROM {} WHERE user_id = ?"
            connection.execute(delete.format("shown"), [user_id])
            found = connection.execute(delete.format("states"), [user_id])
            is_known = found.rowcount > 0
            sqlite_outbox.insert(connection, self._erasures(user_id))
        self._checkpoint()
        return is_known

    def note_shown(self, user_id, item_ids, now):
        rows = [(user_id, item_id, now) for item_id in item_ids]
        with self._in_transaction() as connection:
            connection.executemany(_SHOW, rows)
            connection.execute(_TRIM, [user_id, MAX_SHOWN])

    def shown(self, user_id):
        with self._connection() as connection:
            return connection.execute(_SHOWN, [user_id]).fetchall()

    def counted_kinds(self):
        with self._connection() as connection:
            return [kind for (kind,) in connection.execute(_KINDS)]

    def most_counted(self, kinds, half_life, limit):
        best, query = set(), _BEST.format(half_life)
        with self._connection() as connection:
            for kind in kinds:
                rows = connection.execute(query, [kind, ALL_ITEMS, limit])
                best |= {item_id for (item_id,) in rows}
        return best

    def levels(self, kinds, item_ids):
        found: dict[str, Levels] = {}
        wanted = json.dumps([*set(item_ids)])
        with self._connection() as connection:
            for kind in kinds:
                rows = connection.execute(_LEVELS, [wanted, kind])
                merge(found, {item_id: Levels(*each) for item_id, *each in rows})
        return found

    def check(self):
        with self._connection() as connection:
            connection.execute("SELECT 1 FROM states LIMIT 1").fetchone()

    def close(self):
        while self._idle:
            self._idle.pop().close()

    @contextlib.contextmanager
    def _in_transaction(self):
        """A connection that alone writes; all or nothing."""
        with (
            self._connection() as connection,
            self._writing,
            _transaction(connection),
        ):
            yield connection

    def _checkpoint(self):
        with self._connection() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextlib.contextmanager
    def _connection(self):
        """A connection for one thread at a time; its errors get our words."""
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._idle.append(connection)
        except sqlite3.Error as error:
            is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            kind = StoreFullError if is_full else StoreError
            raise kind(f"The states in {self._path}: {error}.") from error

    def _take(self):
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _connect(self):
        connection = sqlite3.connect(
            self._path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
        )
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.create_function("add_levels", 2, add_levels, deterministic=True)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


class _Write:
    """A change on its way to the disk."""

    def __init__(self, make):
        self._make = make
        self._changed = None
        self.error: BaseException | None = None
        self.is_done = False

    def apply(self, connection):
        """Makes the change; what is wrong with it alone fails it alone."""
        try:
            self._changed = self._make(functools.partial(_read, connection))
        except ServingError as error:
            self.error = error
        else:
            connection.executemany(_WRITE, self._changed.after.items())
            counted = self._changed.counted.items()
            connection.executemany(_COUNT, [(*key, *each) for key, each in counted])
            sqlite_outbox.insert(connection, self._changed.records)

    def result(self):
        if self.error:
            raise self.error
        return self._changed


@contextlib.contextmanager
def _transaction(connection):
    with connection:  # commits, or rolls back after an error
        connection.execute("BEGIN IMMEDIATE")
        yield


def _read(connection, user_ids):
    query = "SELECT state FROM states WHERE user_id = ?"
    rows = (connection.execute(query, [user_id]).fetchone() for user_id in user_ids)
    return [row[0] if row else None for row in rows]
