"""How high new items stand beside known ones: a choice, not an estimate."""

import bisect
import dataclasses

import numpy as np


def choose_new_item_boost(scores, pool, cost, k=10):
    """What is added to new items' scores, so that they take some places, and not more.

    A model cannot know which of the new items will be popular, so how high their scores
    are beside those of known items is a choice: the more is added, the better new items
    are found, and the worse known ones.

    Args:
        scores: `[num_queries, width]` float array, without exposure.
        pool: `CandidatePool`.
        cost: float, the share of known items' NDCG@k, without new ones, that may be
            lost.
        k: int.

    Returns:
        float; 0 if not both new and known items are asked about.

    Reference:
        Singh and Joachims, Fairness of Exposure in Rankings, KDD 2018,
        https://doi.org/10.1145/3219819.3220088
    """
    pool = dataclasses.replace(pool, parts=[scores])
    of_known = pool.answered_by(new=False)
    if not len(of_known) or not len(pool.answered_by(new=True)):
        return 0.0
    of_known = _contenders(of_known, k)
    (shown,), is_new = of_known.parts, of_known.is_new
    least = (1 - cost) * of_known.ndcg(np.where(is_new, -np.inf, shown), k)

    def is_too_much(bonus):
        return of_known.ndcg(shown + bonus * is_new, k) < least

    steps = _steps(scores, pool.is_new, k)
    place = bisect.bisect_left(steps, True, key=is_too_much)
    return max([*steps[:1], *steps[:place]], default=0.0)


def _contenders(pool, k):
    """Of the items, the targets and those that a boost may bring among the best `k`."""
    (scores,), is_new = pool.parts, pool.is_new
    kept = np.zeros_like(is_new)
    kept[pool.query_of, pool.target_places] = True
    for is_kind in (is_new, ~is_new):
        own = np.where(is_kind, scores, -np.inf)
        kept |= (own > -np.inf) & (own >= _best_first(own, k)[:, -1:])
    return pool.of_items(kept)


def _steps(scores, is_new, k):
    """Ascending: what each new item's score lacks to be among its query's best `k`.

    Where known items leave places free, it lacks nothing.
    """
    new = _best_first(np.where(is_new, scores, -np.inf), k)
    old = _best_first(np.where(is_new, -np.inf, scores), k)
    # The j-th best new item is among the k if it beats the (k - j)-th best old one.
    is_there = new > -np.inf
    lacking = old[:, ::-1][is_there] - new[is_there]
    return np.sort(lacking[lacking > -np.inf]).tolist()


def _best_first(scores, k):
    """The best `k` of each row, best first."""
    k = min(k, scores.shape[1])
    return -np.sort(-np.partition(scores, -k, axis=1)[:, scores.shape[1] - k :], axis=1)
