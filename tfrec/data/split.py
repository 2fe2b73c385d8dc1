"""Splits: what a model may learn from, and what it is then asked.

Every rule here serves one promise: nothing that a model sees, in training or in a
query's history, happened at or after the moment of the question. Where the log has no
times, nothing that is asked about is seen.
"""

import logging
from dataclasses import dataclass, replace

import numpy as np

from tfrec.data.interactions import Interactions, Queries
from tfrec.data.repeats import first_events, first_of_each, may_be_target
from tfrec.errors import ConfigError, DataError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Split:
    """Events to learn from and questions about what came after.

    Attributes:
        name: kind of split.
        train: `Interactions` that a model may learn from.
        queries: `Queries` with their true items.
        is_cold: `[num_items]` bool, items without any event in `train`.
        cut: int UTC seconds; every event of `train` lies before it. 0 for a log
            without times.
        held_out: `[num_events]` bool of the log that was split: events since the cut,
            or the first question, that `train` does not hold.
    """

    name: str
    train: Interactions
    queries: Queries
    is_cold: np.ndarray
    cut: int
    held_out: np.ndarray


def make_split(
    interactions, kind, fraction, *, allow_repeats=False, seed=0, max_queries=None
):
    """Splits a log; splitting the `train` of a split again gives its validation.

    * `"rolling"`: each positive event from the cut on is a query; its history is
      live, all that the user did strictly before the event's (timestamp, sequence).
    * `"global"`: one query per user, asked at the cut, whose targets are all the
      positive items from the cut on.
    * `"leave-last-out"`: each user's last positive event. It leaks: other users'
      training events may lie after the moment of a query.
    * `"cold-items"`: as rolling, but a random share of items has no training event.
    * `"random"`: the only one of a log without times. A share of each user's events is
      held out, one at least of two or more; their positive items are the targets of
      one query, whose history is the user's other events.

    Args:
        interactions: `Interactions`.
        kind: one of the above.
        fraction: share of events, in time, from the cut on, or of each user's; for
            `"cold-items"` also the share of items that training never sees.
        allow_repeats: whether an item that is in the history may be a target.
            Without, each (user, item) is asked about once at most.
        seed: int, for cold items and the sample of queries.
        max_queries: int; a seeded sample is taken of more queries. None keeps all.

    Returns:
        A `Split`.

    Raises:
        ConfigError: `kind` or `fraction` is wrong, or `kind` does not fit the log.
        DataError: no event is left to learn from, or none to ask about.
    """
    if kind not in SPLITS:
        known = ", ".join(f'"{name}"' for name in SPLITS)
        raise ConfigError(f"`kind` must be one of {known}. Received: {kind!r}.")
    if not 0 < fraction < 1:
        raise ConfigError(
            "`fraction` must be between 0 and 1, both excluded, because both sides "
            f"need events. Received: {fraction}."
        )
    _check_times(interactions, kind)
    rng = np.random.default_rng(seed)
    in_train, queries, cut = SPLITS[kind](interactions, fraction, allow_repeats, rng)
    if not in_train.any() or not len(queries):
        raise DataError(
            f'A "{kind}" split with fraction {fraction} of {len(interactions)} events '
            f"leaves {np.count_nonzero(in_train)} to learn from and {len(queries)} "
            "questions with a positive answer; both must be positive. Use another "
            "fraction or kind, allow repeats, or look at the feedback rules."
        )
    since = min(cut, queries.timestamps.min())  # leave-last-out asks before its cut
    held_out = ~in_train & (interactions.timestamps >= since)
    if max_queries is not None and len(queries) > max_queries:
        kept = rng.choice(len(queries), max_queries, replace=False)
        queries = queries.take(np.sort(kept))
    train = interactions.select(in_train)
    counts = np.bincount(train.item_rows, minlength=train.num_items)
    return Split(kind, train, queries, counts == 0, int(cut), held_out)


def withhold_items(split, may_be, fraction, seed=0):
    """A split whose training knows nothing of some items, as if they were new.

    Args:
        split: `Split`.
        may_be: `[num_items]` bool, which items may be withheld.
        fraction: share of them that training never sees.
        seed: int.

    Returns:
        `(Split, is_withheld)`: the same questions, and `[num_items]` bool; no item is
        withheld if nothing would remain to learn from.
    """
    is_withheld = np.zeros_like(split.is_cold)
    known = np.flatnonzero(may_be & ~split.is_cold)
    is_withheld[_some(known, fraction, seed)] = True
    kept = ~is_withheld[split.train.item_rows]
    if not kept.any():
        return split, np.zeros_like(is_withheld)
    train, is_cold = split.train.select(kept), split.is_cold | is_withheld
    return replace(split, train=train, is_cold=is_cold), is_withheld


