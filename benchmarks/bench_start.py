"""What a model server takes from its start to its first answer.

    python benchmarks/bench_start.py
    python benchmarks/bench_start.py --before ../another/checkout

Claims: one model takes at most 12 CPU-seconds and 800 MB. The server has loaded the
model and answered its warm-up requests before it answers one of ours. Memory is what
is resident then, and the most there was, in 2^20 bytes. With `--before`, the server of
another checkout of this repository takes turns with this one's.
"""

import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tfrec.client.client import Client

HERE = pathlib.Path(__file__).resolve().parents[1]
LISTENS = re.compile(r"Running gRPC ModelServer at (\S+) \.\.\.")
CPU, NOW, MOST = "CPU-seconds", "resident MB", "most MB"
CLAIMS = {CPU: 12, NOW: 800}
Model = Annotated[pathlib.Path, typer.Option(help="Folder of versions.")]
DEMO = pathlib.Path("saved_models/movielens")
Before = Annotated[str, typer.Option(help="Folder of another checkout.")]


def main(
    model: Model = DEMO,
    before: Before = "",
    rounds: Annotated[int, typer.Option(help="Starts of each server.")] = 3,
):
    """Prints the medians, and the claims beside them."""
    checkouts = compared(before)
    runs = [[start(code, model) for code in checkouts] for _ in range(rounds)]
    table = Table("checkout", CPU, NOW, MOST)
    medians = [
        {name: statistics.median(run[name] for run in column) for name in column[0]}
        for column in zip(*runs, strict=True)
    ]
    for code, figures in zip(checkouts, medians, strict=True):
        table.add_row(str(code), *(f"{figure:.1f}" for figure in figures.values()))
    Console().print(table)
    for name, limit in CLAIMS.items():
        print(f"{name}: {medians[-1][name]:.1f} ({limit})")


def compared(before):
    """Folders of the checkouts to measure, this one last."""
    return [*([pathlib.Path(before).resolve()] if before else []), HERE]


def start(code, model):
    """What one server took until its first answer."""
    with running(code, model) as (process, address):
        Client(address, model.name).recommend([[]])
        return {CPU: cpu_seconds(process.pid), **megabytes(process.pid)}


@contextlib.contextmanager
def running(code, model, *flags):
    """A server of some code for the length of a block, and its address."""
    flags += (f"--model_name={model.name}", f"--model_base_path={model.resolve()}")
    process = subprocess.Popen(
        [sys.executable, "-m", "serving.server", "--port=0", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=code,
        env={**os.environ, "PYTHONPATH": str(code)},
    )
    try:
        yield process, LISTENS.match(process.stdout.readline())[1]
    finally:
        process.terminate()
        process.communicate()


def cpu_seconds(pid):
    fields = read(pid, "stat").rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:13]))  # user, system
    return ticks / os.sysconf("SC_CLK_TCK")


def megabytes(pid):
    lines = read(pid, "status").splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) for line in lines if "kB" in line}
    return {NOW: sizes["VmRSS:"] / 2**10, MOST: sizes["VmHWM:"] / 2**10}


def read(pid, name):
    return pathlib.Path("/proc", str(pid), name).read_text(encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
