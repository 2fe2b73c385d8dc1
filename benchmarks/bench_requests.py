"""CPU time that the batching server takes for a request at 32 callers.

    python benchmarks/bench_requests.py
    python benchmarks/bench_requests.py --before ../another/checkout

The whole process is counted, the model included; requests are those of bench_server.py.
With `--before`, the server of another checkout of this repository takes turns with this
one's. Only such a comparison says much: on a busy machine everything takes longer.
"""

import contextlib
import pathlib
import pickle
import statistics
import tempfile
from typing import Annotated

import typer
from bench_server import make_asks
from bench_start import DEMO, Before, Model, compared, cpu_seconds, running
from rich.console import Console
from rich.table import Table
from server_load import WARM_UP_S, measure

from tfrec.export.servable import Servable

CALLERS, SECONDS = 32, 4


def main(
    model: Model = DEMO,
    before: Before = "",
    rounds: Annotated[int, typer.Option(help="Short runs of each server.")] = 5,
):
    """Prints the median of each checkout, and their spread."""
    checkouts = compared(before)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as servers:
        requests = pathlib.Path(folder, "requests")
        asked = [ask.request(model.name) for ask in make_asks(Servable.load(model))]
        requests.write_bytes(pickle.dumps([r.SerializeToString() for r in asked]))
        started = [
            servers.enter_context(running(code, model, "--enable_batching"))
            for code in checkouts
        ]
        runs = [[cost(*each, requests) for each in started] for _ in range(rounds)]
    table = Table("checkout", "CPU-ms a request", "from", "to")
    for code, found in zip(checkouts, zip(*runs, strict=True), strict=True):
        figures = (statistics.median(found), min(found), max(found))
        table.add_row(str(code), *(f"{figure:.2f}" for figure in figures))
    Console().print(table)


def cost(process, address, requests):
    """CPU-milliseconds of the server's process, for each request."""
    used = cpu_seconds(process.pid)
    flags = ("--concurrency", CALLERS, "--seconds", SECONDS)
    load = measure(address, requests, *flags)
    used = cpu_seconds(process.pid) - used
    per_s = sum(load["codes"].values()) / load["seconds"]
    return 1e3 * used / (per_s * (load["seconds"] + WARM_UP_S))


if __name__ == "__main__":
    typer.run(main)
