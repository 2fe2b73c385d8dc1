"""Full-ranking evaluation of a recommender on live histories."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np

from tfrec.data.interactions import Interactions, Queries
from tfrec.data.schema import Items
from tfrec.data.split import Split
from tfrec.errors import DataError
from tfrec.evaluation import metrics
from tfrec.evaluation.bootstrap import intervals
from tfrec.evaluation.ranks import target_ranks, top_rows
from tfrec.progress import Progress

RANKING_METRICS = {
    "ndcg": metrics.ndcg,
    "recall": metrics.recall,
    "precision": metrics.precision,
    "mrr": metrics.mrr,
    "map": metrics.mean_average_precision,
    "hit_rate": metrics.hit_rate,
}
SHORT_HISTORY = 5  # events; at most that many make a history short


class Ranker(Protocol):
    """Learns from a log, then scores the whole catalogue for live histories."""

    name: str

    def fit(self, train: Interactions, items: Items) -> Self:
        """Learns from `train`, whose item rows are the rows of `items`.

        Args:
            train: the log that may be seen.
            items: the catalogue, including items without any event.

        Returns:
            The recommender itself.
        """
        ...

    def score(self, queries: Queries) -> np.ndarray:
        """Scores of all items, higher is better.

        Args:
            queries: histories and the time of asking; the targets in it are
                for the judge only.

        Returns:
            `[len(queries), num_items]` float32 array. Seen items need no
            special care: the evaluation excludes them.
        """
        ...


@dataclass(frozen=True)
class Evaluation:
    """How one recommender did on a set of queries; metrics are named `ndcg@10`."""

    name: str
    per_query: Mapping[str, np.ndarray]  # metric -> [queries]
    user_rows: np.ndarray  # [queries], for intervals and paired comparisons
    means: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]  # 95 %, users resampled
    coverage: Mapping[str, float] = field(default_factory=dict)  # `coverage@10`
    slices: Mapping[str, "Evaluation"] = field(default_factory=dict)
    # [queries, k] item rows of the lists, best first; -1 padding; none of a slice
    shown: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int32))

    @property
    def num_queries(self):
        """Number of queries that were ranked."""
        return len(self.user_rows)


def evaluate(
    recommender,
    split,
    *,
    allow_repeats=False,
    cutoffs=(10,),
    batch_size=256,
    bootstrap_samples=1000,
    seed=0,
    slices=None,
):
    """Ranks the whole catalogue for every query and judges the true items.

    Nothing is made easier: no sampled negatives, ties break against the true
    items, NaN is the worst score, queries with an empty history count.

    Args:
        recommender: a fitted `Ranker`.
        split: a `Split`, or bare `Queries` (then no slices by what training knows).
        allow_repeats: whether items of the query's history may be recommended.
        cutoffs: ints `k` of the metrics.
        batch_size: queries scored at once.
        bootstrap_samples: resamples of the users for the intervals.
        seed: of the resampling.
        slices: name -> `[queries]` bool array, further slices, none of them empty.

    Returns:
        An `Evaluation` with the slices of `target_slices` and, where true items
        are cold, "among cold items": ranked among the cold ones only.

    Raises:
        DataError: there is no query, a query has no target, or the recommender
            gives scores of a wrong shape.
    """
    queries = split.queries if isinstance(split, Split) else split
    is_cold = split.is_cold if isinstance(split, Split) else np.zeros(0, bool)
    query_of, rows = _distinct_targets(queries)
    ranks, cold_ranks, shown = _rank_all(
        recommender, queries, (query_of, rows), is_cold,
        allow_repeats, max(cutoffs), batch_size,
    )  # fmt: skip

    def judge(is_in, ranks=ranks, **more):
        per_query = _per_query(ranks[is_in], query_of[is_in], cutoffs)
        users = queries.user_rows[np.unique(query_of[is_in])]
        return _summary(
            recommender.name, per_query, users, bootstrap_samples, seed, **more
        )

    parts = {name: mask[query_of] for name, mask in (slices or {}).items()}
    parts |= target_slices(split, query_of, rows)
    judged = {name: judge(is_in) for name, is_in in parts.items()}
    if "cold items" in judged:
        judged["among cold items"] = judge(is_cold[rows], cold_ranks)
    num_items = queries.interactions.num_items
    coverage = {
        f"coverage@{k}": metrics.coverage(shown[:, :k], num_items) for k in cutoffs
    }
    whole = np.ones(len(rows), bool)
    return judge(whole, coverage=coverage, slices=judged, shown=shown)


def target_slices(split, query_of, rows):
    """Which true items belong to which slice; slices overlap.

    Args:
        split: a `Split`, or bare `Queries` (then only "short history").
        query_of: `[targets]` int array, the query of each true item.
        rows: `[targets]` int array, the item rows.

    Returns:
        dict of names to `[targets]` bool arrays, none of them empty: "short
        history" and, by what training knows, "known users" and "new users", "warm
        items" and "cold items", where there are both.
    """
    queries = split.queries if isinstance(split, Split) else split
    starts = queries.interactions.offsets[queries.user_rows]
    is_short = queries.history_ends - starts <= SHORT_HISTORY
    slices = {"short history": is_short[query_of]}
    if isinstance(split, Split):
        is_known = np.diff(split.train.offsets)[queries.user_rows[query_of]] > 0
        is_cold = split.is_cold[rows]
        if not is_known.all():
            slices |= {"known users": is_known, "new users": ~is_known}
        if is_cold.any():
            slices |= {"warm items": ~is_cold, "cold items": is_cold}
    return {name: mask for name, mask in slices.items() if mask.any()}


def strike_forbidden(scores, queries, allow_repeats):
    """Sets the scores of what may not be answered to `-inf`, in place.

    That is what cannot be had at the time of asking, items some of whose prerequisites
    are not in a query's history, the user themselves, and each query's own history.

    Args:
        scores: `[queries, num_items]` float array.
        queries: `Queries`.
        allow_repeats: bool, whether items of the history may come.
    """
    log = queries.interactions
    if log.availability is not None:
        scores[~log.availability.at(queries.timestamps)] = -np.inf
    if log.prerequisites is not None:
        places, columns = np.nonzero(~log.prerequisites.are_met(queries))
        scores[places, log.prerequisites.rows[columns]] = -np.inf
    if log.own_items is not None:
        own = log.own_items[queries.user_rows]
        scores[np.flatnonzero(own >= 0), own[own >= 0]] = -np.inf
    if not allow_repeats:
        for i in range(len(queries)):
            scores[i, log.item_rows[queries.history(i)]] = -np.inf


def mean_ndcg(recommender, queries, allow_repeats, k=10):
    """Mean NDCG@k, for choosing, not judging.

    Args:
        recommender: a fitted `Ranker`.
        queries: `Queries`, the targets of each distinct.
        allow_repeats: bool, whether items of the history may come.
        k: int.

    Returns:
        float.
    """
    total = 0.0
    for batch in queries.in_batches():
        scores = _scores(recommender, batch, allow_repeats)
        ranks = target_ranks(scores, batch.target_offsets, batch.target_rows)
        total += metrics.ndcg(ranks, batch.target_offsets, k).sum()
    return float(total / len(queries))


def _rank_all(recommender, queries, targets, is_cold, allow_repeats, k, batch_size):
    """Ranks of the targets among all and among cold items, and the `k` shown."""
    query_of, rows = targets
    ranks, cold_ranks = np.empty((2, len(rows)), np.int64)
    shown = []
    start = 0
    progress = Progress(f"Evaluating {recommender.name}, questions", len(queries))
    for batch in queries.in_batches(batch_size):
        scores = _scores(recommender, batch, allow_repeats)
        offsets = np.searchsorted(query_of, np.arange(start, start + len(batch) + 1))
        here = slice(offsets[0], offsets[-1])
        offsets = offsets - offsets[0]
        ranks[here] = target_ranks(scores, offsets, rows[here])
        if is_cold.any():
            among_cold = np.where(is_cold, scores, -np.inf)
            cold_ranks[here] = target_ranks(among_cold, offsets, rows[here])
        shown.append(top_rows(scores, k))
        start += len(batch)
        progress.advance(len(batch))
    return ranks, cold_ranks, np.concatenate(shown).astype(np.int32)


def lists_of(recommender, queries, allow_repeats=False, k=10):
    """The lists that a recommender gives, `[queries, k]` rows of items.

    Args:
        recommender: a fitted `Ranker`.
        queries: `Queries`.
        allow_repeats: bool, whether items of the history may come.
        k: int.

    Returns:
        `[queries, k]` int32 array, best first; -1 where fewer items are allowed.
    """
    found = [
        top_rows(_scores(recommender, batch, allow_repeats), k)
        for batch in queries.in_batches()
    ]
    return np.concatenate(found).astype(np.int32)


def _distinct_targets(queries):
    """`(query, item row)` of each target, by query; a repeated target is one."""
    lengths = np.diff(queries.target_offsets)
    if not len(queries) or (lengths == 0).any():
        raise DataError(
            "`queries` must have at least one query, and each a true item, because "
            f"there is nothing to judge otherwise. Received: {len(queries)} queries, "
            f"{np.count_nonzero(lengths == 0)} of them without a true item."
        )
    query_of = np.repeat(np.arange(len(queries)), lengths)
    pairs = np.stack([query_of, queries.target_rows], axis=1)
    return np.unique(pairs, axis=0).T


def _scores(recommender, batch, allow_repeats):
    scores = np.array(recommender.score(batch))  # a copy, to write into
    expected = (len(batch), batch.interactions.num_items)
    if scores.shape != expected:
        raise DataError(
            f"`score` must return one score per query and item, {expected}. "
            f"Received: {scores.shape} from {recommender.name}."
        )
    strike_forbidden(scores, batch, allow_repeats)
    return scores


def _per_query(ranks, query_of, cutoffs):
    starts = np.flatnonzero(np.diff(query_of, prepend=-1))
    offsets = np.append(starts, len(ranks))
    return {
        f"{name}@{k}": metric(ranks, offsets, k)
        for k in cutoffs
        for name, metric in RANKING_METRICS.items()
    }


def _summary(name, per_query, users, bootstrap_samples, seed, **more):
    values = np.stack(list(per_query.values()), axis=1)
    bounds = intervals(values, users, bootstrap_samples, seed)
    return Evaluation(
        name=name,
        per_query=per_query,
        user_rows=users,
        means={key: float(v.mean()) for key, v in per_query.items()},
        intervals={
            key: (float(low), float(high))
            for key, (low, high) in zip(per_query, bounds, strict=True)
        },
        **more,
    )
