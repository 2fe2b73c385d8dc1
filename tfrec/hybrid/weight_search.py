"""Weights of towers and scorers, chosen on validation."""

import dataclasses
import functools
import logging
from typing import NamedTuple

import numpy as np

from tfrec.hybrid.candidate_pool import pool_candidates
from tfrec.hybrid.new_item_boost import choose_new_item_boost
from tfrec.hybrid.weights import Weights

logger = logging.getLogger(__name__)

GRID = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0, 64.0)
ROUNDS = 3  # over all parts; it settles after two
NUM_BAGS = 8
BAG = 0.3  # of the groups
LEAST = 1e-3  # relative weight of a scorer that the probabilities need: moves no rank


class ValidationScores(NamedTuple):
    """How well weights rank."""

    steady: float  # NDCG at `CandidatePool.cutoff` of known items among themselves
    new: float  # the same of new items; 0 if there are too few
    ndcg: float  # NDCG@10 of what is shown


def choose_weights(scorers, sides, allow_repeats, new_item_cost, seed):
    """Weights of towers and scorers that rank the targets of queries best.

    Args:
        scorers: list of fitted `Scorer`s.
        sides: `QuerySides` of queries from after the events that they learnt from.
        allow_repeats: bool, whether items of the history may come; only then do
            weights for an item's own past have a use.
        new_item_cost: float, share of the known items' NDCG@10 that new ones may take.
        seed: int.

    Returns:
        `(Weights, ValidationScores)`.
    """
    pool = pool_candidates(scorers, sides, allow_repeats)
    of_known = pool.among(new=False)
    num_scorers = len(scorers) + 1
    decisive = of_known if len(of_known) else pool
    found = bagged_weights(decisive, decisive.query_of, seed)
    steady = decisive.steady_ndcg(_mixed(found, decisive.parts))
    cutoff = decisive.cutoff
    del of_known, decisive  # large, as the next one is
    of_new = pool.among(new=True)
    _keep_informers(found, scorers, pool.parts)
    weighting = Weights(of_known_items=found[:num_scorers])
    if allow_repeats:
        own = tuple(found[num_scorers:].tolist())
        weighting = dataclasses.replace(weighting, repeat=own)
    new = 0.0
    if of_new.is_enough:
        weighting = choose_new_item_weights(weighting, of_new, scorers, seed)
        new = of_new.steady_ndcg(blend(weighting, of_new))
    scores = blend(weighting, pool)
    bonus = choose_new_item_boost(scores, pool, new_item_cost)
    reached = ValidationScores(steady, new, pool.ndcg(scores + bonus * pool.is_new, 10))
    logger.debug(
        "Weights of the scorers reach NDCG@%d %.4f among known items, NDCG@%d %.4f "
        "among new ones; NDCG@10 of what is shown is %.4f.",
        *(cutoff, reached.steady, of_new.cutoff, reached.new, reached.ndcg),
    )
    return dataclasses.replace(weighting, new_item_boost=bonus), reached


def blend(weighting, pool):
    """`[num_queries, width]` scores of a `CandidatePool`, without exposure."""
    known, new = (
        _mixed([*weights, *weighting.repeat], pool.parts)
        for weights in weighting.stacked
    )
    return np.where(pool.is_new, new + weighting.new_level, known)


def choose_new_item_weights(weighting, pool, scorers, seed):
    """A weighting with weights of new items' own.

    What is known of items by their events says less of those that have none. Mean and
    spread of their scores stay, so that the two kinds can stand in one list and a
    score has one meaning. On few popular items, the weights of known items may come out
    ahead of these on validation; that is chance, and no reason to keep them.

    Args:
        weighting: `Weights` of known items.
        pool: `CandidatePool` of new items.
        scorers: list of `Scorer`s.
        seed: int, of `bagged_weights`.

    Returns:
        `Weights`.
    """
    found = bagged_weights(pool, pool.target_rows, seed)
    _keep_informers(found, scorers, pool.parts)
    new = found[: len(scorers) + 1]
    was, now = (_mixed(each, pool.parts) for each in (weighting.of_known_items, new))
    factor = spread(was) / spread(now)
    level = _mean(was) - factor * _mean(now)
    return dataclasses.replace(weighting, of_new_items=factor * new, new_level=level)


def coordinate_ascent(parts, measure):
    """Weights of the parts of a score, one after another, by a validation metric.

    Args:
        parts: list of `[num_queries, num_items]` float arrays. The first has weight 1,
            and `-inf` where an item may not come; the others are tried at a grid of
            weights, relative to the parts' spreads, so that their scales do not matter.
        measure: function of two arrays and a list of shares that gives, for each
            share of the second added to the first, what is to be made large.

    Returns:
        `[num_parts]` float32 array.
    """
    spreads = [spread(scores) for scores in parts]
    units = [spreads[0] / each for each in spreads]
    shares = [1.0] + [0.0] * (len(parts) - 1)
    blended, best = parts[0], -np.inf
    for _ in range(ROUNDS):
        before = shares.copy()
        for place in range(1, len(parts)):
            scores = parts[place] * units[place]
            others = blended - shares[place] * scores
            values = measure(others, scores, GRID)
            if max(values) > best:
                best, shares[place] = max(values), GRID[int(np.argmax(values))]
            blended = others + shares[place] * scores
        if before == shares:
            break
    return np.multiply(shares, units).astype(np.float32)


def bagged_weights(pool, groups, seed):
    """Mean of the weights that `coordinate_ascent` finds for some groups at a time.

    What is best on all of validation is too sure of itself: it follows the few that
    decide there, such as the two or three new items that many people chose.

    Args:
        pool: `CandidatePool`.
        groups: `[num_targets]` int array, which right items are drawn together.
        seed: int, of the draws.

    Returns:
        `[num_parts]` float32 array.

    Reference:
        Breiman, Bagging Predictors, Machine Learning 1996,
        https://doi.org/10.1007/BF00058655
    """
    rng = np.random.default_rng(seed)
    names = np.unique(groups)
    size = max(1, round(BAG * len(names)))
    spreads = np.array([spread(part) for part in pool.parts])
    shares = np.zeros(len(spreads))
    for _ in range(NUM_BAGS):
        drawn = rng.choice(names, size, replace=False)
        bag = pool.of_targets(np.isin(groups, drawn))
        measure = functools.partial(bag.ndcg_of_blends, k=pool.cutoff)
        weights = coordinate_ascent(bag.parts, measure)
        shares += weights * spreads / (weights @ spreads)
    return (shares / NUM_BAGS / spreads).astype(np.float32)


def spread(scores):
    """Standard deviation of the scores of items that may come."""
    return max(float(scores[np.isfinite(scores)].std()), 1e-9)


def _mixed(weights, parts):
    pairs = zip(weights, parts, strict=False)
    return sum(weight * part for weight, part in pairs)


def _keep_informers(weights, scorers, parts):
    """Gives scorers that the probabilities need a weight that moves no rank."""
    for place, scorer in enumerate(scorers, start=1):
        if scorer.informs_probability and not weights[place]:
            weights[place] = LEAST * spread(parts[0]) / spread(parts[place])


def _mean(scores):
    return float(scores[np.isfinite(scores)].mean())
