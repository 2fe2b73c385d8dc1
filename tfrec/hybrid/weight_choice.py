"""How much each scorer of the embedding counts: chosen where it is measured."""

import dataclasses
import logging
from typing import NamedTuple

import numpy as np

from tfrec.hybrid.candidate_pool import pool_candidates
from tfrec.hybrid.new_item_boost import choose_new_item_boost
from tfrec.hybrid.weight_search import bagged_weights, spread
from tfrec.hybrid.weights import Weights

logger = logging.getLogger(__name__)

LEAST = 1e-3  # relative weight of a scorer that the probabilities need: moves no rank


class ValidationScores(NamedTuple):
    """How well weights rank."""

    steady: float  # NDCG at `CandidatePool.cutoff` of known items among themselves
    new: float  # the same of new items; 0 if there are too few
    ndcg: float  # NDCG@10 of what is shown


def weigh(hybrid, queries, allow_repeats, new_item_cost, seed):
    """Weights of a hybrid's scorers that rank the targets of queries best.

    Args:
        hybrid: `HybridScorer` whose weights are all 1.
        queries: `Queries` from after the events that it learnt from.
        allow_repeats: bool, whether items of the history may come; only then do
            weights for an item's own past have a use.
        new_item_cost: float, share of the known items' NDCG@10 that new ones may take.
        seed: int.

    Returns:
        `(Weights, ValidationScores)`.
    """
    pool = pool_candidates(hybrid, queries, allow_repeats)
    of_known, of_new = pool.among(new=False), pool.among(new=True)
    num_scorers = len(hybrid.scorers) + 1
    decisive = of_known if len(of_known) else pool
    found = bagged_weights(decisive, decisive.query_of, seed)
    steady = decisive.steady_ndcg(_mixed(found, decisive.parts))
    _keep_informers(found, hybrid.scorers, pool.parts)
    weighting = Weights(of_known_items=found[:num_scorers])
    if allow_repeats:
        own = tuple(found[num_scorers:].tolist())
        weighting = dataclasses.replace(weighting, repeat=own)
    new = 0.0
    if of_new.is_enough:
        weighting = weigh_new(weighting, of_new, hybrid.scorers, seed)
        new = of_new.steady_ndcg(blend(weighting, of_new))
    scores = blend(weighting, pool)
    bonus = choose_new_item_boost(scores, pool, new_item_cost)
    reached = ValidationScores(steady, new, pool.ndcg(scores + bonus * pool.is_new, 10))
    logger.debug(
        "Weights of the scorers reach NDCG@%d %.4f among known items, NDCG@%d %.4f "
        "among new ones; NDCG@10 of what is shown is %.4f.",
        *(decisive.cutoff, reached.steady, of_new.cutoff, reached.new, reached.ndcg),
    )
    return dataclasses.replace(weighting, new_item_boost=bonus), reached


def blend(weighting, pool):
    """`[num_queries, width]` scores of a `CandidatePool`, without exposure."""
    known, new = (
        _mixed([*weights, *weighting.repeat], pool.parts)
        for weights in weighting.stacked
    )
    return np.where(pool.is_new, new + weighting.new_level, known)


def weigh_new(weighting, pool, scorers, seed):
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
