"""The rules of an evaluation in words, for those who read the report."""

import datetime

import numpy as np

QUESTIONS = {
    "rolling": (
        "Each event from the cut on is asked about, with all that its user did "
        "before as the live history"
    ),
    "global": (
        "Each user is asked about once, at the cut; right is every new item that "
        "the user chose afterwards"
    ),
    "leave-last-out": (
        "Each user's last event is asked about; training knows events of other "
        "users that happened later, so all figures here are too good"
    ),
    "cold-items": (
        "Each event from the cut on is asked about, with all that its user did "
        "before as the live history; a random share of the items has been removed "
        "from training"
    ),
}


def describe_protocol(split, allow_repeats=False):
    """What was asked, of what, under which rules.

    Args:
        split: `Split`.
        allow_repeats: as given to `evaluate`.

    Returns:
        dict of names to sentences and counts, for the report.
    """
    cut = datetime.datetime.fromtimestamp(split.cut, datetime.UTC)
    queries = split.queries
    return {
        "split": split.name,
        "cut": f"{cut:%Y-%m-%d %H:%M:%S} UTC",
        "question": QUESTIONS[split.name] + ".",
        "candidates": _candidates(split.train.num_items, allow_repeats),
        "ties": "Equal scores count against the right item; NaN is the worst score.",
        "intervals": "95 %, by drawing users (not single queries) with replacement.",
        "num_train_events": len(split.train),
        "num_queries": len(queries),
        "num_users_asked": len(np.unique(queries.user_rows)),
        "num_right_items": len(queries.target_rows),
        "num_items": split.train.num_items,
        "num_cold_items": int(split.is_cold.sum()),
    }


def _candidates(num_items, allow_repeats):
    seen = "including" if allow_repeats else "except"
    return f"All {num_items:,} items are ranked, {seen} those of the history."
