"""Tiny logs and catalogues for tests."""

import numpy as np
import pandas as pd

from tfrec.data.interactions import Interactions, Queries
from tfrec.data.schema import Items
from tfrec.data.split import Split


def make_log(events, num_items, num_users):
    """`Interactions` from `(user, item, timestamp[, value[, label]])` integer rows."""
    rows = sorted(
        (
            (*event, 1, 1)[:5] if len(event) == 3 else (*event, 1)[:5]
            for event in events
        ),
        key=lambda event: (event[0], event[2]),
    )
    columns = np.array(rows, float).reshape(-1, 5).T
    users, items, times, values, labels = columns
    counts = np.bincount(users.astype(int), minlength=num_users)
    return Interactions(
        item_ids=np.array([f"i{i}" for i in range(num_items)], object),
        user_ids=np.array([f"u{u}" for u in range(num_users)], object),
        event_names=np.array(["view"], object),
        user_rows=users.astype(np.int32),
        item_rows=items.astype(np.int32),
        event_rows=np.zeros(len(rows), np.int32),
        values=values.astype(np.float32),
        timestamps=times.astype(np.int64),
        sequences=np.zeros(len(rows), np.int64),
        labels=labels.astype(np.int8),
        weights=np.ones(len(rows), np.float32),
        offsets=np.concatenate([[0], np.cumsum(counts)]),
    )


def ask_all(log, targets, now=10**6):
    """One query per user over the whole history; `targets[u]` are the true items."""
    return Queries(
        interactions=log,
        user_rows=np.arange(log.num_users, dtype=np.int32),
        history_ends=log.offsets[1:],
        timestamps=np.full(log.num_users, now, np.int64),
        target_offsets=np.concatenate([[0], np.cumsum([len(t) for t in targets])]),
        target_rows=np.concatenate(targets).astype(np.int32),
    )


def make_split_of(name, train, queries, is_cold):
    """`Split` of a log that was never split."""
    held_out = np.zeros(len(queries.interactions), bool)
    return Split(name, train, queries, is_cold, cut=9, held_out=held_out)


def make_items(titles, categories=None):
    """`Items` i0, i1, ... with these titles."""
    categories = categories or [""] * len(titles)
    ids = [f"i{i}" for i in range(len(titles))]
    return Items(
        pd.DataFrame({"item_id": ids, "title": titles, "category": categories})
    )
