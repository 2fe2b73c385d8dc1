"""Weights of the parts of a score: chosen where they are measured."""

import functools

import numpy as np

GRID = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0, 64.0)
ROUNDS = 3  # over all parts; it settles after two
NUM_BAGS = 8
BAG = 0.3  # of the groups


def choose_weights(scorer_scores, measure):
    """Weights of the scorers by coordinate ascent on a validation metric.

    Args:
        scorer_scores: list of `[num_queries, num_items]` float arrays. The first
            scorer has weight 1, and `-inf` where an item may not come; the others
            are tried at a grid of weights, relative to the scorers' spreads, so that
            their scales do not matter.
        measure: function of two arrays and a list of shares that gives, for each
            share of the second added to the first, what is to be made large.

    Returns:
        `[num_scorers]` float32 array.
    """
    spreads = [spread(scores) for scores in scorer_scores]
    units = [spreads[0] / each for each in spreads]
    shares = [1.0] + [0.0] * (len(scorer_scores) - 1)
    blended, best = scorer_scores[0], -np.inf
    for _ in range(ROUNDS):
        before = shares.copy()
        for place in range(1, len(scorer_scores)):
            scores = scorer_scores[place] * units[place]
            others = blended - shares[place] * scores
            values = measure(others, scores, GRID)
            if max(values) > best:
                best, shares[place] = max(values), GRID[int(np.argmax(values))]
            blended = others + shares[place] * scores
        if before == shares:
            break
    return np.multiply(shares, units).astype(np.float32)


def bagged_weights(pool, groups, seed):
    """Mean of the weights that `choose_weights` gives for some of the groups at a time.

    What is best on all of validation is too sure of itself: it follows the few that
    decide there, such as the two or three new items that many people chose.

    Args:
        pool: `CandidatePool`.
        groups: `[num_targets]` int array, which right items are drawn together.
        seed: int, of the draws.

    Returns:
        `[num_scorers]` float32 array.

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
        weights = choose_weights(bag.parts, measure)
        shares += weights * spreads / (weights @ spreads)
    return (shares / NUM_BAGS / spreads).astype(np.float32)


def spread(scores):
    """Standard deviation of the scores of items that may come."""
    return max(float(scores[np.isfinite(scores)].std()), 1e-9)
