"""Labelled pairs from after the cut, and the probabilities they teach."""

import dataclasses
import logging

import numpy as np

from tfrec.baselines.interest_probability import FactorisedInterest, LogisticInterest
from tfrec.data.interactions import Queries
from tfrec.data.repeats import without_other_targets
from tfrec.data.split import next_item_queries
from tfrec.hybrid.offline_scores import HybridRecommender
from tfrec.linear.logistic import fit_logistic
from tfrec.linear.rating_factors import MIN_NEGATIVES
from tfrec.progress import tracked

logger = logging.getLogger(__name__)

MAX_PAIRS = 20_000
MAX_BASELINE_PAIRS = 100_000
TRIES = 20  # draws of an item that can be had at a time
MIN_SLOPE = 1e-3  # of the scores, whatever the labels say: it keeps their order


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Questions of interest with a known answer."""

    queries: Queries  # one target each
    labels: np.ndarray  # [n] 1 = interest, 0 = none
    is_explicit: bool  # whether the zeros are reactions, not just sampled items

    @property
    def counts(self):
        """`(positive, negative)` labels."""
        num_positive = int(self.labels.sum())
        return num_positive, len(self.labels) - num_positive


@dataclasses.dataclass(frozen=True)
class LabelPlan:
    """What the zeros are, in calibration and in the report alike.

    Probabilities that were fitted to one kind of zeros are wrong on the other: an item
    that somebody refused is far nearer to the user's taste than one drawn at random.
    """

    negatives: dict  # part of the split -> its explicit negatives

    @property
    def is_explicit(self):
        """Whether every part has enough explicit negatives to go by."""
        return min(self.negatives.values()) >= MIN_NEGATIVES


def explicit_negatives(interactions, held_out, seed, allow_repeats, *, items=None):
    """How many of the reactions that `labelled_pairs` takes are refusals."""
    rng = np.random.default_rng(seed)
    interactions = interactions.labelled_by_interest()
    events = _reactions(interactions, held_out, rng, allow_repeats, MAX_PAIRS, items)
    return int((interactions.labels[events] < 0).sum())


def labelled_pairs(
    interactions,
    held_out,
    seed,
    allow_repeats,
    is_explicit,
    max_pairs=MAX_PAIRS,
    *,
    items=None,
):
    """What users showed of interest and disinterest in events that were held out.

    Args:
        interactions: the whole log, histories included.
        held_out: `[num_events]` bool array, as in `Split`.
        seed: int.
        allow_repeats: bool; if False, an item counts as liked the first time only.
        is_explicit: whether explicit negatives are the zeros, as in `LabelPlan`;
            otherwise there is one uniformly drawn item for each positive, of those
            that the user can have at that time.
        max_pairs: int, reactions; a seeded sample is taken of more.
        items: `[num_items]` bool array, those that are asked about; None for all.

    Returns:
        `Pairs`.
    """
    rng = np.random.default_rng(seed)
    interactions = interactions.labelled_by_interest()
    events = _reactions(interactions, held_out, rng, allow_repeats, max_pairs, items)
    positive = interactions.labels[events] > 0
    if is_explicit:
        return Pairs(next_item_queries(interactions, events), positive, True)
    events = events[positive]
    items = np.ones(interactions.num_items, bool) if items is None else items
    drawn = _drawn(interactions, events, np.flatnonzero(items), rng)
    both = next_item_queries(interactions, np.concatenate([events, events]))
    rows = np.concatenate([interactions.item_rows[events], drawn])
    positive = np.repeat([True, False], len(events))
    return Pairs(dataclasses.replace(both, target_rows=rows), positive, False)


def _drawn(interactions, events, items, rng):
    """`[n]` int32 rows of `items`, one for each event; the last of `TRIES` if none fit.

    Drawn again where the user cannot have an item at the time of the event.
    """
    queries = next_item_queries(interactions, events)
    drawn = rng.choice(items.astype(np.int32), len(events))
    for _ in range(TRIES):
        is_absent = ~_can_be_had(dataclasses.replace(queries, target_rows=drawn))
        if not is_absent.any():
            break
        drawn[is_absent] = rng.choice(items, is_absent.sum())
    return drawn


def _can_be_had(queries):
    """`[n]` bool: whether each query's one target may be recommended to it."""
    log, found = queries.interactions, np.ones(len(queries), bool)
    if log.availability is not None:
        found &= log.availability.of_pairs(queries.target_rows, queries.timestamps)
    if log.prerequisites is not None:
        found &= log.prerequisites.of_targets(queries)
    if log.own_items is not None:
        found &= log.own_items[queries.user_rows] != queries.target_rows
    return found


