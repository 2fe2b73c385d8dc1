"""Time of `recommend` in one process, for users with 50 events, beside its floor.

The floor is what no answer does without: the inner products with all candidates, which
are as wide as the model's, and a top-k. A text adds one run of the text tower where the
model has not encoded it before.

    python benchmarks/bench_recommend.py --model saved_models/movielens --batch 256
"""

import itertools
import json
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
from tfrec.export.calls import Call
from tfrec.export.version_folders import version_folder
from tfrec.export.warmup import fill_defaults
from tfrec.program import run_program

EVENTS = 50


def main(
    model: Annotated[
        pathlib.Path, typer.Option(help="Folder of a saved model; `make demo`'s.")
    ] = pathlib.Path("saved_models/movielens"),
    batch: Annotated[int, typer.Option(help="Users of a call.")] = 1,
    runs: Annotated[int, typer.Option(help="Calls per figure.")] = 300,
):
    """Prints p50 and p99 of `recommend` with and without texts of events."""
    tensorflow_text()
    folder = version_folder(model)
    loaded = tf.saved_model.load(str(folder))
    recommend = Call(loaded.signatures["recommend"])
    items = pd.read_parquet(folder / "assets.extra" / "items.parquet")
    manifest = json.loads((folder / "assets.extra" / "manifest.json").read_text())
    rng = np.random.default_rng(0)
    ids = np.array([rng.permutation(items["item_id"])[:EVENTS] for _ in range(batch)])
    times = np.arange(EVENTS)[None].repeat(batch, 0) * 60 + 1_000_000_000
    history = {"history_item_ids": ids.astype(object), "history_timestamps": times}
    calls = {
        "floor: matmul and top-k": _floor(len(items), manifest["embedding_dim"], batch),
        "50 events": _call(recommend, folder, history),
    }
    for number in (1, 5):
        calls[f"and texts that are known: {number}"] = _call(
            recommend, folder, history, number
        )
        calls[f"and texts that are new: {number}"] = _call(
            recommend, folder, history, number, itertools.count()
        )
    table = Table("request", "p50 ms", "p99 ms", "times the floor")
    floor = None
    for name, call in calls.items():
        p50, p99 = percentiles(call, runs)
        floor = floor or p50
        table.add_row(name, f"{p50:.2f}", f"{p99:.2f}", f"{p50 / floor:.1f}")
    Console().print(table)


def _call(recommend, folder, history, num_texts=0, numbers=None):
    """A call whose latest events have texts: other ones each time, with numbers."""
    batch = len(history["history_item_ids"])
    user_text = np.full(batch, "", object)
    inputs = {"user_text": user_text, **history}
    ((_, filled),) = fill_defaults(folder, [("recommend", inputs)])
    tensors = {name: tf.constant(value) for name, value in filled.items()}

    def call():
        number = next(numbers) if numbers else ""
        texts = np.full((batch, EVENTS), "", object)
        for place in range(num_texts):
            texts[:, -1 - place] = f"a quiet film of the sea, {place} {number}"
        recommend(**{**tensors, "history_texts": tf.constant(texts)})

    return call


def _floor(num_items, dim, batch):
    rng = np.random.default_rng(0)
    items = tf.constant(rng.normal(size=(num_items, dim)), tf.float32)
    query = tf.constant(rng.normal(size=(batch, dim)), tf.float32)

    @tf.function
    def search(query):
        return tf.math.top_k(tf.matmul(query, items, transpose_b=True), 10)

    return lambda: search(query)


if __name__ == "__main__":
    run_program(main)
