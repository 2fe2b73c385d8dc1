"""Throughput and latency of the server, beside the model called in one process.

    python benchmarks/bench_server.py --plot server.png

Claims: requests computed together are 1.5 times as many a second at 32 callers, and at
70 % of the greatest throughput p99 is at most 5 times p50. Also measured: what the
server adds for a single caller, and how much is still answered at 5 times the greatest
throughput (docs/serving_speed.md).

The callers are a process of their own on the same cores; all compared figures are
medians of short runs that take turns. Give `--model` once for each flavour.
"""

import contextlib
import pathlib
import pickle
import statistics
import sys
import tempfile
import threading
import time
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from server_load import measure

# The tests' server process serves here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from tests.serving.listening_process import ListeningProcess
from tests.serving.server_process import serving
from tfrec.client.calls import Titles, recommend
from tfrec.export.servable import Servable

CONCURRENCIES = (1, 8, 32, 128)
EVENTS, REQUESTS, MODEL = 50, 64, "m"
ALONE, TOGETHER = "server, one by one", "server, together"
INSIDE, NO_OP = "in one process", "no-op server"
MODELS = [pathlib.Path("saved_models", n) for n in ("movielens", "movielens-scann")]
LOAD, OVERLOAD = 0.7, 5.0  # of the greatest throughput


class Figure(NamedTuple):
    """What one load came to."""

    per_s: float  # answered
    p50: float  # milliseconds
    p99: float
    busy: float  # of a core, the callers
    refused: dict  # status to how many

    @classmethod
    def of(cls, load):
        p50, p99 = np.percentile(load["latencies_s"], [50, 99]) * 1e3
        codes = dict(load["codes"])
        per_s = codes.pop("OK") / load["seconds"]
        return cls(per_s, p50, p99, load["client_busy"], codes)


