"""New items: what they cost a request, and how soon one is recommended.

Claims: 10,000 new items at most double the latency of a request; an item put into the
log, raw text in, is recommended within 100 ms at p99. Both in one process, through the
code of the server, but without its network.

    python benchmarks/bench_fresh.py --model saved_models/movielens
"""

import pathlib
import shutil
import tempfile
import time
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table
from timing import percentiles

from serving.model_server.new_items import load_live
from tfrec.data.item_changes import ItemChange
from tfrec.export.item_log import ItemLog
from tfrec.export.version_folders import version_folder
from tfrec.program import run_program

SIZES = (0, 1_000, 10_000)  # new items
BATCHES = (1, 32)
EVENTS = 50


def main(
    model: Annotated[
        pathlib.Path, typer.Option(help="Folder of a saved model; `make demo`'s.")
    ] = pathlib.Path("saved_models/movielens"),
    runs: Annotated[int, typer.Option(help="Calls per figure.")] = 200,
):
    """Prints latencies by number of new items, and how long one takes to arrive."""
    version = version_folder(model)
    items = pd.read_parquet(version / "assets.extra" / "items.parquet")
    with tempfile.TemporaryDirectory() as name:
        copy = shutil.copytree(version, pathlib.Path(name, model.name, "1"))
        log = ItemLog.of(copy.parent)
        table = Table("new items", *(f"p50 ms, batch {n}" for n in BATCHES), "ratios")
        base = None
        for size in SIZES:
            log.append(new_items(items, size, "many"))
            servable = load_live(copy)
            medians = [percentiles(ask(servable, items, n), runs)[0] for n in BATCHES]
            base = base or medians
            ratios = ", ".join(
                f"{m / b:.2f}" for m, b in zip(medians, base, strict=True)
            )
            table.add_row(f"{size:,}", *(f"{each:.2f}" for each in medians), ratios)
        Console().print(table)
        log.path.unlink()
        arrivals = time_arrivals(load_live(copy), log, items, runs)
    p50, p99 = np.percentile(arrivals, [50, 99])
    print(
        f"From the log to the first recommendation: p50 {p50:.1f} ms, p99 {p99:.1f} ms."
    )


def new_items(items, count, category):
    """Some items with the texts of the catalogue, under ids of their own."""
    titles = np.resize(items["title"].to_numpy(object), count)
    return [
        ItemChange(item_id=f"{category} {n}", title=f"{title} {n}", category=category)
        for n, title in enumerate(titles)
    ]


def ask(servable, items, batch):
    """A call of `recommend` for users with many events."""
    ids = items["item_id"].to_numpy(object)
    rng = np.random.default_rng(0)
    histories = [rng.choice(ids, EVENTS, replace=False) for _ in range(batch)]
    times = np.tile(np.arange(EVENTS) * 60 + 1_000_000_000, (batch, 1))
    inputs = {
        "user_text": np.full(batch, "", object),
        "history_item_ids": np.array(histories, object),
        "history_timestamps": times,
    }
    return lambda: servable.run("recommend", inputs)


def time_arrivals(servable, log, items, runs):
    """Milliseconds from the call that logs an item to the answer that holds it."""
    waits = []
    for number, change in enumerate(new_items(items, runs, "one")):
        own = ItemChange(
            item_id=change.item_id, title=change.title, category=f"c{number}"
        )
        wish = {
            "user_text": np.array([""], object),
            "categories": np.array([[own.category]], object),
        }
        start = time.perf_counter()
        log.append([own])
        while not servable.run("recommend", wish)["item_ids"][0, 0]:
            pass
        waits.append(1e3 * (time.perf_counter() - start))
    return waits[runs // 20 :]  # the first ones trace


if __name__ == "__main__":
    run_program(main)
