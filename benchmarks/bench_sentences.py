"""CPU time of a request in a sentence, beside the model, over a catalogue of a size.

    python benchmarks/bench_sentences.py --items 100000

Titles are drawn from a list of words, so many are alike and near misses are hard.
Prints the CPU milliseconds of parsing, of finding the allowed items and of choosing
among a model's best, and the seconds that a new table takes.
"""

import functools
import pathlib
import tempfile
import time
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from sentence_slots import LANGUAGES, TODAY, read_sentences

from serving.gateway.asked_catalogue import AskedCatalogue
from serving.gateway.titles import ItemTitles
from tfrec.client.answers import Recommendation

WORDS = (
    "alpha beta dark light house river night stone green love war king queen star moon "
    "sea fire ice sky road ghost gold 大海 黑夜 王 石头 玩具 星球 河流 故事"
)
CATEGORIES = (
    "Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy "
    "Horror Musical Mystery Romance Sci-Fi Thriller War Western Jackets Shoes "
    "Headphones Kitchen Toys Books Bags Lamps Coffee Garden Laptops Watches"
)
K = 10


def write_items(path, num_items):
    """A table of items with titles, years, prices, ratings and minutes."""
    rng = np.random.default_rng(0)
    words, categories = WORDS.split(), CATEGORIES.split()
    years = rng.integers(1930, 2027, num_items)
    titles = [
        f"{' '.join(rng.choice(words, rng.integers(1, 5)))} {row} ({year})"
        for row, year in enumerate(years)
    ]
    columns = {
        "item_id": [str(row) for row in range(num_items)],
        "title": titles,
        "category": ["|".join(rng.choice(categories, 2)) for _ in range(num_items)],
        "about": [" ".join(rng.choice(words, 8)) for _ in range(num_items)],
        "num_events": rng.integers(0, 1000, num_items),
        "price": rng.gamma(2, 50, num_items).round(2),
        "rating": rng.uniform(1, 5, num_items).round(1),
        "duration": rng.integers(60, 200, num_items),
    }
    pd.DataFrame(columns).to_parquet(path)


class Best:
    """Answers as a model that likes the items in the order of their ids."""

    def __init__(self, num_items):
        self._all = [Recommendation(str(i), -i, 0.5, "") for i in range(num_items)]

    def __call__(self, k):
        """The best `k`."""
        return self._all[:k]


def cpu_ms(call, times=3):
    """What a call gives, and the least CPU milliseconds of some calls."""
    least = float("inf")
    for _ in range(times):
        started = time.process_time()
        given = call()
        least = min(least, 1e3 * (time.process_time() - started))
    return given, least


def main(
    items: Annotated[int, typer.Option(help="Items of the catalogue.")] = 100_000,
):
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "items.parquet")
        write_items(path, items)
        catalogue = ItemTitles(path)
    asked = AskedCatalogue(catalogue)
    view, read_ms = cpu_ms(asked.view, times=1)
    print(f"{items} items: a new table takes {read_ms / 1e3:.1f} s")
    best, figures = Best(items), {"parse": [], "limits": [], "choose": []}
    for sentence in (each for name in LANGUAGES for each in read_sentences(name)):
        text = (f"{sentence['text']}, " * 200)[:200]
        request, ms = cpu_ms(functools.partial(view.parser.parse, text, TODAY))
        figures["parse"].append(ms)
        chosen, ms = cpu_ms(functools.partial(view.selection, request, K))
        figures["limits"].append(ms)
        _, ms = cpu_ms(functools.partial(chosen.best, best, K))
        figures["choose"].append(ms)
    for name, times in figures.items():
        percentiles = np.percentile(times, [50, 90, 99])
        shown = ", ".join(
            f"p{p} {ms:.1f}" for p, ms in zip((50, 90, 99), percentiles, strict=True)
        )
        print(f"{name}: CPU ms {shown}")


if __name__ == "__main__":
    typer.run(main)
