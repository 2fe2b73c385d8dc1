"""Histories of queries as padded arrays."""

import numpy as np

from tfrec.data.interactions import Queries


def pack_histories(queries, max_length, **others):
    """The latest events of each query's history, oldest first, then padding.

    Args:
        queries: `Queries`.
        max_length: int, most events per history.
        **others: further columns of the log, `[num_events]` arrays.

    Returns:
        Dict of `[num_queries, width]` arrays, as wide as the longest history kept
        and at least 1: `item_rows` (-1 = padding), `event_rows`, `values`,
        `timestamps` and the others.
    """
    log = queries.interactions
    starts = np.maximum(
        log.offsets[queries.user_rows], queries.history_ends - max_length
    )
    width = max(int((queries.history_ends - starts).max(initial=0)), 1)
    events = starts[:, None] + np.arange(width)
    is_real = events < queries.history_ends[:, None]
    events = np.where(is_real, events, 0)
    columns = ("item_rows", "event_rows", "values", "timestamps")
    packed = {name: getattr(log, name)[events] for name in columns}
    packed |= {name: column[events] for name, column in others.items()}
    packed["item_rows"] = np.where(is_real, packed["item_rows"], -1)
    return packed


def end_queries(interactions, most, seed=0):
    """Queries of a sample of users with their whole history, asked at its end.

    Args:
        interactions: `Interactions`.
        most: int, users in the sample.
        seed: int.

    Returns:
        `Queries`, whose targets are the users' own last items.
    """
    users = np.flatnonzero(np.diff(interactions.offsets))
    if len(users) > most:
        users = np.random.default_rng(seed).choice(users, most, replace=False)
    return queries_at_end(interactions, users)


def queries_at_end(interactions, users):
    """One query for each of `[n]` user rows, asked after the user's last event.

    The users have events; the targets are their own last items.
    """
    ends = interactions.offsets[users + 1]
    return Queries(
        interactions=interactions,
        user_rows=users.astype(np.int32),
        history_ends=ends,
        timestamps=interactions.timestamps[ends - 1] + 1,
        target_offsets=np.arange(len(users) + 1),
        target_rows=interactions.item_rows[ends - 1],
    )
