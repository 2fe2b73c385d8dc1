"""The items that may reach a list: all that weights of scorers are chosen on."""

import dataclasses
import functools

import numpy as np

from tfrec.evaluation import metrics
from tfrec.evaluation.evaluate import strike_forbidden
from tfrec.evaluation.ranks import ranks_of_blends, target_ranks

DEPTH = 500  # best items by each part: those of a list stand far above the last
NEW_DEPTH = 100  # best new items by each part
BATCH_SIZE = 128  # queries whose whole catalogue is scored at once
CUTOFFS = (10, 30, 100)  # places of a list
MIN_HITS = 100  # right items in the towers' lists: of fewer, chance decides


@dataclasses.dataclass(frozen=True)
class CandidatePool:
    """Scores of the items that some part ranks high, and of the targets.

    A small catalogue is in it whole.

    Attributes:
        parts: list of `[num_queries, width]` float32 arrays, one per scorer, then those
            of an item's own past; `-inf` in the first where no item may come.
        is_new: `[num_queries, width]` bool; see `Catalogue.is_new`.
        target_offsets: `[num_queries + 1]` int, bounds of each query's targets.
        target_places: `[num_targets]` int, the columns where they stand.
        target_rows: `[num_targets]` int, which items they are.
    """

    parts: list
    is_new: np.ndarray
    target_offsets: np.ndarray
    target_places: np.ndarray
    target_rows: np.ndarray

    def __len__(self):
        return len(self.is_new)

    def ndcg(self, scores, k):
        """Mean NDCG@k of `[num_queries, width]` scores."""
        return float(metrics.ndcg(self._ranks(scores), self.target_offsets, k).mean())

    def ndcg_of_blends(self, first, second, shares, k):
        """The same of `first + share * second`, for each share: list of floats."""
        offsets, places = self.target_offsets, self.target_places
        ranks = ranks_of_blends(first, second, shares, offsets, places, k)
        return [float(metrics.ndcg(each, offsets, k).mean()) for each in ranks]

    def steady_ndcg(self, scores):
        """NDCG of scores at the `cutoff`: to choose by."""
        return self.ndcg(scores, self.cutoff)

    @functools.cached_property
    def cutoff(self):
        """Places to look at: 10, or more where the towers hit too rarely to choose."""
        enough = (k for k in CUTOFFS if self._num_hits(k) >= MIN_HITS)
        return next(enough, CUTOFFS[-1])

    @property
    def is_enough(self):
        """Whether there are hits enough to choose by."""
        return self._num_hits(self.cutoff) >= MIN_HITS

    def answered_by(self, new):
        """The questions, and of these the right items, of new or of known items."""
        return self.of_targets(self._of_right_items(self.is_new == new))

    def of_targets(self, kept):
        """The questions of some right items, `[num_targets]` bool, and these alone."""
        counts = np.bincount(self.query_of[kept], minlength=len(self))
        has_target = counts > 0
        return CandidatePool(
            [part[has_target] for part in self.parts],
            self.is_new[has_target],
            np.concatenate([[0], np.cumsum(counts[has_target])]),
            self.target_places[kept],
            self.target_rows[kept],
        )

    def among(self, new):
        """The same as `answered_by`, of items of their own kind alone."""
        pool = self.answered_by(new)
        return pool.of_items(pool.is_new == new)

    def of_items(self, kept):
        """The same of some items, `[num_queries, width]` bool, the targets among them.

        Where fewer are kept than of another query, some that may not come fill up.
        """
        width = kept.sum(axis=1).max(initial=0)
        columns = np.argsort(~kept, axis=1, kind="stable")[:, :width]
        *parts, is_new, is_kept = (
            np.take_along_axis(each, columns, axis=1)
            for each in (*self.parts, self.is_new, kept)
        )
        parts[0][~is_kept] = -np.inf
        places = self._of_right_items(kept.cumsum(axis=1, dtype=np.int32) - 1)
        return CandidatePool(
            parts, is_new, self.target_offsets, places, self.target_rows
        )

    @property
    def query_of(self):
        """`[num_targets]` int, which question each right item answers."""
        return np.repeat(np.arange(len(self)), np.diff(self.target_offsets))

    def _of_right_items(self, values):
        """Those of `[num_queries, width]` values: `[num_targets]`."""
        return values[self.query_of, self.target_places]

    def _num_hits(self, k):
        return np.count_nonzero(self._tower_ranks <= k)

    @functools.cached_property
    def _tower_ranks(self):
        return self._ranks(self.parts[0])

    def _ranks(self, scores):
        return target_ranks(scores, self.target_offsets, self.target_places)


