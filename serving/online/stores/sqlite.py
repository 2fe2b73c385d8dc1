"""States in one SQLite file: for one machine, however many processes.

The journal is a WAL with synchronous=FULL: a commit returns when the disk has it.
NORMAL would do for kill -9, since what was written is the operating system's by then,
but may lose the last commits when the power fails, and an answer to an event promises
more.
"""

import contextlib
import pathlib
import sqlite3
import threading

from serving.online.state_codec import decode_state
from serving.online.stores.user_states import (
    StoreError,
    StoreFullError,
    UserStates,
    change,
)

WAIT_S = 10  # for a writer in another process
_SCHEMA = "CREATE TABLE IF NOT EXISTS states (user_id TEXT PRIMARY KEY, state BLOB)"
_WRITE = "INSERT OR REPLACE INTO states VALUES (?, ?)"


class SqliteStates(UserStates):
    """One row per user; every thread has a connection of its own.

    Args:
        path: the file, which is made if it is absent; its folder must exist.

    Raises:
        StoreError: the file cannot be opened or is no such store.
    """

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._own = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writing = threading.Lock()  # threads wait here, and not in SQLite's sleep
        with self._in_words():
            self._connection.execute(_SCHEMA)

    def get(self, user_id):
        with self._in_words():
            return decode_state(self._read([user_id])[0])

    def append(self, events):
        with self._in_words(), self._transaction() as connection:
            changed = change(events, self._read)
            connection.executemany(_WRITE, changed.after.items())
        return changed.appended

    def forget(self, user_id):
        """As in the contract; the bytes are overwritten, in the journal, too."""
        with self._in_words():
            with self._transaction() as connection:
                delete = "DELETE FROM states WHERE user_id = ?"
                is_known = connection.execute(delete, [user_id]).rowcount > 0
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return is_known

    def check(self):
        with self._in_words():
            self._connection.execute("SELECT 1 FROM states LIMIT 1").fetchone()

    def close(self):
        for connection in self._connections:
            connection.close()

    @property
    def _connection(self):
        if not hasattr(self._own, "connection"):
            self._own.connection = self._connect()
        return self._own.connection

    def _connect(self):
        # Only `close` uses it from another thread than the one it is made in.
        connection = sqlite3.connect(
            self._path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
        )
        self._connections.append(connection)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _read(self, user_ids):
        query = "SELECT state FROM states WHERE user_id = ?"
        rows = (self._connection.execute(query, [i]).fetchone() for i in user_ids)
        return [row[0] if row else None for row in rows]

    @contextlib.contextmanager
    def _transaction(self):
        with self._writing, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    @contextlib.contextmanager
    def _in_words(self):
        try:
            yield
        except sqlite3.Error as error:
            is_full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            kind = StoreFullError if is_full else StoreError
            raise kind(f"The states in {self._path}: {error}.") from error
