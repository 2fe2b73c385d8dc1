"""Which event of a history is the reason for an item."""

import math
from collections.abc import Sequence

import numpy as np

NEAR = 0.2  # of the largest share: an event that has it is a good reason, too
MOST_EVENTS = 5  # that carry an item, in its evidence
RATED = frozenset({"rating", "rate"})  # kinds whose value says something to people


def may_be_named(
    kinds: Sequence[str], values: np.ndarray, is_dislike: np.ndarray
) -> np.ndarray:
    """Which events may be a reason: no dislikes, and no low ratings of the person.

    Args:
        kinds: `[events]` names.
        values: `[events]` floats, NaN for none.
        is_dislike: `[events]` bool.

    Returns:
        `[events]` bool; a rating is low if it is below the middle of all ratings.

    Example:
        >>> may_be_named(["rate", "rate"], np.array([1.0, 5.0]), np.array([False] * 2))
        array([False,  True])
    """
    is_rating = np.array([kind in RATED for kind in kinds], bool)
    known = values[is_rating & ~np.isnan(values)]
    middle = np.median(known) if known.size else -math.inf
    return ~is_dislike & ~(is_rating & (values < middle))


def most_specific(shares: np.ndarray, may_be: np.ndarray) -> list[int]:
    """For each item the event that tells it best from the other items.

    Of the events whose share is at least a fifth of the item's largest, it is the one
    whose share is largest beside its mean share over all items; of equals, the one
    with the larger share.

    Args:
        shares: `[items, events]`, none negative.
        may_be: `[events]` bool, those that may be named.

    Returns:
        A place in `events` for each item, -1 where none has such a share.

    Example:
        >>> shares = np.array([[0.6, 0.4], [0.7, 0.3], [0.0, 0.0]])
        >>> most_specific(shares, np.array([True, True]))
        [1, 0, -1]
    """
    largest = shares.max(axis=1, keepdims=True)
    is_near = (shares > 0) & (shares >= NEAR * largest) & may_be
    mean = np.maximum(shares.mean(axis=0), np.finfo("float32").tiny)
    order = np.lexsort((shares, shares / mean, is_near))[:, -1]
    return np.where(is_near.any(axis=1), order, -1).tolist()


def carrying(shares: np.ndarray, named: int) -> list[int]:
    """Places of the events that carry one item, the largest share first.

    Args:
        shares: `[events]` of the item, none negative.
        named: the event that `most_specific` found, -1 for none.

    Returns:
        At most five places: those with at least a fifth of the largest share, the
        named one always among them.

    Example:
        >>> carrying(np.array([0.1, 0.6, 0.3, 0.0]), 2)
        [1, 2]
    """
    is_near = (shares > 0) & (shares >= NEAR * shares.max(initial=0))
    near = np.flatnonzero(is_near)
    kept = near[np.argsort(-shares[near], kind="stable")][:MOST_EVENTS].tolist()
    if named >= 0 and named not in kept:
        kept[-1] = named
    return kept
