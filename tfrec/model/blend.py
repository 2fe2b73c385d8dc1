"""How much each block of the embedding counts: chosen where it is measured."""

import bisect
import dataclasses
import logging
from typing import NamedTuple

import numpy as np

from tfrec.model.score_pool import pool_scores
from tfrec.model.weighting import Weighting

logger = logging.getLogger(__name__)

GRID = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0, 64.0)
LEAST = 1e-3  # relative weight of a block that the probabilities need: moves no rank
ROUNDS = 3  # over all blocks; it settles after two


class Reached(NamedTuple):
    """How well weights rank."""

    steady: float  # NDCG at `ScorePool.cutoff` of known items among themselves
    new: float  # the same of new items; 0 if there are too few
    ndcg: float  # NDCG@10 of what is shown


def weigh(embedding, queries, allow_repeats):
    """Weights of an embedding's blocks that rank the targets of queries best.

    Args:
        embedding: `Embedding` whose weights are all 1.
        queries: `Queries` from after the events that it learnt from.
        allow_repeats: bool, whether items of the history may come; only then do
            weights for an item's own past have a use.

    Returns:
        `(Weighting, Reached)`.
    """
    pool = pool_scores(embedding, queries, allow_repeats)
    of_known, of_new = pool.among(new=False), pool.among(new=True)
    num_blocks = len(embedding.blocks) + 1
    decisive = of_known if len(of_known) else pool
    found, steady = choose_weights(decisive.parts, decisive.steady_ndcg)
    _keep_informers(found, embedding.blocks, pool.parts)
    weighting = Weighting(blocks=found[:num_blocks])
    if allow_repeats:
        own = tuple(found[num_blocks:].tolist())
        weighting = dataclasses.replace(weighting, own=own)
    new = 0.0
    if of_new.is_enough:
        weighting = weigh_new(weighting, of_new, embedding.blocks)
        new = of_new.steady_ndcg(blend(weighting, of_new))
    cost = embedding.model.config.model.new_item_cost
    bonus = choose_exposure(weighting, pool, cost)
    shown = blend(weighting, pool) + bonus * pool.is_new
    reached = Reached(steady, new, pool.ndcg(shown, 10))
    return dataclasses.replace(weighting, exposure=bonus), reached


def blend(weighting, pool):
    """`[num_queries, width]` scores of a `ScorePool`, without exposure."""
    known, new = (
        _mixed([*weights, *weighting.own], pool.parts) for weights in weighting.both
    )
    return np.where(pool.is_new, new + weighting.new_level, known)


def weigh_new(weighting, pool, blocks):
    """A weighting with weights of new items' own, where these rank them better.

    What is known of items by their events says less of those that have none. Mean and
    spread of their scores stay, so that the two kinds can stand in one list and a
    score has one meaning.

    Args:
        weighting: `Weighting` of known items.
        pool: `ScorePool` of new items.
        blocks: list of `Block`s.

    Returns:
        `Weighting`.
    """
    found, _ = choose_weights(pool.parts, pool.steady_ndcg)
    _keep_informers(found, blocks, pool.parts)
    new = found[: len(blocks) + 1]
    was, now = (_mixed(each, pool.parts) for each in (weighting.blocks, new))
    factor = _spread(was) / _spread(now)
    level = _mean(was) - factor * _mean(now)
    apart = dataclasses.replace(weighting, new_blocks=factor * new, new_level=level)
    return max(weighting, apart, key=lambda each: pool.steady_ndcg(blend(each, pool)))


def _mixed(weights, parts):
    pairs = zip(weights, parts, strict=False)
    return sum(weight * part for weight, part in pairs)


def _keep_informers(weights, blocks, parts):
    """Gives blocks that the probabilities need a weight that moves no rank."""
    for place, block in enumerate(blocks, start=1):
        if block.informs_probability and not weights[place]:
            weights[place] = LEAST * _spread(parts[0]) / _spread(parts[place])


def choose_exposure(weighting, pool, cost, k=10):
    """What is added to new items' scores, so that they take some places, and not more.

    A model cannot know which of the new items will be popular, so how high their scores
    are beside those of known items is a choice: the more is added, the better new items
    are found, and the worse known ones.

    Args:
        weighting: `Weighting` without exposure.
        pool: `ScorePool`.
        cost: float, the share of known items' NDCG@k, without new ones, that may be
            lost.
        k: int.

    Returns:
        float; 0 if not both new and known items are asked about.

    Reference:
        Singh and Joachims, Fairness of Exposure in Rankings, KDD 2018,
        https://doi.org/10.1145/3219819.3220088
    """
    of_known = pool.answered_by(new=False)
    if not len(of_known) or not len(pool.answered_by(new=True)):
        return 0.0
    scores = blend(weighting, of_known)
    alone = np.where(of_known.is_new, -np.inf, scores)
    least = (1 - cost) * of_known.ndcg(alone, k)

    def is_too_much(bonus):
        return of_known.ndcg(scores + bonus * of_known.is_new, k) < least

    steps = _steps(blend(weighting, pool), pool.is_new, k)
    place = bisect.bisect_left(steps, True, key=is_too_much)
    return max([*steps[:1], *steps[:place]], default=0.0)


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


def choose_weights(block_scores, measure):
    """Weights of the blocks by coordinate ascent on a validation metric.

    Args:
        block_scores: list of `[num_queries, num_items]` float arrays. The first
            block has weight 1, and `-inf` where an item may not come; the others
            are tried at a grid of weights, relative to the blocks' spreads, so that
            their scales do not matter.
        measure: function of the rows of blended scores, given one after another,
            that is to be made large.

    Returns:
        `(weights, value)`: `[num_blocks]` float32 array and the metric reached.
    """
    spreads = [_spread(scores) for scores in block_scores]
    units = [spreads[0] / spread for spread in spreads]
    shares = [1.0] + [0.0] * (len(block_scores) - 1)
    blended = block_scores[0].copy()
    best = measure(blended)
    for _ in range(ROUNDS):
        before = shares.copy()
        for place in range(1, len(block_scores)):
            scores = block_scores[place] * units[place]
            others = blended - shares[place] * scores
            values = [measure(_rows(others, scores, share)) for share in GRID]
            if max(values) > best:
                best, shares[place] = max(values), GRID[int(np.argmax(values))]
            blended = others + shares[place] * scores
        if before == shares:
            break
    logger.info("Weights of the blocks %s give %.4f.", shares, best)
    return np.multiply(shares, units).astype(np.float32), best


def _rows(others, scores, share):
    """Rows of `others + share * scores`, made when they are looked at."""
    return (rest + share * row for rest, row in zip(others, scores, strict=True))


def _spread(scores):
    return max(float(scores[np.isfinite(scores)].std()), 1e-9)


def _mean(scores):
    return float(scores[np.isfinite(scores)].mean())
