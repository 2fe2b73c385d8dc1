"""How much lists move: after an event, after none, and from version to version."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from tfrec.data.interactions import Queries
from tfrec.evaluation.card.ratios import mean_figures

MOST_QUESTIONS = 500
PERSISTENCE = 0.9  # of rank-biased overlap: the chance to look one place further down

Lister = Callable[[Queries], np.ndarray]  # gives `[queries, k]` item rows, -1 padding


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """`[queries]` share of the places of two lists with the same items, in any order.

    Args:
        one: `[queries, k]` int array of distinct items, -1 padding.
        other: the same for other lists.
    """
    return _agreement(one, other)[:, -1]


def rank_biased_overlap(
    one: np.ndarray, other: np.ndarray, persistence: float = PERSISTENCE
) -> np.ndarray:
    """`[queries]` likeness of two lists in which the first places count most.

    It is extrapolated from the `k` places that are seen, so equal lists have 1.

    Reference:
        Webber, Moffat and Zobel, A similarity measure for indefinite rankings, ACM
        TOIS 2010, https://doi.org/10.1145/1852102.1852106, equation 23
    """
    agreement = _agreement(one, other)
    depths = np.arange(1, agreement.shape[1] + 1)
    weights = persistence**depths
    seen = (1 - persistence) / persistence * (agreement @ weights)
    return seen + agreement[:, -1] * weights[-1]


def stability(
    lists_of: Lister,
    queries: Queries,
    shown: np.ndarray,
    samples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """How a list moves when a person does one more thing, and when nothing happens.

    Args:
        lists_of: gives the lists of questions.
        queries: `Queries` that were asked.
        shown: `[queries, k]` int array, the lists that they got.
        samples: of the bootstrap over users.
        seed: of the sample of questions, and of the bootstrap.

    Returns:
        Dict of `nothing_new`, the same questions asked again, and `one_event`, the same
        with the person's next event in the history, both at the moment of that event:
        figures `overlap` and `rank_biased_overlap`, and `share_moved`, the share of
        lists that are not the same. Without questions that have a next event,
        `one_event` is left out.
    """
    rng = np.random.default_rng(seed)
    asked = np.arange(len(queries))
    if len(asked) > MOST_QUESTIONS:
        asked = np.sort(rng.choice(asked, MOST_QUESTIONS, replace=False))
    sample = queries.take(asked)
    again = lists_of(sample)
    users = sample.user_rows
    found = {"nothing_new": _figures(shown[asked], again, users, samples, seed)}
    before, after = one_event_later(sample)
    if len(before):
        one, other, users = lists_of(before), lists_of(after), before.user_rows
        found["one_event"] = _figures(one, other, users, samples, seed)
    return found


def one_event_later(queries: Queries) -> tuple[Queries, Queries]:
    """The questions before and after the next event of whoever asks.

    Both are asked at the moment of that event, so that time alone changes nothing.
    Questions of people without a further event are left out.
    """
    log = queries.interactions
    kept = np.flatnonzero(queries.history_ends < log.offsets[queries.user_rows + 1])
    before = queries.take(kept)
    moments = np.maximum(before.timestamps, log.timestamps[before.history_ends])
    before = dataclasses.replace(before, timestamps=moments)
    return before, dataclasses.replace(before, history_ends=before.history_ends + 1)


def versions_alike(
    one: np.ndarray,
    other: np.ndarray,
    users: np.ndarray,
    samples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Figures as in `stability`, of the lists of two versions of a model.

    Args:
        one: `[queries, k]` object array of item ids, `""` padding.
        other: the same of the other version.
        users: `[queries]` int array, who asks.
        samples: of the bootstrap over users.
        seed: of the bootstrap.
    """
    ids, codes = np.unique(np.stack([one, other]).astype(str), return_inverse=True)
    codes = codes.reshape(2, *one.shape)
    codes = np.where(ids[codes] == "", -1, codes)
    return _figures(codes[0], codes[1], users, samples, seed)


def _figures(one, other, users, samples, seed):
    width = max(one.shape[1], other.shape[1])
    one, other = (
        np.pad(each, [(0, 0), (0, width - each.shape[1])], constant_values=-1)
        for each in (one, other)
    )
    values = {
        "overlap": overlap(one, other),
        "rank_biased_overlap": rank_biased_overlap(one, other),
    }
    found = mean_figures(values, users, samples, seed)
    moved = (one != other).any(axis=1)
    return {
        **found,
        "share_moved": float(moved.mean()),
        "num_questions": len(one),
        "k": width,
    }


def _agreement(one, other):
    """`[queries, k]` share of common items of the first 1, 2, ... `k` places."""
    is_same = (one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]
    places = np.arange(one.shape[1])
    deeper = np.maximum(places[:, None], places[None, :])
    common = np.stack(
        [is_same[:, deeper <= depth].sum(axis=1) for depth in places], axis=1
    )
    longest = np.maximum((one >= 0).sum(axis=1), (other >= 0).sum(axis=1))
    possible = np.minimum(places[None, :] + 1, longest[:, None])
    return np.where(possible > 0, common / np.maximum(possible, 1), 1.0)
