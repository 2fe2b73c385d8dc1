"""How far a ScaNN index must search, found by measuring recall."""

import bisect
import functools

import numpy as np

from tfrec.progress import tracked
from tfrec.retrieval.scann_settings import SearchLevel

# Results; a search takes the next larger one.
DEPTHS = (10, 20, 50, 100, 250, 600, 1000)
LEAF_STEP = 1.15  # between one trial and the next
SMALL_STEP = 1.02  # where the held-out queries want a little more
REORDERS = range(1, 33)  # candidates scored exactly, per result
SPARE = 50  # more of them, for small depths
REORDER_STEP = 1.25  # between one trial and the next, beyond these
MOST_REORDERED = 0.1  # of all candidates; where such trials end
NUM_TRUE = 20_000  # right answers that measure a recall, so that its error is small
LEAST_QUERIES = 256  # that measure it, however deep
HASH_COST = 0.05  # of scoring a candidate by its hash; scoring it exactly is 1


def tune(search, true_rows, num_leaves, num_candidates, target):
    """The cheapest search for every depth that reaches the target.

    Half of the queries choose; the other half, which chose nothing, measure, and
    send the choice on until they agree. The target is reached when the recall is above
    it by its standard error: queries of tomorrow are others. A deep search tells more
    by each query, so that it is measured on fewer.

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
    levels, leaves = [], 1
    depths = [depth for depth in DEPTHS if depth <= true_rows.shape[1]]
    for depth in tracked(depths, "Tuning ScaNN, numbers of results"):
        choosing, held_out = _halves(search, true_rows, depth)
        trial = _cheapest(
            lambda *trial, choosing=choosing: choosing(*trial)[1],
            (depth, leaves, num_leaves, num_candidates),
            target,
        )
        measured, sure = held_out(*trial)
        while sure < target and trial[1:] != (num_leaves, num_candidates):
            trial = _further(trial, num_leaves, num_candidates)
            measured, sure = held_out(*trial)
        leaves = trial[1]  # a deeper search needs at least these
        levels.append(
            SearchLevel(
                depth=depth, leaves=leaves, reorder=trial[2], recall=float(measured)
            )
        )
    return levels


def _halves(search, true_rows, depth):
    """Two functions of a trial on other queries: recall, and what it surely is."""

    def measure(queries, *trial):
        truth = true_rows[queries, :depth]
        recalls = _recalls(np.asarray(search(queries, *trial)), truth)
        return recalls.mean(), recalls.mean() - recalls.std() / len(recalls) ** 0.5

    num_queries = min(len(true_rows), max(LEAST_QUERIES, NUM_TRUE // depth))
    middle = num_queries // 2
    parts = slice(0, middle or 1), slice(middle, num_queries)
    return [functools.partial(measure, part) for part in parts]


def _cheapest(recall, limits, target):
    """The leaves and the reordering that cost least and reach the target."""
    depth, leaves, num_leaves, num_candidates = limits
    reorders = _reorders(depth, num_candidates)
    leaf_cost = num_candidates / num_leaves * HASH_COST
    best = (depth, num_leaves, num_candidates)
    least = num_leaves * leaf_cost + num_candidates
    steps = _leaves(leaves, num_leaves)
    # Recall rises with either, so halving finds the first that is enough. Many exact
    # scores take long, and are tried only where some are too few for any leaves.
    for reorder in (reorders[len(reorders) // 2], reorders[-1]):
        first = _first_leaves(recall, (depth, steps, reorder), target)
        if first < len(steps):
            break
    for leaves in steps[first:]:
        # Only a cheaper trial counts, and the dearest of these tells if there is one.
        cheaper = [n for n in reorders if leaves * leaf_cost + n < least]
        if not cheaper:
            break
        if recall(depth, leaves, cheaper[-1]) < target:
            continue
        place = bisect.bisect_left(
            cheaper[:-1], target, key=lambda reorder: recall(depth, leaves, reorder)
        )
        best = (depth, leaves, cheaper[place])
        least = leaves * leaf_cost + cheaper[place]
    return _trimmed(recall, best, target)


def _first_leaves(recall, trials, target):
    depth, steps, reorder = trials
    return bisect.bisect_left(
        steps, target, key=lambda leaves: recall(depth, leaves, reorder)
    )


def _trimmed(recall, trial, target):
    """A trial that reaches the target, less what its steps were too large."""
    depth, leaves, reorder = trial
    fewer = range(max(1, int(leaves / LEAF_STEP)), leaves)
    place = bisect.bisect_left(fewer, target, key=lambda n: recall(depth, n, reorder))
    leaves = fewer[place] if place < len(fewer) else leaves
    fewer = range(max(depth, int(reorder / REORDER_STEP)), reorder)
    place = bisect.bisect_left(fewer, target, key=lambda n: recall(depth, leaves, n))
    return depth, leaves, fewer[place] if place < len(fewer) else reorder


def _reorders(depth, num_candidates):
    """Numbers of candidates to score exactly that are tried, rising."""
    steps = [SPARE + n * depth for n in REORDERS]
    while steps[-1] < MOST_REORDERED * num_candidates:
        steps.append(int(steps[-1] * REORDER_STEP))
    return [min(step, num_candidates) for step in steps]


def _leaves(first, last):
    """Numbers of leaves to try, rising by `LEAF_STEP`."""
    steps = [first]
    while steps[-1] < last:
        steps.append(min(last, int(steps[-1] * LEAF_STEP) + 1))
    return steps


def _further(trial, num_leaves, num_candidates):
    depth, leaves, reorder = trial
    return (
        depth,
        min(num_leaves, int(leaves * SMALL_STEP) + 1),
        min(num_candidates, int(reorder * SMALL_STEP) + 1),
    )


def _recalls(rows, true_rows):
    """`[num_queries]`: the share of its true rows that each query found."""
    query = np.arange(len(rows))[:, None] << 32  # a row of one is not that of another
    return np.isin(true_rows + query, rows + query).mean(axis=1)
