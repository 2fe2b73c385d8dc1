"""Work on disk: tables divided by user, finished shards, and the way back.

A shard holds all rows of its users, so that it fits in memory however long the
tables are. The work folder stands beside the output and is named after everything
that decides the result; a run with other inputs does not find it.
"""

import contextlib
import os
import pathlib
import re
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa

DIGEST = re.compile("[0-9a-f]{32}")  # what our folders are called
MERGED_POSITIONS = 8192  # queries whose rows are put in order at a time


class WorkFolder:
    """Where a run keeps what it has finished.

    Args:
        out: path of the result.
        digest: hex digest of all inputs; folders of other digests are removed.
    """

    def __init__(self, out: pathlib.Path, digest: str):
        self._all = out.with_name(f".{out.name}.parts")
        self._folder = self._all / digest[:32]
        for other in self._all.glob("*"):
            if DIGEST.fullmatch(other.name) and other != self._folder:
                shutil.rmtree(other)
        self._folder.mkdir(parents=True, exist_ok=True)

    @property
    def path(self) -> pathlib.Path:
        """The folder beside the output."""
        return self._all

    @property
    def spool(self) -> pathlib.Path:
        """Folder of the divided tables."""
        return self._folder / "spool"

    @contextlib.contextmanager
    def new_spool(self):
        """A folder that becomes `spool` when the block has succeeded.

        Otherwise nothing is finished, and the work folder goes.
        """
        aside = self._folder / "spool.unfinished"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            yield aside
            os.replace(aside, self.spool)
        except BaseException:
            self.remove()
            raise

    def part(self, shard: int) -> pathlib.Path:
        """Result of a shard; it exists once the shard is finished."""
        return self._folder / f"part-{shard:04}.arrow"

    def write_part(self, shard: int, tables) -> None:
        """Keeps the result of a shard: arrow tables in order of `position`."""
        aside = self.part(shard).with_suffix(".unfinished")
        aside.touch()  # a shard without queries has an empty file
        with contextlib.ExitStack() as stack:
            writer = None
            for table in tables:
                if writer is None:
                    sink = pa.ipc.new_stream(str(aside), table.schema)
                    writer = stack.enter_context(sink)
                writer.write_table(table)
        os.replace(aside, self.part(shard))

    def remove(self) -> None:
        """Ends the work: everything in the folder goes."""
        shutil.rmtree(self._folder)
        if not any(self._all.iterdir()):
            self._all.rmdir()


class Spool:
    """One table divided by user into Arrow streams.

    Args:
        folder: where the streams lie.
        name: of the table.
        num_shards: how many.
    """

    def __init__(self, folder: pathlib.Path, name: str, num_shards: int):
        self._folder, self._name, self._num_shards = folder, name, num_shards

    def write(self, frames) -> None:
        """Divides frames with a `user_id` column; rows of a user keep their order."""
        with contextlib.ExitStack() as stack:
            writers: dict[int, pa.RecordBatchStreamWriter] = {}
            schema = None
            for frame in frames:
                if frame.empty:
                    continue
                table = pa.Table.from_pandas(frame, schema, preserve_index=False)
                schema = table.schema
                shards = self._shards(frame["user_id"])
                order = np.argsort(shards, kind="stable")
                table, starts = (
                    table.take(order),
                    np.flatnonzero(np.diff(shards[order], prepend=-1)),
                )
                for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
                    shard = int(shards[order[start]])
                    if shard not in writers:
                        sink = pa.ipc.new_stream(str(self._path(shard)), schema)
                        writers[shard] = stack.enter_context(sink)
                    writers[shard].write_table(table.slice(start, end - start))

    def read(self, shard: int) -> pd.DataFrame | None:
        """The rows of a shard, None if it has none."""
        path = self._path(shard)
        if not path.exists():
            return None
        with pa.ipc.open_stream(str(path)) as reader:
            return reader.read_all().to_pandas()

    def largest(self, column: str) -> int:
        """Largest value of a column over all shards."""
        values = []
        for path in self._folder.glob(f"{self._name}-*.arrow"):
            with pa.ipc.open_stream(str(path)) as reader:
                values += [np.max(batch[column].to_numpy()) for batch in reader]
        return int(max(values))

    def _shards(self, user_ids):
        hashes = pd.util.hash_array(user_ids.to_numpy(object), categorize=True)
        return (hashes % np.uint64(self._num_shards)).astype(np.int64)

    def _path(self, shard):
        return self._folder / f"{self._name}-{shard:04}.arrow"


def merge_parts(paths):
    """Yields the rows of finished parts as tables, in order of `position`.

    Args:
        paths: Arrow streams, each in order.
    """
    with contextlib.ExitStack() as stack:
        full = [str(path) for path in paths if path.stat().st_size]
        parts = [_Part(stack.enter_context(pa.ipc.open_stream(p))) for p in full]
        while unread := [part for part in parts if part.next_position is not None]:
            end = min(part.next_position for part in unread) + MERGED_POSITIONS
            batches = [batch for part in unread for batch in part.until(end)]
            table = pa.Table.from_batches(batches)
            # Stable: the rows of one position stay best first.
            yield table.take(np.argsort(table["position"].to_numpy(), kind="stable"))


class _Part:
    """Reads a stream up to a position at a time."""

    def __init__(self, reader):
        self._reader = reader
        self._held = None
        self._advance()

    @property
    def next_position(self):
        """Of the first row not yet read, None at the end."""
        return None if self._held is None else self._held["position"][0].as_py()

    def until(self, end):
        """Batches of all the rows not yet read whose position is below `end`."""
        taken = []
        while self._held is not None:
            count = int(np.searchsorted(self._held["position"], end))
            taken.append(self._held.slice(0, count))
            if count < self._held.num_rows:
                self._held = self._held.slice(count)
                break
            self._advance()
        return taken

    def _advance(self):
        batches = (batch for batch in self._reader if batch.num_rows)
        self._held = next(batches, None)
