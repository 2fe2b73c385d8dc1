"""Whether reasons are true: what a score loses without the event that is named."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tfrec.data.interactions import Queries
from tfrec.data.packing import pack_histories
from tfrec.evaluation.bootstrap import resampled_means
from tfrec.evaluation.evaluate import Ranker, strike_forbidden
from tfrec.evaluation.ranks import top_rows
from tfrec.reasons.naming import may_be_named, most_specific

MOST_QUESTIONS = 500
LIST_LENGTH = 10  # as a gateway shows: which event is named depends on the whole list
BATCH_SIZE = 64  # questions

Packed = dict[str, np.ndarray]  # as `pack_histories` gives it


class Explainer(Protocol):
    """A model that scores single items for any history, and says where scores are from.

    Attributes:
        max_history_length: most events of a history that count.
        is_dislike: `[num_event_names]` bool, kinds that never speak of interest.
    """

    max_history_length: int
    is_dislike: np.ndarray

    def shares(self, packed: Packed, queries: Queries, rows: np.ndarray) -> np.ndarray:
        """How much each event speaks for items: `[queries, n, length]`, none negative.

        Args:
            packed: histories, raw values.
            queries: whose users and times they are.
            rows: `[queries, n]` int array of item rows.
        """
        ...

    def scores(self, packed: Packed, queries: Queries, rows: np.ndarray) -> np.ndarray:
        """Scores `[queries, n]` of items; arguments as of `shares`."""
        ...


@dataclass(frozen=True)
class Deletions:
    """What scores lost, for one recommended item of each question.

    Attributes:
        named: `[n]` floats, without the event that the reason names.
        other: `[n]` floats, without one other event of the same history, at random.
        user_rows: `[n]` int, for intervals.
        num_unnamed: questions besides, for which no event may be named.
    """

    named: np.ndarray
    other: np.ndarray
    user_rows: np.ndarray
    num_unnamed: int


def delete_events(
    explainer: Explainer,
    recommender: Ranker,
    queries: Queries,
    *,
    allow_repeats: bool = False,
    most: int = MOST_QUESTIONS,
    seed: int = 0,
) -> Deletions:
    """Takes the named event, and then another one, out of histories.

    Of each question's list one item is drawn. Only histories of at least two events are
    asked, or there would be no other one.

    Args:
        explainer: the model.
        recommender: the same model, fitted, as the evaluation sees it.
        queries: `Queries`.
        allow_repeats: whether items of the history may be recommended.
        most: a seeded sample is taken of more questions.
        seed: of the sample, the items and the other events.
    """
    rng = np.random.default_rng(seed)
    starts = queries.interactions.offsets[queries.user_rows]
    asked = np.flatnonzero(queries.history_ends - starts >= 2)
    if len(asked) > most:
        asked = np.sort(rng.choice(asked, most, replace=False))
    lost = [
        _lost(explainer, recommender, batch, allow_repeats, rng)
        for batch in queries.take(asked).in_batches(BATCH_SIZE)
    ]
    if not lost:
        return Deletions(np.zeros(0), np.zeros(0), np.zeros(0, np.int32), 0)
    named, other, users = map(np.concatenate, zip(*lost, strict=True))
    return Deletions(named, other, users, len(asked) - len(named))


def judge_deletions(
    deletions: Deletions, num_samples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Mean losses, their ratio, and how often the named event is worth more.

    Args:
        deletions: of at least one question.
        num_samples: of the bootstrap over users.
        seed: of the bootstrap.

    Returns:
        dict of `num_questions`, `num_unnamed` and, each with `mean` and the 95 %
        `interval`, `named`, `other`, `ratio` and `is_larger`, the share of questions in
        which the named event is worth more than the other one.
    """
    is_larger = deletions.named > deletions.other
    values = np.stack([deletions.named, deletions.other, is_larger], axis=1)
    means = np.vstack(
        [
            values.mean(axis=0, dtype=float),
            resampled_means(values, deletions.user_rows, num_samples, seed),
        ]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(means[:, 1] > 0, means[:, 0] / means[:, 1], np.inf)
    columns = {"named": means[:, 0], "other": means[:, 1]}
    columns |= {"ratio": ratios, "is_larger": means[:, 2]}
    judged = {name: _with_interval(column) for name, column in columns.items()}
    counts = {"num_questions": len(values), "num_unnamed": deletions.num_unnamed}
    return counts | judged


def _with_interval(column):
    """Of a mean, followed by those of the bootstrap's samples."""
    low, high = np.quantile(column[1:], [0.025, 0.975], method="nearest")
    return {"mean": float(column[0]), "interval": [float(low), float(high)]}


def _lost(explainer, recommender, queries, allow_repeats, rng):
    """`(named, other, user_rows)` of those of a batch for which an event is named."""
    most = explainer.max_history_length
    longer = pack_histories(queries, most + 1)  # a deletion lets an older one in
    is_full = (longer["item_rows"] >= 0).sum(axis=1) > most
    whole = without(longer, np.where(is_full, 0, -1))
    rows = _list(recommender, queries, allow_repeats)
    shares = explainer.shares(whole, queries, rows)
    shares = np.where((rows >= 0)[..., None], np.maximum(shares, 0), 0)
    items, named, others = _draw(explainer, queries, whole, shares, rng)
    kept = np.flatnonzero(named >= 0)
    rows = rows[np.arange(len(rows)), items][:, None]

    def score(packed):
        return explainer.scores(packed, queries, rows)[kept, 0].astype(float)

    before = score(whole)
    losses = (before - score(without(longer, p + is_full)) for p in (named, others))
    return *losses, queries.user_rows[kept]


def _list(recommender, queries, allow_repeats):
    """`[queries, LIST_LENGTH]` rows of what each is recommended, -1 for none."""
    scores = np.array(recommender.score(queries))  # a copy, to write into
    strike_forbidden(scores, queries, allow_repeats)
    return top_rows(scores, LIST_LENGTH)


def _draw(explainer, queries, packed, shares, rng):
    """`[queries]` each: an item of the list, its named event, and another event.

    The event is -1 where none may be named for any item.
    """
    found = np.full((3, len(queries)), -1)
    found[0] = 0
    names = queries.interactions.event_names
    for place in range(len(queries)):
        length = np.count_nonzero(packed["item_rows"][place] >= 0)
        kinds = packed["event_rows"][place, :length]
        values = packed["values"][place, :length].astype(float)
        may_be = may_be_named(names[kinds], values, explainer.is_dislike[kinds])
        named = np.array(most_specific(shares[place, :, :length], may_be))
        if (named >= 0).any():
            item = rng.choice(np.flatnonzero(named >= 0))
            event = named[item]
            other = rng.integers(length - 1)
            found[:, place] = item, event, other + (other >= event)
    return found


def without(packed: Packed, places: np.ndarray) -> Packed:
    """Histories without one event each, as wide as before.

    Args:
        packed: as `pack_histories` gives them.
        places: `[queries]` int array; of a negative one nothing is taken.
    """
    columns = np.arange(packed["item_rows"].shape[1])
    is_later = (columns >= places[:, None]) & (places >= 0)[:, None]
    taken = {}
    for name, array in packed.items():
        padding = -1 if name == "item_rows" else 0
        longer = np.pad(array, [(0, 0), (0, 1)], constant_values=padding)
        taken[name] = np.take_along_axis(longer, columns + is_later, axis=1)
    return taken
