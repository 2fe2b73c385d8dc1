"""Whether a model follows people whose history is old, or whose taste moves."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from tfrec.evaluation.card.ratios import figure_slices
from tfrec.evaluation.card.subject import Subject
from tfrec.evaluation.divergence import jensen_shannon

MOST_QUESTIONS = 3000
BATCH_SIZE = 256  # questions; bounds memory where there are many categories
MOST_EVENTS = 500  # the latest of a history
LEAST_EVENTS = 4  # of a history that can be halved to see a drift
DRIFTS = ("least drift", "middle", "most drift")
AGES = {  # name -> most seconds since the latest event of the history
    "less than an hour": 3600,
    "up to a day": 86_400,
    "up to a week": 604_800,
    "up to 30 days": 30 * 86_400,
}
OLDEST = "more than 30 days"


def time_sensitivity(
    subject: Subject,
    values: Mapping[str, np.ndarray],
    samples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """A figure of several recommenders by age of the history and by drift of taste.

    Args:
        subject: `Subject`.
        values: recommender -> `[queries]` float array, such as NDCG@10, ours first.
        samples: of the bootstrap over users.
        seed: of the bootstrap, and of the sample of questions for the drift.

    Returns:
        Dict of `age`, left out for a log without times, and `drift`, left out without
        categories or histories: each a list of dicts with `slice`, `num_queries` and
        `models`, recommender -> figure. Slices of drift also have its `bounds`.
    """
    found, users = {}, subject.queries.user_rows
    if subject.queries.interactions.has_times:
        names = _age_names(subject)
        order = [*AGES, OLDEST]
        found["age"] = figure_slices(values, users, names, order, samples, seed)
    drifts = drift_of_taste(subject, seed)
    is_known = ~np.isnan(drifts)
    if is_known.sum() >= len(DRIFTS):
        names, bounds = _in_thirds(drifts)
        rows = figure_slices(values, users, names, DRIFTS, samples, seed)
        for row in rows:
            row["bounds"] = bounds[row["slice"]]
        found["drift"] = rows
    return found


def drift_of_taste(subject: Subject, seed: int = 0) -> np.ndarray:
    """`[queries]` distance between the categories of a history's two halves.

    It is the Jensen-Shannon divergence in bits: 0 if both halves have the same
    categories in the same shares, 1 if they have none in common. NaN for questions
    outside of the sample, and for histories that are short or lack categories.
    """
    found = np.full(len(subject.queries), np.nan)
    matrix, names = subject.categories
    if not len(names) or not subject.queries.interactions.has_times:
        return found
    asked = np.flatnonzero(subject.history_lengths >= LEAST_EVENTS)
    if len(asked) > MOST_QUESTIONS:
        rng = np.random.default_rng(seed)
        asked = np.sort(rng.choice(asked, MOST_QUESTIONS, replace=False))
    sizes = np.asarray(matrix.sum(axis=1)).ravel()
    shares = sparse.diags_array(1 / np.maximum(sizes, 1)) @ matrix
    ends = subject.queries.history_ends[asked]
    lengths = np.minimum(subject.history_lengths[asked], MOST_EVENTS)
    middles = ends - lengths // 2
    log = subject.queries.interactions
    for first in range(0, len(asked), BATCH_SIZE):
        part = slice(first, first + BATCH_SIZE)
        older = _categories(log, (ends - lengths)[part], middles[part], shares)
        newer = _categories(log, middles[part], ends[part], shares)
        found[asked[part]] = jensen_shannon(older, newer)
    return found


def _categories(log, starts, ends, shares):
    """`[n, C]` sums of the categories of the events from `starts` to `ends`."""
    lengths = ends - starts
    rows = np.repeat(np.arange(len(starts)), lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    items = log.item_rows[np.repeat(starts, lengths) + within]
    cells = (np.ones(len(rows)), (rows, items))
    counts = sparse.csr_matrix(cells, (len(starts), shares.shape[0]))
    return (counts @ shares).toarray()


def _age_names(subject):
    """`[queries]` object array: how long ago each history's latest event was."""
    queries, log = subject.queries, subject.queries.interactions
    names = np.full(len(queries), "", object)
    has = subject.history_lengths > 0
    latest = log.timestamps[np.maximum(queries.history_ends - 1, 0)]
    ages = queries.timestamps - latest
    names[has] = OLDEST
    for name, most in reversed(AGES.items()):
        names[has & (ages < most)] = name
    return names


def _in_thirds(drifts):
    """Names by thirds of the known drifts, and the bounds of each third."""
    known = np.flatnonzero(~np.isnan(drifts))
    order = known[np.argsort(drifts[known], kind="stable")]
    names, bounds = np.full(len(drifts), "", object), {}
    for name, rows in zip(DRIFTS, np.array_split(order, 3), strict=True):
        names[rows] = name
        bounds[name] = [float(drifts[rows].min()), float(drifts[rows].max())]
    return names, bounds