def _rolling(interactions, fraction, allow_repeats, rng):
    cut = _cut(interactions, fraction)
    is_late = interactions.timestamps >= cut
    is_target = may_be_target(interactions, allow_repeats) & is_late
    return ~is_late, next_item_queries(interactions, np.flatnonzero(is_target)), cut


def _global(interactions, fraction, allow_repeats, rng):
    cut = _cut(interactions, fraction)
    late_before = np.concatenate([[0], np.cumsum(interactions.timestamps >= cut)])
    num_late = np.diff(late_before[interactions.offsets])
    return _ask_each_user(interactions, num_late, cut, allow_repeats)


def _random(interactions, fraction, allow_repeats, rng):
    counts = np.diff(interactions.offsets)
    wanted = np.maximum(np.rint(counts * fraction).astype(np.int64), 1)
    num_held_out = np.minimum(wanted, np.maximum(counts - 1, 0))
    # Events are in random order, so the last of each user are a random share.
    return _ask_each_user(interactions, num_held_out, 0, allow_repeats)


def _ask_each_user(interactions, num_late, cut, allow_repeats):
    """One query per user, about the last `num_late` `[num_users]` of their events."""
    ends = interactions.offsets[1:] - num_late
    is_late = np.arange(len(interactions)) >= ends[interactions.user_rows]
    is_target = is_late & (interactions.labels == 1)
    if not allow_repeats:
        first = first_events(interactions)
        is_target &= first >= ends[interactions.user_rows]
    targets = first_of_each(interactions, is_target)
    user_rows, counts = np.unique(interactions.user_rows[targets], return_counts=True)
    queries = Queries(
        interactions=interactions,
        user_rows=user_rows,
        history_ends=ends[user_rows],
        timestamps=np.full(len(user_rows), cut, np.int64),
        target_offsets=np.concatenate([[0], np.cumsum(counts)]),
        target_rows=interactions.item_rows[targets],
        events=targets[np.cumsum(counts) - counts],
    )
    return ~is_late, queries, cut


def _leave_last_out(interactions, fraction, allow_repeats, rng):
    logger.warning(
        "leave-last-out leaks: training sees events of other users that happened "
        "after a query was asked, so its figures are too high. Prefer a split by time."
    )
    answers = np.flatnonzero(may_be_target(interactions, allow_repeats))
    user_rows = interactions.user_rows[answers]
    is_last = np.append(user_rows[1:] != user_rows[:-1], True)[: len(answers)]
    last = answers[is_last]
    ends = interactions.offsets[1:].copy()  # who has no query is learnt from whole
    ends[interactions.user_rows[last]] = interactions.group_starts[last]
    in_train = np.arange(len(interactions)) < ends[interactions.user_rows]
    cut = interactions.timestamps[in_train].max(initial=-1) + 1
    return in_train, next_item_queries(interactions, last), cut


def _cold_items(interactions, fraction, allow_repeats, rng):
    in_train, queries, cut = _rolling(interactions, fraction, allow_repeats, rng)
    cold = _some(np.unique(interactions.item_rows[in_train]), fraction, rng)
    return in_train & ~np.isin(interactions.item_rows, cold), queries, cut


def _some(items, fraction, seed):
    num_drawn = min(len(items), max(1, round(fraction * len(items))))
    return np.random.default_rng(seed).choice(items, num_drawn, replace=False)


SPLITS = {
    "global": _global,
    "rolling": _rolling,
    "leave-last-out": _leave_last_out,
    "cold-items": _cold_items,
    "random": _random,
}


def _check_times(interactions, kind):
    if interactions.has_times == (kind != "random"):
        return
    if interactions.has_times:
        raise ConfigError(
            'A "random" split must be of a log without times, because in a log with '
            "times training would see what happened after the questions. Received: a "
            'log with times. Use "rolling", or leave `evaluation.split` out.'
        )
    raise ConfigError(
        f'`evaluation.split` must be "random", because no event of the log has a time. '
        f'Received: "{kind}", which needs times. Leave it out.'
    )


def _cut(interactions, fraction):
    """First second of the last `fraction` of events; equal times are never parted."""
    timestamps = np.sort(interactions.timestamps)
    if not len(timestamps):
        return 0
    return timestamps[-max(1, round(len(timestamps) * fraction))]


def next_item_queries(interactions, events):
    """One query per event, about its item, asked just before its moment.

    Args:
        interactions: `Interactions`.
        events: `[q]` int array of places in it.

    Returns:
        `Queries`, one target each.
    """
    return Queries(
        interactions=interactions,
        user_rows=interactions.user_rows[events],
        history_ends=interactions.group_starts[events],
        timestamps=interactions.timestamps[events],
        target_offsets=np.arange(len(events) + 1),
        target_rows=interactions.item_rows[events],
        events=events,
    )
