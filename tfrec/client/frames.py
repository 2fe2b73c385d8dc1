"""Answers of a model as pandas frames."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfrec.client.answers import SimilarItem
from tfrec.optional import import_optional

if TYPE_CHECKING:
    import pandas as pd


def recommendations(
    answer: dict[str, np.ndarray], titles: Mapping[str, str]
) -> "pd.DataFrame":
    """The frame of `Predictor.recommend`, of what the signature answers."""
    rows, ranks = np.nonzero(answer["item_ids"] != b"")
    ids = [each.decode() for each in answer["item_ids"][rows, ranks]]
    columns = {
        "query": rows,
        "rank": ranks + 1,
        "item_id": ids,
        "title": [titles.get(each, "") for each in ids],
        "score": answer["scores"][rows, ranks],
        "probability": answer["probabilities"][rows, ranks],
    }
    return imported_pandas().DataFrame(columns)


def similar_frame(
    rows: Sequence[tuple[str, list[SimilarItem]]], titles: Mapping[str, str]
) -> "pd.DataFrame":
    """The frame of `Predictor.similar`, of the asked items with what is like each."""
    columns = ["query", "rank", "item_id", "title", "score"]
    flat = [
        (asked, rank, item.item_id, titles.get(item.item_id, ""), item.score)
        for asked, items in rows
        for rank, item in enumerate(items, start=1)
    ]
    frame = imported_pandas().DataFrame(flat, columns=columns)
    return frame.astype({"rank": "int64", "score": "float32"})


def imported_pandas() -> Any:
    """The module; raises a MissingPackageError where it is not installed."""
    return import_optional("pandas", "answers as frames", "Install pandas.")
