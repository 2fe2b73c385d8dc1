"""Weights of the parts of a score: chosen where they are measured."""

import logging

import numpy as np

logger = logging.getLogger(__name__)

GRID = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0, 64.0)
ROUNDS = 3  # over all parts; it settles after two
NUM_BAGS = 16
BAG = 0.3  # of the right items


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
    spreads = [spread(scores) for scores in block_scores]
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


def bagged_weights(pool, seed):
    """Mean of the weights that `choose_weights` gives for some right items at a time.

    Among a few hundred items the few that many people choose decide, and what finds
    them need not find the popular ones of tomorrow: each draw leaves most of them out.

    Args:
        pool: `ScorePool`.
        seed: int, of the draws.

    Returns:
        `[num_blocks]` float32 array.

    Reference:
        Breiman, Bagging Predictors, Machine Learning 1996,
        https://doi.org/10.1007/BF00058655
    """
    rng = np.random.default_rng(seed)
    items = np.unique(pool.target_rows)
    size = max(1, round(BAG * len(items)))
    spreads = np.array([spread(part) for part in pool.parts])
    shares = np.zeros(len(spreads))
    for _ in range(NUM_BAGS):
        some = rng.choice(items, size, replace=False)
        bag = pool.of_targets(np.isin(pool.target_rows, some))
        weights, _ = choose_weights(bag.parts, bag.steady_ndcg)
        shares += weights * spreads / (weights @ spreads)
    return (shares / NUM_BAGS / spreads).astype(np.float32)


def spread(scores):
    """Standard deviation of the scores of items that may come."""
    return max(float(scores[np.isfinite(scores)].std()), 1e-9)
