"""The rules of an evaluation in words, for those who read the report."""

import datetime

import numpy as np

QUESTIONS = {
    "rolling": (
        "Each positive event from the cut on is a question. Its history is live: "
        "all that the user did before the event"
    ),
    "global": (
        "Each user is one question, at the cut. Right is every new item that the "
        "user chose afterwards"
    ),
    "leave-last-out": (
        "Each user's last positive event is a question. Training sees later events "
        "of other users, so all figures here are too high"
    ),
    "cold-items": (
        "Each positive event from the cut on is a question. Its history is live: "
        "all that the user did before the event. A random share of the items has no "
        "training event"
    ),
    "random": (
        "No event has a time. Each user is one question. A random share of the user's "
        "events is held out, and right is every new item of theirs; the history is "
        "the user's other events, in random order"
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
    queries, has_times = split.queries, split.train.has_times
    return {
        "split": split.name,
        "cut": f"{cut:%Y-%m-%d %H:%M:%S} UTC" if has_times else "none",
        "question": QUESTIONS[split.name] + ".",
        "candidates": _candidates(split.train, allow_repeats),
        "ties": "Equal scores count against the right item; NaN is the worst score.",
        "intervals": "95 %, from a bootstrap over users (not single questions).",
        "num_train_events": len(split.train),
        "num_queries": len(queries),
        "num_users_asked": len(np.unique(queries.user_rows)),
        "num_right_items": len(queries.target_rows),
        "num_items": split.train.num_items,
        "num_cold_items": int(split.is_cold.sum()),
    }


def _candidates(log, allow_repeats):
    seen = "including" if allow_repeats else "except"
    who = f"All {log.num_items:,} items"
    if log.availability is not None:
        who = f"Of {log.num_items:,} items those that could be had when it was asked"
    after = ""
    if log.prerequisites is not None:
        after = " Those whose prerequisites are not in the history are left out."
    if log.own_items is not None:
        after += " Nobody is a candidate for themselves."
    return f"{who} are ranked, {seen} those of the history.{after}"
