"""What counts as a target where people meet the same item again."""

import dataclasses

import numpy as np

REPEAT_SHARE = 0.2  # of the events that are repeats, from which on they are learnt


def learns_repeats(interactions, repeats):
    """Whether an item that the user already has may be a target.

    Args:
        interactions: `Interactions`.
        repeats: `"never"`, `"allowed"`, or `"auto"`: where repeats are common.

    Returns:
        bool.
    """
    if repeats != "auto":
        return repeats == "allowed"
    is_repeat = first_events(interactions) != np.arange(len(interactions))
    return bool(is_repeat.mean() >= REPEAT_SHARE)


def may_be_target(interactions, allow_repeats):
    """Which events are learnt, and may be asked about.

    Args:
        interactions: `Interactions`.
        allow_repeats: bool; if False, an item is a target of its user once, and only
            if it is not in the event's own history.

    Returns:
        `[num_events]` bool array.
    """
    is_positive = interactions.labels == 1
    if allow_repeats:
        return is_positive
    is_new = first_events(interactions) >= interactions.group_starts
    found = np.zeros(len(interactions), bool)
    found[first_of_each(interactions, is_positive & is_new)] = True
    return found


def without_other_targets(interactions, allow_repeats):
    """`Interactions` with the label 0 where a positive event is no target.

    Such events are still part of the histories. Arguments as in `may_be_target`.
    """
    if allow_repeats:
        return interactions
    is_other = (interactions.labels == 1) & ~may_be_target(interactions, allow_repeats)
    labels = np.where(is_other, 0, interactions.labels).astype(np.int8)
    return dataclasses.replace(interactions, labels=labels)


def first_events(interactions):
    """`[n]` int64: the first event of the same user with the same item."""
    _, first, inverse = np.unique(
        _pairs(interactions), return_index=True, return_inverse=True
    )
    return first[inverse]


def first_of_each(interactions, mask):
    """Sorted indices of the first event of each (user, item) among those in `mask`."""
    events = np.flatnonzero(mask)
    _, first = np.unique(_pairs(interactions)[events], return_index=True)
    return events[np.sort(first)]


def _pairs(interactions):
    """`[n]` int64: one number per (user, item)."""
    users = interactions.user_rows.astype(np.int64)
    return users * interactions.num_items + interactions.item_rows
