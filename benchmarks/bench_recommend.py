"""Latency of `recommend` in one process, for one user with 50 events.

Claim: without a profile text p50 is at most 2 ms; the text costs one run of the text
tower. Compared with the floor: the same number of inner products and a top-k.

    python benchmarks/bench_recommend.py --model saved_models/movielens
"""

import pathlib
from typing import Annotated

import numpy as np
import pandas as pd
import tensorflow as tf
import typer
from rich.console import Console
from rich.table import Table
from timing import percentiles

from tfrec.compat import tensorflow_text
from tfrec.export.version_folders import version_folder
from tfrec.export.warmup import fill_defaults
from tfrec.program import run_program

EVENTS = 50


def main(
    model: Annotated[
        pathlib.Path, typer.Option(help="Folder of a saved model; `make demo`'s.")
    ] = pathlib.Path("saved_models/movielens"),
    runs: Annotated[int, typer.Option(help="Calls per figure.")] = 500,
):
    """Prints p50 and p99 of `recommend` with and without texts, and the floor."""
    tensorflow_text()
    folder = version_folder(model)
    recommend = tf.saved_model.load(str(folder)).signatures["recommend"]
    items = pd.read_parquet(folder / "assets.extra" / "items.parquet")
    ids = np.random.default_rng(0).choice(items["item_id"], EVENTS, replace=False)
    history = {
        "history_item_ids": ids[None].astype(object),
        "history_timestamps": np.arange(EVENTS)[None] * 60 + 1_000_000_000,
    }
    calls = {
        "floor: matmul and top-k": _floor(len(items)),
        "50 events": _call(recommend, folder, "", "", history),
        "50 events, profile text": _call(recommend, folder, "A nurse.", "", history),
        "50 events, free text": _call(recommend, folder, "", "a quiet film", history),
    }
    table = Table("request", "p50 ms", "p99 ms", "times the floor")
    floor = None
    for name, call in calls.items():
        p50, p99 = percentiles(call, runs)
        floor = floor or p50
        table.add_row(name, f"{p50:.2f}", f"{p99:.2f}", f"{p50 / floor:.1f}")
    Console().print(table)


def _call(recommend, folder, user_text, query_text, history):
    inputs = {
        "user_text": np.array([user_text], object),
        "query_text": np.array([query_text], object),
        **history,
    }
    ((_, filled),) = fill_defaults(folder, [("recommend", inputs)])
    tensors = {name: tf.constant(value) for name, value in filled.items()}
    return lambda: recommend(**tensors)


def _floor(num_items, dim=257):
    rng = np.random.default_rng(0)
    items = tf.constant(rng.normal(size=(num_items, dim)), tf.float32)
    query = tf.constant(rng.normal(size=(1, dim)), tf.float32)

    @tf.function
    def search(query):
        return tf.math.top_k(tf.matmul(query, items, transpose_b=True), 10)

    return lambda: search(query)


if __name__ == "__main__":
    run_program(main)
