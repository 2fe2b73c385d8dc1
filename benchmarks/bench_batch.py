"""Batch scoring: memory by the number of rows, and kill -9 on the way.

Claims: memory hardly grows with the log; a run that is killed twice gives every query
once, as one that was not.

    python benchmarks/bench_batch.py --rows 100000 --rows 1000000

The model is the tests' toy of six items, so that what is measured is the way of the
rows. Every user has ten events; every user is a query.
"""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from typing import Annotated

import numpy as np
import pandas as pd
import pyarrow as pa
import typer
from pyarrow import parquet
from rich.console import Console
from rich.table import Table

# The tests' toy serves here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from tests.serving.toy_artefact import ITEM_IDS, write_toy

EVENTS, K = 10, 2  # of a user
ROWS = [100_000]
CHUNK = 50_000  # rows written at a time


def main(
    rows: Annotated[list[int], typer.Option(help="Events of a log.")] = ROWS,
    kills: Annotated[int, typer.Option(help="Of the run of the longest log.")] = 2,
):
    """Prints a row for each log, then what became of the run that was killed."""
    table = Table("events", "queries", "answers", "seconds", "events/s", "peak MiB")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_toy(folder / "toy")
        for size in sorted(rows):
            log = write_log(folder / f"{size}.parquet", size)
            started = time.monotonic()
            peak = run_to_end(folder, log, "whole.parquet")
            seconds = time.monotonic() - started
            answers = parquet.read_metadata(folder / "whole.parquet").num_rows
            figures = (size, size // EVENTS, answers)
            cells = [f"{figure:,}" for figure in figures]
            cells += [f"{seconds:.0f}", f"{size / seconds:,.0f}", f"{peak:.0f}"]
            table.add_row(*cells)
        Console().print(table)
        killed_after = [kill_on_the_way(folder, log) for _ in range(kills)]
        run_to_end(folder, log, "killed.parquet")
        print(f"Killed with {killed_after} shards finished:", compare(folder))


def write_log(path, size):
    """Users one after the other would be too easy: their events are mixed."""
    rng = np.random.default_rng(0)
    users = rng.permutation(np.repeat(np.arange(size // EVENTS), EVENTS))
    writer = None
    for start in range(0, size, CHUNK):
        part = users[start : start + CHUNK]
        times = np.arange(start, start + len(part)) + 1_000_000_000
        items = np.array(ITEM_IDS[:4])[rng.integers(0, 4, len(part))]
        names = [f"user-{number}" for number in part]
        columns = {"user_id": names, "item_id": items, "timestamp": times}
        table = pa.table(columns)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()
    return path


def start(folder, log, out):
    command = [sys.executable, "-m", "serving.batch_score", "--k", str(K)]
    command += ["--model", folder / "toy", "--events", log, "--out", folder / out]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=sys.stderr)


def run_to_end(folder, log, out):
    """Peak memory of the process in MiB."""
    process = start(folder, log, out)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"batch_score ended with {process.returncode}.")
    return usage.ru_maxrss / 1024


def kill_on_the_way(folder, log):
    """Kills a run when it has finished a shard; gives how many are finished then."""
    parts = ".killed.parquet.parts/*/part-*.arrow"
    before = len(list(folder.glob(parts)))
    process = start(folder, log, "killed.parquet")
    while process.poll() is None and len(list(folder.glob(parts))) <= before:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return len(list(folder.glob(parts)))


def compare(folder):
    """Words on the result of the killed run beside that of the whole one."""
    whole, killed = (
        pd.read_parquet(folder / name) for name in ("whole.parquet", "killed.parquet")
    )
    pairs = killed[["query_id", "rank"]]
    return (
        f"{len(killed):,} rows of {killed['query_id'].nunique():,} queries, "
        f"{pairs.duplicated().sum()} of them twice, "
        f"{'equal to' if whole.equals(killed) else 'UNLIKE'} the whole run's"
    )


if __name__ == "__main__":
    typer.run(main)
