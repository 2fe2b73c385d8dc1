"""Parts of an evaluation that deserve a figure of their own."""

import numpy as np

from tfrec.data.split import Split

SHORT_HISTORY = 5  # events; at most that many make a history short


def target_slices(split, query_of, rows):
    """Which true items belong to which slice; slices overlap.

    Args:
        split: a `Split`, or bare `Queries` (then only "short history").
        query_of: `[targets]` int array, the query of each true item.
        rows: `[targets]` int array, the item rows.

    Returns:
        dict of names to `[targets]` bool arrays, none of them empty: "short
        history" and, told by what training knows, "known users" and "new users",
        "warm items" and "cold items", where there are both.
    """
    queries = split.queries if isinstance(split, Split) else split
    starts = queries.interactions.offsets[queries.user_rows]
    is_short = queries.history_ends - starts <= SHORT_HISTORY
    slices = {"short history": is_short[query_of]}
    if isinstance(split, Split):
        is_known = np.diff(split.train.offsets)[queries.user_rows[query_of]] > 0
        is_cold = split.is_cold[rows]
        if not is_known.all():
            slices |= {"known users": is_known, "new users": ~is_known}
        if is_cold.any():
            slices |= {"warm items": ~is_cold, "cold items": is_cold}
    return {name: mask for name, mask in slices.items() if mask.any()}
