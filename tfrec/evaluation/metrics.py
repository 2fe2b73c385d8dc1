"""Metrics on plain arrays.

Ranking metrics take the ranks of the targets (`tfrec.evaluation.ranks`) and
return one value per query; probability metrics take labels and probabilities.
"""

import numpy as np

SMALLEST_PROBABILITY = 1e-7  # a certain and wrong answer costs 16 nats, not infinity


def recall(ranks, target_offsets, k):
    """Share of a query's targets that are among the best `k`.

    Args:
        ranks: `[targets]` int array, 1 is best.
        target_offsets: `[queries + 1]` int array, where each query's targets are.
        k: int, cut-off.

    Returns:
        `[queries]` float array, between 0 and 1.
    """
    return _sum(ranks <= k, target_offsets) / np.diff(target_offsets)


def precision(ranks, target_offsets, k):
    """Share of the best `k` that are targets; arguments as in `recall`."""
    return _sum(ranks <= k, target_offsets) / k


def hit_rate(ranks, target_offsets, k):
    """1 where any target is among the best `k`; arguments as in `recall`."""
    return np.minimum(_sum(ranks <= k, target_offsets), 1.0)


def mrr(ranks, target_offsets, k):
    """One over the rank of the best target, 0 beyond `k`; arguments as in `recall`."""
    best = np.minimum.reduceat(ranks, target_offsets[:-1])
    return np.where(best <= k, 1.0 / best, 0.0)


def ndcg(ranks, target_offsets, k):
    """Discounted gain over that of the ideal order; arguments as in `recall`.

    The ideal order puts all targets of the query, at most `k`, at the top.

    Reference:
        Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR
        techniques, 2002, https://doi.org/10.1145/582415.582418
    """
    gains = np.where(ranks <= k, 1.0 / np.log2(ranks + 1.0), 0.0)
    ideal = np.cumsum(1.0 / np.log2(np.arange(1, k + 1) + 1.0))
    num_reachable = np.minimum(np.diff(target_offsets), k)
    return _sum(gains, target_offsets) / ideal[num_reachable - 1]


def mean_average_precision(ranks, target_offsets, k):
    """Mean precision at the targets' ranks (MAP); arguments as in `recall`.

    Divided by the number of targets, at most `k`, so that 1 can be reached.
    """
    queries = _query_of_target(target_offsets)
    order = np.lexsort((ranks, queries))
    ordered = ranks[order]
    found = np.arange(len(ranks)) - target_offsets[:-1][queries] + 1
    gains = np.where(ordered <= k, found / ordered, 0.0)
    return _sum(gains, target_offsets) / np.minimum(np.diff(target_offsets), k)


def coverage(top_rows, num_items):
    """Share of the catalogue that someone is shown.

    Args:
        top_rows: `[queries, k]` int array; -1 is padding.
        num_items: int, size of the catalogue.
    """
    return len(np.unique(top_rows[top_rows >= 0])) / num_items


def auc(labels, scores):
    """Probability that a positive scores above a negative; a tie counts half.

    Args:
        labels: `[n]` bool array, True is positive.
        scores: `[n]` float array; NaN counts as wrong as can be.

    Returns:
        float, NaN when one of the classes is absent.
    """
    labels = np.asarray(labels, bool)
    scores = np.where(np.isnan(scores), np.where(labels, -np.inf, np.inf), scores)
    negatives = np.sort(scores[~labels])
    below = np.searchsorted(negatives, scores[labels], side="left")
    not_above = np.searchsorted(negatives, scores[labels], side="right")
    num_pairs = len(negatives) * np.count_nonzero(labels)
    return float((below + not_above).sum() / 2 / num_pairs) if num_pairs else np.nan


def log_loss(labels, probabilities):
    """Mean cross-entropy in nats; arguments as in `expected_calibration_error`."""
    return float(log_losses(labels, probabilities).mean())


def log_losses(labels, probabilities):
    """`[n]` cross-entropy of each example in nats; arguments as above."""
    labels, probabilities = _checked(labels, probabilities)
    right = np.where(labels, probabilities, 1.0 - probabilities)
    return -np.log(np.maximum(right, SMALLEST_PROBABILITY))


def expected_calibration_error(labels, probabilities, num_bins=15):
    """Mean distance between promised and observed share of positives.

    Args:
        labels: `[n]` bool array.
        probabilities: `[n]` float array; NaN counts as certain and wrong.
        num_bins: int, bins of equally many examples.

    Returns:
        float, between 0 and 1.

    Reference:
        Nixon et al., Measuring calibration in deep learning, CVPR workshops
        2019, https://arxiv.org/abs/1904.01685 (equal-mass bins)
    """
    promised, observed, counts = reliability(labels, probabilities, num_bins)
    return float(np.average(np.abs(promised - observed), weights=counts))


def reliability(labels, probabilities, num_bins=15):
    """The points of a reliability diagram; arguments as above.

    Equal probabilities always share a bin, so bins may be fewer and unequal.

    Returns:
        `(promised, observed, counts)`, each `[bins]`: mean probability, share
        of positives and number of examples, by growing probability.
    """
    labels, probabilities = _checked(labels, probabilities)
    values, groups = np.unique(probabilities, return_inverse=True)
    sizes = np.bincount(groups)
    middle = np.cumsum(sizes) - sizes / 2  # place of each value among all examples
    bins = (middle * num_bins / len(labels)).astype(int)[groups]
    counts = np.bincount(bins, minlength=num_bins)
    promised = np.bincount(bins, values[groups], num_bins)
    observed = np.bincount(bins, labels, num_bins)
    used = counts > 0
    return promised[used] / counts[used], observed[used] / counts[used], counts[used]


def _checked(labels, probabilities):
    labels = np.asarray(labels, bool)
    probabilities = np.asarray(probabilities, float)
    if len(labels) != len(probabilities) or not len(labels):
        raise ValueError(
            "`labels` and `probabilities` must have the same length, at least 1. "
            f"Received: {len(labels)} labels and {len(probabilities)} probabilities."
        )
    return labels, np.where(np.isnan(probabilities), ~labels, probabilities)


def _query_of_target(target_offsets):
    return np.repeat(np.arange(len(target_offsets) - 1), np.diff(target_offsets))


def _sum(values, target_offsets):
    queries = _query_of_target(target_offsets)
    return np.bincount(queries, values, minlength=len(target_offsets) - 1)