def _reactions(interactions, held_out, rng, allow_repeats, max_pairs, items):
    """Sorted places of the events that are asked about, a sample of many."""
    labels = without_other_targets(interactions, allow_repeats).labels
    is_asked = held_out & (labels != 0)
    if items is not None:
        is_asked &= items[interactions.item_rows]
    events = np.flatnonzero(is_asked)
    if len(events) > max_pairs:
        events = np.sort(rng.choice(events, max_pairs, replace=False))
    return events


def interest_features(hybrid, pairs):
    """`[n, 3]` array: logits of interest head and rating factors, score of each pair.

    The score is without what is added to new items for exposure.
    """
    interests = _interests(hybrid, pairs.queries)
    rows = pairs.queries.target_rows
    logits = hybrid.ratings(interests, hybrid.unscaled_vectors(rows)[:, None])
    candidates = hybrid.vectors(rows).numpy()
    scores = (interests * candidates)[:, :-1].sum(axis=1)
    if hybrid.has_repeats:
        scores += HybridRecommender(hybrid).repeat_bonus(pairs.queries)
    return np.column_stack([*(each[:, 0] for each in logits), scores])


def _interests(hybrid, queries):
    """`[n, dim]` interest vectors, computed once where several pairs share theirs."""
    keys = (queries.user_rows, queries.history_ends, queries.timestamps)
    _, first, places = np.unique(
        np.stack(keys), axis=1, return_index=True, return_inverse=True
    )
    places = places.ravel()  # NumPy 2.0.0 gives it two axes
    return HybridRecommender(hybrid).interests(queries.take(first))[places]


def calibrate(model, pairs):
    """Sets a model's weighting so that scores are logits of interest.

    The scores' own slope is positive, so no order changes; the probability that is
    reported also hears the interest head.

    Args:
        model: `HybridModel` with weighed scorers.
        pairs: `Pairs` from after the events that it learnt from.
    """
    logger.info("Calibrating on %d positive and %d negative examples.", *pairs.counts)
    features = interest_features(model.hybrid_scorer(), pairs)
    l2 = model.initial_settings.logistic_l2
    slopes, bias = fit_logistic(features[:, 2:], pairs.labels, l2=l2)
    slope = max(float(slopes[0]), MIN_SLOPE)
    features[:, 2] = slope * features[:, 2] + bias  # as the new weighting scores
    slopes, intercept = fit_logistic(features, pairs.labels, l2=l2)
    names = ("head_slope", "rating_slope", "score_slope")
    chosen = dict(zip(names, slopes.tolist(), strict=True))
    chosen["probability_of"] = "liked" if pairs.is_explicit else "chosen"
    model.weights = dataclasses.replace(
        model.weights.times(slope), bias=bias, **chosen, intercept=intercept
    )
    model.is_calibrated = True


def probabilities(hybrid, pairs):
    """`[n]` P(interest) of the pairs, as the saved model reports them."""
    how = hybrid.weights
    slopes = (how.head_slope, how.rating_slope, how.score_slope)
    logits = interest_features(hybrid, pairs) @ slopes + how.intercept
    return 1 / (1 + np.exp(-logits))


def baseline_probabilities(towers, train, pairs, seed):
    """Name -> `[n]` P(interest) of the pairs, by baselines that learn from `train`.

    Args:
        towers: `TwoTower`, for the text vectors of its items and profiles.
        train: `Interactions`.
        pairs: `Pairs` that are asked about.
        seed: int.
    """
    everything = np.ones(len(train), bool)
    known = labelled_pairs(
        train,
        everything,
        seed,
        towers.allow_repeats,
        pairs.is_explicit,
        MAX_BASELINE_PAIRS,
    )
    baselines = (
        LogisticInterest(towers.texts.items.encoded, towers.texts.profiles.encoded),
        FactorisedInterest(),
    )
    return {
        each.name: each.fit(known.queries, known.labels).probabilities(pairs.queries)
        for each in tracked(baselines, "Fitting baselines of probabilities")
    }
