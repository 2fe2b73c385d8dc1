"""Queries as the inputs of a model's signatures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfrec.client.histories import Query


def query_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """The inputs that make an embedding, `[batch]` or `[batch, 1 + longest]`."""
    histories = [query.history for query in queries]
    texts = pad([h.texts if h.texts.any() else () for h in histories])
    return _if_used("history_texts", texts) | {
        "user_text": np.array([q.user_text for q in queries], object),
        "query_text": np.array([q.query_text for q in queries], object),
        "history_item_ids": pad([h.item_ids for h in histories]),
        "history_events": pad([h.events for h in histories]),
        "history_values": pad([h.values for h in histories], 0, "float32"),
        "history_timestamps": pad([h.timestamps for h in histories], 0, "int64"),
        "now": np.array([q.now for q in queries], "int64"),
    }


def filter_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """The inputs that choose among items, but for `allow_repeats`."""
    inputs = {
        "k": np.array([q.k for q in queries], "int32"),
        "exclude_item_ids": pad([q.exclude for q in queries]),
        "categories": pad([q.categories for q in queries]),
        "min_probability": np.array([q.min_probability for q in queries], "float32"),
    }
    diversity = np.array([q.diversity for q in queries], "float32")
    inputs |= _if_used("domain", pad([q.domain for q in queries]))
    inputs |= _if_used("met_item_ids", pad([q.met for q in queries]))
    return inputs | _if_used("diversity", diversity) | _boost_inputs(queries)


def _boost_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    inputs = _if_used("boost_labels", pad([[*q.boosts] for q in queries]))
    if inputs:
        values = [[*q.boosts.values()] for q in queries]
        inputs["boost_values"] = pad(values, 0, "float32")
    weights, half_lives = (
        np.array([q.freshness[part] for q in queries], "float32") for part in (0, 1)
    )
    if freshness := _if_used("freshness_weight", weights):
        inputs |= freshness | {"freshness_half_life_hours": half_lives}
    return inputs


def popular_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """The inputs of live counts, if there are any."""
    popular = [query.popular for query in queries]
    if not any(len(each.item_ids) for each in popular):
        return {}
    return {
        "popular_item_ids": pad([each.item_ids for each in popular]),
        "popular_counts": pad([each.counts for each in popular], 0, "float32"),
        "popular_recent_counts": pad([each.recent for each in popular], 0, "float32"),
        "popular_total": np.array([each.total for each in popular], "float32"),
    }


def recommend_inputs(queries: Sequence[Query]) -> dict[str, np.ndarray]:
    """All inputs of `recommend`, each at full batch length."""
    allow_repeats = np.array([q.allow_repeats for q in queries], bool)
    return {
        **query_inputs(queries),
        **filter_inputs(queries),
        **popular_inputs(queries),
        "allow_repeats": allow_repeats,
    }


def _if_used(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
    """An input that models have not always had, if it says something."""
    return {name: array} if array.any() else {}


def pad(
    rows: Sequence[Any], fill: str | int = "", dtype: npt.DTypeLike = object
) -> np.ndarray:
    """Rows of unlike length as one array, a column of padding first.

    Example:
        >>> pad([["a", "b"], ["c"]]).tolist()
        [['', 'a', 'b'], ['', 'c', '']]
    """
    padded = np.full((len(rows), 1 + max(map(len, rows), default=0)), fill, dtype)
    for target, row in zip(padded, rows, strict=True):
        target[1 : 1 + len(row)] = row
    return padded
