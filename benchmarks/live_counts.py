"""What live counts of events are worth on the rolling test of a log, and their cost.

The model learns from the log before the cut. Each question of the test then has the
counts of its moment: all people's events since the cut, strictly before it.

    python benchmarks/live_counts.py --config training/configs/movielens.toml
    python benchmarks/live_counts.py --news
"""

import dataclasses
import functools
import pathlib
import tempfile
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from timing import percentiles

from tests.news_log import DAY_S, news_events, news_stories
from tests.toy_log import START
from tfrec.config import load_config
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.evaluation.evaluate import evaluate
from tfrec.export.calls import Call
from tfrec.export.signatures import DEFAULTS, INPUTS, SPECS, SignatureGraphs
from tfrec.hybrid.live_weights import LiveMoves
from tfrec.hybrid.offline_scores import HybridRecommender
from tfrec.inference.inference import exact_inference
from tfrec.program import run_program
from tfrec.training.evaluation import test_split
from tfrec.training.log import load_run_data, prepare
from tfrec.training.resolving import resolved
from tfrec.training.trainer import make_recipe, set_up

NUM_POPULAR = 200  # items with counts in a request
RUNS, ROUNDS = 100, 9


class LiveRecommender(HybridRecommender):
    """A model whose scores follow the counts of each question's moment."""

    def __init__(self, hybrid, moves):
        super().__init__(hybrid, name="with live counts")
        self.moves = moves

    def score(self, queries):
        """`[num_queries, num_items]` float32 scores."""
        moved, rises = self.moves.of(queries.timestamps)
        of_level, of_rise = self.hybrid.weights.live
        return super().score(queries) + of_level * moved + of_rise * rises


def main(
    config: Annotated[
        pathlib.Path | None, typer.Option(help="Configuration of the model.")
    ] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="As for training.train.")
    ] = None,
    news: Annotated[bool, typer.Option(help="Learn a generated log of news.")] = False,
):
    """Prints NDCG@10 with and without live counts, and the cost of a request."""
    settings = load_config(config, override or ())
    data = news_data(settings) if news else load_run_data(settings)
    settings = resolved(settings, data)
    set_up(settings)
    split = test_split(settings, data.interactions)
    with tempfile.TemporaryDirectory() as folder:
        recipe = make_recipe(settings, data, pathlib.Path(folder, "run"), report=None)
        choice = recipe.choose(split.train)
        model = recipe.learn(split.train, choice, "test")
    print("Weights of level and rise:", *np.round(model.weights.live, 3))
    if any(model.weights.live):
        compare(model, split, settings)
    else:
        model.weights = dataclasses.replace(model.weights, live=(1.0, 1.0))
        model.fit_popularity(split.train)
    print_cost(exact_inference(model.hybrid_scorer()))


def news_data(settings):
    """`RunData` of the generated log."""
    nobody = Users(pd.DataFrame({"user_id": []}))
    tables = (Events(news_events(START + 20 * DAY_S)), Items(news_stories()), nobody)
    return prepare(Dataset("news", *tables), settings)


def compare(model, split, settings):
    """Prints the paired difference on the test."""
    hybrid, log = model.hybrid_scorer(), split.queries.interactions
    moves = LiveMoves(hybrid.live, log, split.held_out)
    how = {"allow_repeats": settings.data.allow_repeats}
    found = [
        evaluate(each, split, **how)
        for each in (HybridRecommender(hybrid), LiveRecommender(hybrid, moves))
    ]
    for each in found:
        low, high = each.intervals["ndcg@10"]
        value = each.means["ndcg@10"]
        print(f"{each.name}: NDCG@10 {value:.4f} ({low:.4f}-{high:.4f})")
    plain, live = (each.per_query["ndcg@10"] for each in found)
    gain = paired_bootstrap(live, plain, found[0].user_rows)
    low, high = gain.interval
    print(
        f"difference {gain.difference:+.4f} ({low:+.4f} to {high:+.4f}), p {gain.p:.3f}"
    )
    print(f"{found[0].num_queries} questions")


def print_cost(inference):
    """Prints the time of a request with counts of many items beside one without."""
    call = Call(SignatureGraphs(inference).trace("recommend"))
    ids = inference.catalogue.item_ids
    some = np.resize(ids, NUM_POPULAR).astype(object)[None]
    counts = np.full(some.shape, 9.0, np.float32)
    own = {"user_text": [""], "history_item_ids": [[*ids[:20]]]}
    own |= {"history_timestamps": [[START + n for n in range(20)]], "now": [START + 99]}
    named = {"popular_item_ids": some, "popular_counts": counts}
    calls = []
    for given in (own, own | named):
        inputs = DEFAULTS | given
        arrays = {
            each: np.asarray(inputs[each], SPECS[each].dtype.as_numpy_dtype)
            for each in INPUTS["recommend"]
        }
        width = arrays["history_item_ids"].shape
        for each, array in arrays.items():
            if each.startswith("history"):
                arrays[each] = np.broadcast_to(array, width).copy()
        calls.append(functools.partial(call, **arrays))
    # In turns, for other programs may run.
    found = [[percentiles(each, RUNS)[0] for each in calls] for _ in range(ROUNDS)]
    plain, live = np.median(found, axis=0)
    print(f"a request: {plain:.2f} ms, with {NUM_POPULAR} counts {live:.2f} ms, p50")
    print(f"ratio {live / plain:.2f}; {len(ids)} items, exact index, batch 1")


if __name__ == "__main__":
    run_program(main)
