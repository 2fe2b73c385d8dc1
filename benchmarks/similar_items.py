"""Whether the next item is among those most like the last one, beside other methods.

Each question of the test has one item to go by, the last of its history, and one right
answer, the item that came next. The model must not have learnt from the test:

    python -m training.train training/configs/movielens.toml --set train.refit=train
    python benchmarks/similar_items.py --config training/configs/movielens.toml \
      --model saved_models/movielens
"""

import dataclasses
import pathlib
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

import tfrec
from tfrec.baselines.ease import Ease
from tfrec.baselines.item_knn import ItemKnn
from tfrec.baselines.text_profile import TfidfProfile, VectorProfile
from tfrec.config import load_config
from tfrec.data.interactions import Queries
from tfrec.evaluation.bootstrap import intervals, paired_bootstrap
from tfrec.program import run_program
from tfrec.text.bert import BertEncoder
from tfrec.text.catalogue_cache import encode_in_batches
from tfrec.training.evaluation import test_split
from tfrec.training.log import load_run_data
from tfrec.training.resolving import resolved

K = 10


def main(
    config: Annotated[pathlib.Path, typer.Option(help="Configuration of the model.")],
    model: Annotated[pathlib.Path, typer.Option(help="Folder of a saved model.")],
    override: Annotated[
        list[str] | None, typer.Option("--set", help="As for training.train.")
    ] = None,
    preset: Annotated[str, typer.Option(help="Encoder of the text cosine.")] = "minilm",
):
    """Prints recall@10 of the next item, with the differences to the model."""
    settings = load_config(config, override or ())
    data = load_run_data(settings)
    split = test_split(resolved(settings, data), data.interactions)
    items = data.dataset.items
    last, right, users = questions(split.queries)
    texts = encode_in_batches(BertEncoder.from_preset(preset, 64, 0), items.texts)
    others = [
        ItemKnn(),
        Ease(),
        VectorProfile(texts, name="text cosine"),
        TfidfProfile(name="TF-IDF cosine"),
    ]
    lists = {"tfrec": by_model(model, split.train.item_ids)}
    for each in others:
        lists[each.name] = by_baseline(each.fit(split.train, items), split.train)
    hits = {
        name: (found[last] == right[:, None]).any(axis=1).astype(float)
        for name, found in lists.items()
    }
    title = f"{len(last)} questions, {len(np.unique(users))} users"
    table = Table("", f"recall@{K}", "difference of tfrec", "shown items", title=title)
    for name, found in hits.items():
        ((low, high),) = intervals(found[:, None], users)
        figure = f"{found.mean():.4f} ({low:.4f} to {high:.4f})"
        shown = len(np.unique(lists[name][lists[name] >= 0]))
        gain = difference(hits["tfrec"], found, users)
        table.add_row(name, figure, gain, str(shown))
    Console(width=100).print(table)


def questions(queries):
    """Rows of last items, of next items, and of users, `[n]` each.

    Histories without an event ask nothing.
    """
    log, last = queries.interactions, queries.history_ends - 1
    has_one = last >= log.offsets[queries.user_rows]
    asked = queries.take(np.flatnonzero(has_one))
    if len(asked.target_rows) != len(asked):
        raise typer.BadParameter("The split must have one right item a question.")
    return log.item_rows[last[has_one]], asked.target_rows, asked.user_rows


def difference(ours, theirs, users):
    """The paired difference in words; nothing for the same."""
    if ours is theirs:
        return ""
    found = paired_bootstrap(ours, theirs, users)
    low, high = found.interval
    return f"{found.difference:+.4f} ({low:+.4f} to {high:+.4f}, p {found.p:.3f})"


def by_model(folder, item_ids):
    """`[num_items, K]` rows of what a saved model answers for each item, -1 = none."""
    found = tfrec.load(folder).similar(list(item_ids), k=K)
    rows = pd.Index(item_ids)
    similar = np.full((len(item_ids), K), -1)
    places = rows.get_indexer(found["query"]), found["rank"] - 1
    similar[places] = rows.get_indexer(found["item_id"])
    return similar


def by_baseline(recommender, train):
    """The same of a fitted baseline, asked for people who met one item each."""
    found = recommender.score(of_one_item(train))
    np.fill_diagonal(found, -np.inf)
    return np.argsort(-found, axis=1, kind="stable")[:, :K]


def of_one_item(train):
    """`Queries` of as many people as there are items, each of whom met one."""
    size = train.num_items
    log = dataclasses.replace(
        train,
        user_ids=np.array([f"of {item}" for item in train.item_ids], object),
        user_rows=np.arange(size, dtype=np.int32),
        item_rows=np.arange(size, dtype=np.int32),
        event_rows=np.zeros(size, np.int32),
        values=np.ones(size, np.float32),
        timestamps=np.ones(size, np.int64),
        sequences=np.zeros(size, np.int64),
        labels=np.ones(size, np.int8),
        weights=np.ones(size, np.float32),
        offsets=np.arange(size + 1, dtype=np.int64),
        event_texts=None,
    )
    return Queries(
        log,
        user_rows=log.user_rows,
        history_ends=log.offsets[1:],
        timestamps=np.full(size, 2, np.int64),
        target_offsets=log.offsets,
        target_rows=log.item_rows,
    )


if __name__ == "__main__":
    run_program(main)
