"""Boosts and freshness: what they cost a request.

Claim: with an exact index, three boosts of categories and freshness take at most twice
the CPU time of a request without. Ratios of `recommend_from_interest` over generated
vectors, by CPU time, which other programs of the machine do not change.

    python benchmarks/bench_boosts.py
"""

import time
from typing import Annotated

import numpy as np
import tensorflow as tf
import typer
from index_served import NAME, untrained
from index_vectors import make_vectors, names
from rich.console import Console
from rich.table import Table
from timing import WARM_UP

from tfrec.export.signatures import DEFAULTS, INPUTS, SPECS, SignatureGraphs
from tfrec.inference.inference import Inference, build_indexes
from tfrec.program import run_program
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.retrieval.scann import ScannIndex

DIM = 64
NUM_CATEGORIES = 30  # an item has one to three of them
NOW = 1_700_000_000
MONTH_S = 30 * 86_400
BATCHES = (1, 32)
TUNED_ON = 256  # queries
SMALL, LARGE = 0.05, 10.0  # boosts, where scores of unit vectors are up to 1


def main(
    num_items: Annotated[int, typer.Option(help="Items of the catalogue.")] = 100_000,
    runs: Annotated[int, typer.Option(help="Calls per figure.")] = 200,
):
    """Prints CPU milliseconds of a call, and ratios to one without boosts."""
    rng = np.random.default_rng(0)
    vectors, queries = make_vectors(rng, num_items, DIM)
    hybrid = untrained(vectors, made_items(rng, vectors))
    asked = {
        "none": {},
        "3 boosts": boosts(SMALL),
        "3 boosts, freshness": boosts(SMALL) | freshness(SMALL),
        "3 large boosts": boosts(LARGE),
    }
    title = f"{num_items:,} items, CPU ms of a call (ratio)"
    table = Table("index", "batch", *asked, title=title)
    for index in (BruteForceIndex, ScannIndex):
        indexes = build_indexes(hybrid, index, queries[:TUNED_ON])
        run = SignatureGraphs(Inference(hybrid, indexes, 1.0)).trace(NAME)
        for batch in BATCHES:
            row = [cpu_ms(ask(run, queries[-batch:], e), runs) for e in asked.values()]
            shown = (f"{each:.2f} ({each / row[0]:.2f})" for each in row)
            table.add_row(index.__name__, str(batch), *shown)
    Console(width=120).print(table)


def cpu_ms(call, runs):
    """CPU time of a call, of all threads, the mean of some."""
    for _ in range(WARM_UP):
        call()
    start = time.process_time()
    for _ in range(runs):
        call()
    return 1e3 * (time.process_time() - start) / runs


def made_items(rng, vectors):
    """Categories of a catalogue, and when its items came: half of them lately."""
    categories = [
        "|".join(f"c{n}" for n in rng.choice(NUM_CATEGORIES, rng.integers(1, 4), False))
        for _ in vectors
    ]
    ages = rng.integers(1, 2 * MONTH_S, len(vectors))
    came = np.where(ages < MONTH_S, NOW - ages, 0)
    ids = np.array(names(vectors), object)
    return {"item_id": ids, "category": categories, "available_from": came}


def boosts(size):
    """Two categories come first, a third one later."""
    return {
        "boost_labels": [["", "c0", "c1", "c2"]],
        "boost_values": [[0.0, size, size / 2, -size]],
    }


def freshness(weight):
    """Half of it is gone after two days."""
    return {"freshness_weight": [weight], "freshness_half_life_hours": [48.0]}


def ask(run, queries, how):
    """A call of the signature."""
    given = DEFAULTS | {"now": [NOW]} | how
    options = {
        name: tf.repeat(tf.constant(given[name], SPECS[name].dtype), len(queries), 0)
        for name in INPUTS[NAME]
        if name != "interest"
    }
    vectors = tf.constant(queries)
    return lambda: run(interest=vectors, **options)["item_ids"].numpy()


if __name__ == "__main__":
    run_program(main)
