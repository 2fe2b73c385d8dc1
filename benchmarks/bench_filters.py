"""Limits of attributes: what they cost a request.

Printed are ratios to a request without a limit, for a price and for names that leave
half, a twentieth and a thousandth of the items, of `recommend_from_interest` over
generated vectors.

    python benchmarks/bench_filters.py
"""

from typing import Annotated

import numpy as np
import tensorflow as tf
import typer
from index_served import NAME, untrained
from index_vectors import make_vectors, names
from rich.console import Console
from rich.table import Table
from timing import percentiles

from tfrec.export.signatures import SignatureGraphs, default_of
from tfrec.inference.inference import Inference, build_indexes
from tfrec.program import run_program
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.retrieval.scann import ScannIndex

DIM = 64
SHARES = (0.5, 0.05, 0.001)  # of the items, that a limit leaves
BATCHES = (1, 256)
TUNED_ON = 256  # queries
KINDS = {
    name: {"kind": kind, "use": ["filter"]}
    for name, kind in (("price", "number"), ("brand", "category"))
}


def main(
    num_items: Annotated[int, typer.Option(help="Items of the catalogue.")] = 100_000,
    runs: Annotated[int, typer.Option(help="Calls per figure.")] = 100,
):
    """Prints medians in milliseconds, and ratios to a request without a limit."""
    rng = np.random.default_rng(0)
    vectors, queries = make_vectors(rng, num_items, DIM)
    hybrid = untrained(vectors, made_items(rng, vectors), KINDS)
    asked = limits(rng)
    columns = {}
    for index in (BruteForceIndex, ScannIndex):
        indexes = build_indexes(hybrid, index, queries[:TUNED_ON])
        graphs = SignatureGraphs(Inference(hybrid, indexes, 1.0))
        run, specs = graphs.trace(NAME), graphs.specs(NAME)
        for batch in BATCHES:
            columns[f"{index.__name__}, batch {batch}"] = [
                percentiles(ask(run, specs, queries[-batch:], how), runs)[0]
                for how in asked.values()
            ]
    table = Table("limit", *columns, title=f"{num_items:,} items, p50 ms (ratio)")
    for name, *row in zip(asked, *columns.values(), strict=True):
        first = [column[0] for column in columns.values()]
        pairs = zip(row, first, strict=True)
        table.add_row(name, *(f"{each:.2f} ({each / one:.2f})" for each, one in pairs))
    Console(width=140).print(table)


def limits(rng):
    """Name -> inputs: the same limit for all queries, or one of its own for each."""
    asked = {"none": {}}
    for share in SHARES:
        asked[f"price, {share:.1%}"] = {"filter_price_max": [share]}
    for share in SHARES:
        own = share * rng.uniform(0.9, 1.1, max(BATCHES))
        asked[f"price, {share:.1%}, each its own"] = {"filter_price_max": own}
    for share in SHARES:
        asked[f"brand, {share:.1%}"] = {"filter_brand_any": [["", f"{share:.1%}"]]}
    return asked


def made_items(rng, vectors):
    """Prices from 0 to 1, and brands that are named by their share of the items."""
    ids = np.array(names(vectors), object)
    chances = [*SHARES, 1 - sum(SHARES)]
    brands = rng.choice(
        [*(f"{each:.1%}" for each in SHARES), "other"], len(ids), p=chances
    )
    return {"item_id": ids, "price": rng.random(len(ids)), "brand": brands}


def ask(run, specs, queries, how):
    """A call of the signature."""
    options = {}
    for spec in specs:
        if spec.name != "interest":
            given = tf.constant(how.get(spec.name, default_of(spec)), spec.dtype)
            times = len(queries) if len(given) == 1 else 1
            options[spec.name] = tf.repeat(given, times, 0)[: len(queries)]
    vectors = tf.constant(queries)
    return lambda: run(interest=vectors, **options)["item_ids"].numpy()


if __name__ == "__main__":
    run_program(main)