def pool_candidates(scorers, sides, allow_repeats):
    """The `CandidatePool` of towers and scorers.

    Args:
        scorers: list of fitted `Scorer`s.
        sides: `QuerySides` of the queries that are asked.
        allow_repeats: bool, whether items of the history may come; only then are
            there parts for an item's own past.
    """
    queries, target_places = sides.queries, []
    whole: list = []
    for start in range(0, len(queries), BATCH_SIZE):
        places = np.arange(start, min(start + BATCH_SIZE, len(queries)))
        *found, columns = _pool_batch(scorers, sides, places, allow_repeats)
        if not whole:  # filled batch by batch: joined, all would be there twice
            shape = (len(queries), found[0].shape[1])
            whole = [np.empty(shape, each.dtype) for each in found]
        for array, part in zip(whole, found, strict=True):
            array[places] = part
        target_places.append(columns)
    *parts, is_new = whole
    return CandidatePool(
        parts,
        is_new,
        queries.target_offsets,
        np.concatenate(target_places),
        queries.target_rows,
    )


def _pool_batch(scorers, sides, places, allow_repeats):
    """`(*parts, is_new, target_places)` of some queries."""
    batch, is_new = sides.queries.take(places), sides.towers.catalogue.is_new
    parts, own = sides.score(scorers, places), []
    most_targets = np.diff(sides.queries.target_offsets).max()
    likely = [_targets(batch, most_targets)]
    if allow_repeats:
        own = [each[places].toarray() for each in sides.own_past]
        fading_last = own[-1]
        likely.append(_met(fading_last, sides.towers.max_history_length))
    strike_forbidden(parts[0], batch, allow_repeats)
    rows = _rows(parts, is_new, likely)
    return *_cut([*parts, *own], rows), is_new[rows], _places(rows, batch)


def _rows(scorers, is_new, likely):
    """`[num_queries, width]` ascending rows of the items in the pool of a batch."""
    num_queries, num_items = scorers[0].shape
    every, new = np.arange(num_items), np.flatnonzero(is_new)
    width = len(scorers) * (DEPTH + NEW_DEPTH) + sum(rows.shape[1] for rows in likely)
    if num_items <= width:
        return np.broadcast_to(every, (num_queries, num_items))
    best = [_best(scores, scorers[0], every, DEPTH) for scores in scorers]
    best += [_best(scores, scorers[0], new, NEW_DEPTH) for scores in scorers]
    return np.sort(np.concatenate([*best, *likely], axis=1), axis=1)


def _cut(parts, rows):
    """The parts' scores of the rows; who stands in a row twice may come once."""
    if rows.shape == parts[0].shape:
        return parts  # the whole catalogue in its order
    parts = [np.take_along_axis(part, rows, axis=1) for part in parts]
    parts[0][:, 1:][rows[:, 1:] == rows[:, :-1]] = -np.inf
    return parts


def _best(scores, allowed, rows, depth):
    """`[num_queries, depth]` of the rows: those of the highest scores that may come."""
    if len(rows) <= depth:
        return np.broadcast_to(rows, (len(scores), len(rows)))
    costs = np.where(allowed[:, rows] == -np.inf, np.inf, -scores[:, rows])
    return rows[np.argpartition(costs, depth, axis=1)[:, :depth]]


def _targets(queries, width):
    """`[num_queries, width]` rows of the targets; the first fills the rest."""
    counts = np.diff(queries.target_offsets)[:, None]
    places = np.arange(width) * (np.arange(width) < counts)
    return queries.target_rows[queries.target_offsets[:-1, None] + places]


def _met(own, width):
    """`[num_queries, width]` rows of the items with a past; row 0 fills the rest."""
    query_of, met = np.nonzero(own)
    starts = np.searchsorted(query_of, np.arange(len(own)))
    rows = np.zeros((len(own), width), int)
    rows[query_of, np.arange(len(met)) - starts[query_of]] = met
    return rows


def _places(rows, queries):
    """`[num_targets]` columns of the targets in ascending rows."""
    num_queries, width = rows.shape
    num_items = queries.interactions.num_items
    query_of = np.repeat(np.arange(num_queries), np.diff(queries.target_offsets))
    keys = rows + num_items * np.arange(num_queries)[:, None]
    found = np.searchsorted(keys.ravel(), queries.target_rows + num_items * query_of)
    return found - width * query_of
