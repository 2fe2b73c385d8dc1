"""How often a search finds the item that it was written of, beside BM25 and encoder.

The searches are texts of items that a model has never seen: its catalogue has other
texts of these items. Nothing is known of who asks.

    python -m examples.debian_log runs/debian-log
    python -m training.train training/configs/default.toml --set run.name=debian \
      --set data.folder=runs/debian-log --set export.index=exact
    python benchmarks/search_recall.py --model saved_models/debian \
      --items runs/debian-log/items.parquet --queries runs/debian-log/queries.parquet

The same of a Chinese shop: `python benchmarks/chinese_shop.py --write runs/shop`, and
`--preset multilingual`.
"""

import pathlib
from typing import Annotated

import numpy as np
import pandas as pd
import tensorflow as tf
import typer
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import CountVectorizer

import tfrec
from tfrec.data.schema import Items
from tfrec.evaluation.bootstrap import paired_bootstrap
from tfrec.program import run_program
from tfrec.text.bert import BertEncoder
from tfrec.text.catalogue_cache import encode_in_batches
from tfrec.text.characters import plain, simplified
from tfrec.text.multilingual import MultilingualEncoder

K = 10
BATCH = 256  # searches
K1, B = 1.2, 0.75  # of BM25
WORD = r"[㐀-鿿]|[^\W㐀-鿿]+"  # a Chinese character is one


def main(
    model: Annotated[pathlib.Path, typer.Option(help="Folder of a saved model.")],
    items: Annotated[pathlib.Path, typer.Option(help="The catalogue's parquet file.")],
    queries: Annotated[
        pathlib.Path, typer.Option(help="Parquet file of item_id and text.")
    ],
    most: Annotated[
        int, typer.Option(help="A sample is taken of more searches.")
    ] = 3000,
    preset: Annotated[str, typer.Option(help="The raw encoder.")] = "minilm",
):
    """Prints recall@10 of each, with the difference to the model."""
    asked = pd.read_parquet(queries)
    asked = asked.sample(min(most, len(asked)), random_state=0)
    catalogue = Items(pd.read_parquet(items))
    ids = catalogue.frame["item_id"].to_numpy(object)
    searches, right = asked["text"].to_numpy(object), asked["item_id"].to_numpy(object)
    lists = {
        "tfrec": by_model(model, searches),
        "BM25": ids[by_bm25(catalogue.texts, searches)],
        "encoder": ids[by_encoder(preset, catalogue.texts, searches)],
    }
    hits = {
        name: (found == right[:, None]).any(axis=1) for name, found in lists.items()
    }
    table = Table("", f"recall@{K}", "difference of tfrec (95 %, p)")
    for name, found in hits.items():
        table.add_row(name, f"{found.mean():.4f}", *difference(hits["tfrec"], found))
    Console().print(table)


def difference(ours, theirs):
    """The paired difference in words; nothing for the same."""
    if ours is theirs:
        return [""]
    found = paired_bootstrap(ours.astype(float), theirs.astype(float))
    low, high = found.interval
    return [f"{found.difference:+.4f} ({low:+.4f} to {high:+.4f}, {found.p:.3f})"]


def by_model(folder, searches):
    """`[n, K]` ids that a saved model answers."""
    model = tfrec.load(folder)
    parts = np.array_split(searches, -(-len(searches) // BATCH))
    frames = [model.recommend(query_text=list(part), k=K) for part in parts]
    found = np.full((len(searches), K), "", object)
    starts = np.cumsum([0, *map(len, parts)])
    for start, frame in zip(starts, frames, strict=False):
        found[start + frame["query"], frame["rank"] - 1] = frame["item_id"]
    return found


def by_bm25(texts, searches):
    """`[n, K]` rows by BM25 over whole words."""
    texts, searches = one_form(texts), one_form(searches)
    words = CountVectorizer(token_pattern=WORD)
    counts = words.fit_transform(texts).astype(np.float32)
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log1p((len(texts) - frequency + 0.5) / (frequency + 0.5))
    norm = K1 * (1 - B + B * lengths / lengths.mean())
    rows = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
    counts.data *= idf[counts.indices] * (K1 + 1) / (counts.data + norm[rows])
    asked = words.transform(searches).minimum(1)
    return best(
        lambda start: (asked[start : start + BATCH] @ counts.T).toarray(), searches
    )


def by_encoder(preset, texts, searches):
    """`[n, K]` rows by the cosine of the encoder's vectors."""
    if preset == "multilingual":
        encoder = MultilingualEncoder.from_preset(64, 0)
    else:
        encoder = BertEncoder.from_preset(preset, 64, 0)
    items, asked = (
        vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        for vectors in (encode_in_batches(encoder, each) for each in (texts, searches))
    )
    return best(lambda start: asked[start : start + BATCH] @ items.T, searches)


def one_form(texts):
    """Texts with characters of one form, as encoders read them."""
    found = simplified(plain(tf.constant([*texts], tf.string)))
    return [text.decode() for text in found.numpy()]


def best(scores, searches):
    """`[n, K]` rows of the best, of scores of a batch at a time."""
    return np.concatenate(
        [
            np.argsort(-scores(start), axis=1, kind="stable")[:, :K]
            for start in range(0, len(searches), BATCH)
        ]
    )


if __name__ == "__main__":
    run_program(main)