def main(
    model: Annotated[
        list[pathlib.Path], typer.Option(help="Folder of versions.")
    ] = MODELS,
    seconds: Annotated[float, typer.Option(help="Of one short run.")] = 1.5,
    rounds: Annotated[int, typer.Option(help="Short runs of each figure.")] = 3,
    plot: Annotated[str, typer.Option(help="File of the figures.")] = "",
):
    """Prints one table a model, and what became of each claim."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for each in model:
            bench = Bench(each, pathlib.Path(folder), seconds, rounds)
            figures[each.name] = bench.run()
    if plot:
        draw(figures, plot)


class Bench:
    """All figures of one model."""

    def __init__(self, model, folder, seconds, rounds):
        self.model, self.seconds, self.rounds = model, seconds, rounds
        self.servable = Servable.load(model)
        self.servable.replay_warm_up()
        asked = make_asks(self.servable)
        self.inputs = [ask.inputs for ask in asked]
        self.requests, self.answer = folder / "requests", folder / "answer"
        requests = [ask.request(MODEL).SerializeToString() for ask in asked]
        self.requests.write_bytes(pickle.dumps(requests))
        self.answer.write_bytes(b"\0" * 800)  # as long as an answer of ten items

    def run(self):
        """Name to figures by concurrency; prints them and the claims."""
        usual = [f"--model_name={MODEL}", f"--model_base_path={self.model.resolve()}"]
        all_in = [*usual, f"--max_waiting_requests={max(CONCURRENCIES)}"]
        with (
            serving(*all_in) as alone,
            serving(*all_in, "--enable_batching") as together,
            serving(*usual, "--enable_batching") as strict,
            no_op(self.answer) as nothing,
        ):
            targets = {ALONE: alone.target, TOGETHER: together.target, NO_OP: nothing}
            found = {name: self._compare(name, targets) for name in CONCURRENCIES}
            figures = {
                name: {callers: found[callers][name] for callers in CONCURRENCIES}
                for name in (INSIDE, *targets)
            }
            most = max(figure.per_s for figure in figures[TOGETHER].values())
            open_loops = {
                share: self._load(strict.target, "--rate", share * most, 8)
                for share in (LOAD, OVERLOAD)
            }
        print_figures(self.model.name, figures)
        print_claims(figures, most, open_loops)
        return figures

    def _compare(self, callers, targets):
        runs = {name: [] for name in (INSIDE, *targets)}
        for _ in range(self.rounds):
            runs[INSIDE].append(self._inside(callers))
            for name, target in targets.items():
                load = self._load(target, "--concurrency", callers, self.seconds)
                runs[name].append(load)
        return {name: middle(figures) for name, figures in runs.items()}

    def _load(self, target, kind, size, seconds):
        flags = (kind, size, "--seconds", seconds)
        return Figure.of(measure(target, self.requests, *flags))

    def _inside(self, callers):
        """The same requests, the signature called by threads of this process."""
        latencies: list[float] = []
        self.servable.run("recommend", self.inputs[0])
        end = time.perf_counter() + self.seconds

        def caller(number):
            while (start := time.perf_counter()) < end:
                self.servable.run("recommend", self.inputs[number % REQUESTS])
                latencies.append(time.perf_counter() - start)
                number += 1

        threads = [threading.Thread(target=caller, args=[n]) for n in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        load = {"seconds": self.seconds, "latencies_s": latencies, "client_busy": 0}
        return Figure.of(load | {"codes": {"OK": len(latencies)}})


def make_asks(servable):
    """One user each, with histories of random items."""
    items = servable.artefact.folder / "assets.extra" / "items.parquet"
    ids = pd.read_parquet(items)["item_id"].to_numpy(object)
    rng, asked = np.random.default_rng(0), []
    for _ in range(REQUESTS):
        chosen = rng.choice(ids, EVENTS, replace=False)
        history = [(each, "", 1, 10**9 + 60 * n) for n, each in enumerate(chosen)]
        asked.append(recommend([{"history": history}], Titles()))
    return asked


@contextlib.contextmanager
def no_op(answer):
    """Address of a server that does nothing, for the length of a block."""
    line = r"Running no-op server at (\S+)"
    server = ListeningProcess("benchmarks.noop_server", line, answer)
    yield server.address
    server.stop()


def middle(figures):
    """The median of each number."""
    numbers = zip(*(figure[:4] for figure in figures), strict=True)
    return Figure(*map(statistics.median, numbers), figures[0].refused)


def print_figures(name, figures):
    table = Table("callers", "", "requests/s", "p50 ms", "p99 ms", "callers' CPU")
    for callers in CONCURRENCIES:
        for kind, row in figures.items():
            per_s, p50, p99, busy, _ = row[callers]
            cells = (f"{per_s:.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{busy:.0%}")
            table.add_row(str(callers), kind, *cells)
    Console().print(name, table)


def print_claims(figures, most, open_loops):
    alone, together = figures[ALONE], figures[TOGETHER]
    inside, loaded, over = figures[INSIDE][1].p50, *open_loops.values()
    gain = together[32].per_s / alone[32].per_s
    added = [figures[name][1].p50 - inside for name in (ALONE, TOGETHER)]
    lines = [
        f"32 callers, together / one by one: {gain:.2f} (1.5)",
        f"1 caller, added to the call: {added[0]:.2f} ms one by one, "
        f"{added[1]:.2f} ms together (1)",
        f"{LOAD:.0%} of {most:.0f} requests/s: p50 {loaded.p50:.1f} ms, p99 "
        f"{loaded.p99:.1f} ms, {loaded.p99 / loaded.p50:.1f} times (5)",
        f"{OVERLOAD:.0f} times as much: {over.per_s:.0f} requests/s, "
        f"{over.per_s / most:.0%} (80 %), p50 {over.p50:.0f} ms, others "
        f"{over.refused}, callers' CPU {over.busy:.0%}",
    ]
    Console().print("\n".join(lines), highlight=False)


def draw(figures, path):
    """Throughput and latency by callers, a column for each model."""
    import matplotlib.pyplot as plt

    shape = {"nrows": 2, "ncols": len(figures), "figsize": (5 * len(figures), 7)}
    figure, axes = plt.subplots(**shape, squeeze=False, layout="constrained")
    for column, (model, kinds) in zip(axes.T, figures.items(), strict=True):
        for color, (kind, row) in enumerate(kinds.items()):
            style = {"color": f"C{color}", "marker": "o"}
            values = {n: [row[c][n] for c in CONCURRENCIES] for n in range(3)}
            column[0].plot(CONCURRENCIES, values[0], label=kind, **style)
            column[1].plot(CONCURRENCIES, values[1], label=f"{kind}, p50", **style)
            column[1].plot(CONCURRENCIES, values[2], "--", **style)
        column[0].set(title=model, ylabel="requests/s", xscale="log", yscale="log")
        column[1].set(ylabel="ms; dashed: p99", xscale="log", yscale="log")
        for axis in column:
            axis.set_xticks(CONCURRENCIES, [str(c) for c in CONCURRENCIES])
            axis.set_xlabel("callers")
        column[0].legend(fontsize="small")
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    typer.run(main)
