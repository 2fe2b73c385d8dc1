"""Histories of queries as padded arrays."""

import numpy as np


def pack_histories(queries, max_length):
    """The latest events of each query's history, oldest first, then padding.

    Args:
        queries: `Queries`.
        max_length: int, most events per history.

    Returns:
        Dict of `[num_queries, max_length]` arrays: `item_rows` (-1 = padding),
        `event_rows`, `values`, `timestamps`.
    """
    log = queries.interactions
    starts = np.maximum(
        log.offsets[queries.user_rows], queries.history_ends - max_length
    )
    events = starts[:, None] + np.arange(max_length)
    is_real = events < queries.history_ends[:, None]
    events = np.where(is_real, events, 0)
    columns = ("item_rows", "event_rows", "values", "timestamps")
    packed = {name: getattr(log, name)[events] for name in columns}
    packed["item_rows"] = np.where(is_real, packed["item_rows"], -1)
    return packed
