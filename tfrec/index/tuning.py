"""How far a ScaNN index must search, found by measuring recall."""

import bisect

import numpy as np

from tfrec.index.policy import SearchLevel

DEPTHS = (
    10,
    20,
    50,
    100,
    250,
    600,
    1000,
)  # results; a search takes the next larger one
LEAF_STEP = 1.15  # between one trial and the next
REORDERS = range(1, 33)  # candidates scored exactly, per result
SPARE = 50  # more of them, for small depths


def tune(search, true_rows, num_leaves, num_candidates, target):
    """The cheapest search for every depth that reaches the target.

    Half of the queries choose; the other half, which chose nothing, measure, and
    send the choice on until they agree.

    Args:
        search: function of (queries, depth, leaves, reorder), where `queries` is
            a slice of the sample, that gives int rows `[n, depth]`.
        true_rows: `[num_queries, max_depth]` int array, the exact answers.
        num_leaves: int, of the tree.
        num_candidates: int.
        target: float, recall@depth to reach.

    Returns:
        List of `SearchLevel`, by rising depth; `recall` is the held-out figure.
    """
    middle = len(true_rows) // 2
    choosing, held_out = slice(0, middle or 1), slice(middle, len(true_rows))

    def recall(queries, trial):
        truth = true_rows[queries, : trial[0]]
        return _recall(np.asarray(search(queries, *trial)), truth)

    levels, leaves = [], 1
    for depth in (d for d in DEPTHS if d <= true_rows.shape[1]):
        trial = _cheapest(
            lambda *trial: recall(choosing, trial),
            (depth, leaves, num_leaves, num_candidates),
            target,
        )
        measured = recall(held_out, trial)
        while measured < target and trial[1:] != (num_leaves, num_candidates):
            trial = _further(*trial, num_leaves, num_candidates)
            measured = recall(held_out, trial)
        leaves = trial[1]  # a deeper search needs at least these
        levels.append(
            SearchLevel(
                depth=depth, leaves=leaves, reorder=trial[2], recall=float(measured)
            )
        )
    return levels


def _cheapest(recall, limits, target):
    """Fewest leaves that lose half of what may be lost, then least reordering."""
    depth, leaves, num_leaves, num_candidates = limits
    reorders = [min(SPARE + n * depth, num_candidates) for n in REORDERS]
    steps = _leaves(leaves, num_leaves)
    # Recall rises with either, so halving finds the first that is enough.
    place = bisect.bisect_left(
        steps[:-1], (1 + target) / 2, key=lambda n: recall(depth, n, reorders[-1])
    )
    leaves = steps[place]
    place = bisect.bisect_left(reorders, target, key=lambda n: recall(depth, leaves, n))
    if place == len(reorders):
        return depth, num_leaves, num_candidates
    return depth, leaves, reorders[place]


def _leaves(first, last):
    """Numbers of leaves to try, rising by `LEAF_STEP`."""
    steps = [first]
    while steps[-1] < last:
        steps.append(min(last, int(steps[-1] * LEAF_STEP) + 1))
    return steps


def _further(depth, leaves, reorder, num_leaves, num_candidates):
    return (
        depth,
        min(num_leaves, int(leaves * LEAF_STEP) + 1),
        min(num_candidates, int(reorder * LEAF_STEP) + 1),
    )


def _recall(rows, true_rows):
    pairs = zip(rows, true_rows, strict=True)
    return np.mean([np.isin(found, true).sum() / len(true) for found, true in pairs])
