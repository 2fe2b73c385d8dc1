"""The tables that are written beside a log: words of its items and of its texts."""

import pathlib
from collections.abc import Sequence

import pandas as pd

from tfrec.data.item_words import ITEM_WORDS, TEXT_WORDS, text_hash
from tfrec.files import replacing


def item_table(items: pd.DataFrame, texts: Sequence[str], described: pd.DataFrame):
    """A row of words for each item.

    Keywords that are among the item's categories are left out: they say nothing more.

    Args:
        items: frame with `item_id` and `category`.
        texts: of the items.
        described: frame with `text_hash`, `language`, `keywords`, `sentiment` and
            `topic`.

    Returns:
        Frame of `described` with `item_id` in front; an item without a text has none.
    """
    hashes = [text_hash(text) for text in texts]
    rows = described.set_index("text_hash").reindex(hashes).reset_index()
    text_columns = ["language", "keywords", "topic"]
    rows[text_columns] = rows[text_columns].fillna("")
    pairs = zip(rows["keywords"], items["category"], strict=True)
    rows["keywords"] = ["|".join(_others(*pair)) for pair in pairs]
    rows.insert(0, "item_id", items["item_id"].to_numpy())
    return rows


def _others(keywords, category):
    known = {name.strip().lower() for name in category.split("|")}
    return [word for word in keywords.split("|") if word and word not in known]


def write_tables(folder: pathlib.Path, items: pd.DataFrame, texts: pd.DataFrame):
    """Writes both tables, each whole or not at all.

    Args:
        folder: of the log.
        items: as `item_table` gives it; of no rows where there is no catalogue.
        texts: words of the events' texts; of no rows where they have none.
    """
    for name, frame in ((ITEM_WORDS, items), (TEXT_WORDS, texts)):
        if len(frame):
            with replacing(folder / name) as aside:
                frame.to_parquet(aside, index=False)
        else:
            (folder / name).unlink(missing_ok=True)
