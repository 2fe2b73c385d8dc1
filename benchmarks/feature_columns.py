"""Feature columns on a generated log in which they alone decide.

    python benchmarks/feature_columns.py

What people choose depends on the device of the request and on the price of an item, and
on nothing else. The recipe is trained with and without these two columns; beside it
stands the law by which the choices were drawn, which nobody beats on average.
"""

import pathlib
import tempfile
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from tfrec.config import from_dict
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.evaluation.evaluate import evaluate
from tfrec.program import run_program
from tfrec.recommender import Recommender
from tfrec.training.evaluation import test_split
from tfrec.training.resolving import resolved
from tfrec.training.run import try_out
from tfrec.training.trainer import make_recipe, set_up

NUM_ITEMS, NUM_USERS, NUM_EVENTS = 400, 2000, 30  # events of a user
USUAL_PRICES = {"phone": 12.0, "tablet": 27.0, "desktop": 60.0}
SPREAD = 0.35  # of the logarithm of a price around the usual one
START = 1_700_000_000
FEATURES = {"items": {"price": "number"}, "context": {"device": "category"}}


def generated_log(seed):
    """`(events, items)`, frames of a log that the law made."""
    rng = np.random.default_rng(seed)
    prices = np.exp(rng.uniform(np.log(5), np.log(150), NUM_ITEMS))
    rows = []
    for user in range(NUM_USERS):
        times = np.sort(rng.integers(0, 90 * 86_400, NUM_EVENTS))
        left = np.ones(NUM_ITEMS, bool)
        for time, device in zip(
            times, rng.choice([*USUAL_PRICES], NUM_EVENTS), strict=True
        ):
            chances = law(prices, device) * left
            item = rng.choice(NUM_ITEMS, p=chances / chances.sum())
            left[item] = False
            rows.append((f"u{user}", f"i{item}", START + time, device))
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp", "device"])
    names = [f"i{item}" for item in range(NUM_ITEMS)]
    return events, pd.DataFrame({"item_id": names, "price": prices})


def law(prices, device):
    """`[num_items]`: how likely each item is chosen, but for a factor."""
    away = np.log(prices) - np.log(USUAL_PRICES[device])
    return np.exp(-((away / SPREAD) ** 2) / 2)


class Law:
    """Ranks by the law itself."""

    name = "law"

    def __init__(self, features):
        self._prices = features.items.values(0)
        self._devices = features.context.cells[0]

    def score(self, queries):
        """`[num_queries, num_items]` float32 scores."""
        devices = self._devices[queries.context_rows[:, 0]]
        return np.array([law(self._prices, each) for each in devices], np.float32)


def judge(features, seed, num_epochs):
    """`(Evaluation of the recipe, that of the law or None)`."""
    train = {"max_epochs": num_epochs, "seed": seed}
    model = {"text_encoder": "none"}
    evaluation = {"baselines": False}
    config = from_dict(
        {
            "features": features,
            "model": model,
            "train": train,
            "evaluation": evaluation,
        }
    )
    recommender = Recommender(config)
    events, items = generated_log(seed)
    data = recommender._prepared(recommender._read(events, items, None))
    config = resolved(config, data)
    set_up(config)
    with tempfile.TemporaryDirectory() as folder:
        recipe = make_recipe(config, data, pathlib.Path(folder), report=None)
        trial, _ = try_out(recipe, data)
    found = trial.judged.evaluations[0]
    if not features:
        return found, None
    split = test_split(config, data.interactions)
    return found, evaluate(Law(data.interactions.features), split)


def main(
    seed: Annotated[int, typer.Option(help="Of the log and of the training.")] = 0,
    epochs: Annotated[int, typer.Option(help="At most.")] = 6,
):
    """Prints NDCG@10 of the recipe with and without the columns, and of the law."""
    without, _ = judge({}, seed, epochs)
    found, best = judge(FEATURES, seed, epochs)
    for name, each in {"law": best, "with": found, "without": without}.items():
        share = each.means["ndcg@10"] / best.means["ndcg@10"]
        print(f"{name}: NDCG@10 {each.means['ndcg@10']:.4f}, {share:.0%} of the law")
    gain = paired_bootstrap(
        found.per_query["ndcg@10"], without.per_query["ndcg@10"], found.user_rows
    )
    low, high = gain.interval
    print(f"gain {gain.difference:+.4f} ({low:+.4f} to {high:+.4f}), p {gain.p:.3f}")


if __name__ == "__main__":
    run_program(main)
