"""The items that may reach a list: all that weights of blocks are chosen on."""

import dataclasses

import numpy as np

from tfrec.evaluation import metrics
from tfrec.evaluation.evaluate import strike_seen
from tfrec.evaluation.ranks import target_ranks
from tfrec.model.scoring import EmbeddingRecommender

DEPTH = 500  # best items by each part: those of a list stand far above the last
NEW_DEPTH = 20  # best new items by each part
BATCH_SIZE = 128  # queries whose whole catalogue is scored at once


@dataclasses.dataclass(frozen=True)
class ScorePool:
    """Scores of the items that some part ranks high, and of the targets.

    A small catalogue is in it whole.

    Attributes:
        parts: list of `[num_queries, width]` float32 arrays, one per block, then those
            of an item's own past; `-inf` in the first where no item may come.
        is_new: `[num_queries, width]` bool, items without events.
        target_offsets: `[num_queries + 1]` int, bounds of each query's targets.
        target_places: `[num_targets]` int, the columns where they stand.
    """

    parts: list
    is_new: np.ndarray
    target_offsets: np.ndarray
    target_places: np.ndarray

    def ndcg(self, scores, k=10):
        """Mean NDCG@k of `[num_queries, width]` scores."""
        ranks = target_ranks(scores, self.target_offsets, self.target_places)
        return float(metrics.ndcg(ranks, self.target_offsets, k).mean())


def pool_scores(embedding, queries, allow_repeats):
    """The `ScorePool` of an embedding whose weights are all 1.

    Args:
        embedding: `Embedding`.
        queries: `Queries`.
        allow_repeats: bool, whether items of the history may come; only then are
            there parts for an item's own past.
    """
    recommender = EmbeddingRecommender(embedding)
    is_new = ~embedding.model.catalogue.has_id
    most_targets = np.diff(queries.target_offsets).max()
    pools = []
    for batch in queries.in_batches(BATCH_SIZE):
        parts = recommender.block_scores(batch)
        if allow_repeats:
            parts = [*parts, *recommender.own_features(batch)]
        else:
            strike_seen(parts[0], batch)
        pools.append(_pool(parts, is_new, batch, most_targets))
    parts, is_new, places = zip(*pools, strict=True)
    return ScorePool(
        [np.concatenate(part) for part in zip(*parts, strict=True)],
        np.concatenate(is_new),
        queries.target_offsets,
        np.concatenate(places),
    )


def _pool(parts, is_new, queries, most_targets):
    """Parts, newness and places of the targets of a batch."""
    num_queries, num_items = parts[0].shape
    width = len(parts) * (DEPTH + NEW_DEPTH) + most_targets
    if num_items <= width:
        rows = np.broadcast_to(np.arange(num_items), (num_queries, num_items))
    else:
        rows = np.concatenate(
            [
                *(_best(part, parts[0], DEPTH) for part in parts),
                *(_best(part, parts[0], NEW_DEPTH, ~is_new) for part in parts),
                _targets(queries, most_targets),
            ],
            axis=1,
        )
        rows = np.sort(rows, axis=1)
    parts = [np.take_along_axis(part, rows, axis=1) for part in parts]
    parts[0][:, 1:][rows[:, 1:] == rows[:, :-1]] = -np.inf  # once is enough
    return parts, is_new[rows], _places(rows, queries, num_items)


def _best(scores, allowed, depth, is_out=False):
    """`[num_queries, depth]` rows of the highest scores among what may come."""
    costs = np.where(is_out | (allowed == -np.inf), np.inf, -scores)
    return np.argpartition(costs, depth, axis=1)[:, :depth]


def _targets(queries, width):
    """`[num_queries, width]` rows of the targets; the first fills the rest."""
    counts = np.diff(queries.target_offsets)[:, None]
    places = np.arange(width) * (np.arange(width) < counts)
    return queries.target_rows[queries.target_offsets[:-1, None] + places]


def _places(rows, queries, num_items):
    """`[num_targets]` columns of the targets in ascending rows."""
    num_queries, width = rows.shape
    query_of = np.repeat(np.arange(num_queries), np.diff(queries.target_offsets))
    keys = rows + num_items * np.arange(num_queries)[:, None]
    found = np.searchsorted(keys.ravel(), queries.target_rows + num_items * query_of)
    return found - width * query_of
