"""Records that wait in the SQLite file of the states."""

import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from serving.user_states.outbox import LEASE_S, Batch, Outbox

Writing = Callable[[], AbstractContextManager[sqlite3.Connection]]
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS outbox"
    " (number INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB)",
    # One row: up to which number a batch goes, whose it is and for how long.
    "CREATE TABLE IF NOT EXISTS outbox_batch"
    " (id INTEGER PRIMARY KEY CHECK (id = 0), outbox TEXT, first INTEGER,"
    " last INTEGER, owner TEXT, until REAL)",
    "INSERT OR IGNORE INTO outbox_batch VALUES"
    " (0, lower(hex(randomblob(8))), NULL, NULL, '', 0)",
)
_ADD = "INSERT INTO outbox (record) VALUES (?)"
_OLDEST = """
SELECT min(number), max(number) FROM
  (SELECT number FROM outbox ORDER BY number LIMIT ?)
"""
_LEASE = "UPDATE outbox_batch SET first = ?, last = ?, owner = ?, until = ?"
_BATCH = "SELECT record FROM outbox WHERE number <= ? ORDER BY number"
# Numbers have no gaps, and counting would read all rows.
_WAITING = "SELECT coalesce(max(number) - min(number) + 1, 0) FROM outbox"


class SqliteOutbox(Outbox):
    """A table beside those of the states; what is done is overwritten.

    Args:
        writing: context of a connection in a transaction that writes.
        checkpoint: empties the journal.
    """

    def __init__(self, writing: Writing, checkpoint: Callable[[], None]):
        self._writing, self._checkpoint = writing, checkpoint
        self._owner = uuid.uuid4().hex

    def add(self, records):
        with self._writing() as connection:
            insert(connection, records)

    def take(self, most):
        with self._writing() as connection:
            name, first, last, owner, until = connection.execute(
                "SELECT outbox, first, last, owner, until FROM outbox_batch"
            ).fetchone()
            now = time.time()
            # A clock that was set back must not keep a batch for ever.
            is_anothers = owner != self._owner and now < until <= now + LEASE_S
            if last is not None and is_anothers:
                return None
            if last is None:
                first, last = connection.execute(_OLDEST, [most]).fetchone()
            if last is None:
                return None
            connection.execute(_LEASE, [first, last, self._owner, now + LEASE_S])
            rows = connection.execute(_BATCH, [last]).fetchall()
        return Batch(f"{name}-{first}", [record for (record,) in rows])

    def done(self, batch):
        with self._writing() as connection:
            name, first, last, owner = connection.execute(
                "SELECT outbox, first, last, owner FROM outbox_batch"
            ).fetchone()
            if (f"{name}-{first}", owner) == (batch.name, self._owner):
                connection.execute("DELETE FROM outbox WHERE number <= ?", [last])
                connection.execute(_LEASE, [None, None, "", 0])
        self._checkpoint()

    def waiting(self):
        with self._writing() as connection:
            return connection.execute(_WAITING).fetchone()[0]


def insert(connection: sqlite3.Connection, records: Sequence[bytes]) -> None:
    """Adds records in a transaction under way."""
    connection.executemany(_ADD, [(each,) for each in records])
