"""What validation chooses of the closed-form scorers: their settings and weights."""

import gc
import itertools
import logging
import operator
from typing import NamedTuple

from tfrec.hybrid.query_sides import QuerySides
from tfrec.hybrid.weight_search import ValidationScores
from tfrec.hybrid.weights import Weights
from tfrec.linear.registry import ScorerSettings

logger = logging.getLogger(__name__)

WIDER = 4  # times the width, where a catalogue is of many small groups or many words
WORTH = 1.01  # times the NDCG that a wider scorer must reach, for it takes room


class _Tried(NamedTuple):
    reached: ValidationScores
    settings: ScorerSettings
    scorers: list
    weights: Weights


def choose_scorers(model, interactions, queries):
    """Fits and weighs a model's scorers with each of some settings; keeps the best.

    Args:
        model: `HybridModel` whose towers are trained.
        interactions: the `Interactions` that the towers learnt from.
        queries: `Queries` from after them.

    Returns:
        `(ScorerSettings, NDCG@10 reached)`; the model has them, weighed.
    """
    names, settings = model.scorer_names, model.initial_settings
    dim = settings.item_to_item.dim
    wide_one = settings.item_to_item._replace(dim=WIDER * dim)
    wide_ones = [
        settings._replace(item_to_item=each)
        for each in wide_one.variants(interactions.has_times)
        if "item_to_item" in names
    ]
    numbers, sides = itertools.count(1), QuerySides(model.towers, queries)
    most = len(wide_ones) + 1 + ("bm25" in names)

    def tried(settings, *fitted):
        gc.collect()  # what scored other settings: it is in cycles with its functions
        logger.info(
            "Choosing weights of the scorers, %d of at most %d.", next(numbers), most
        )
        model.fit_scorers(interactions, settings, fitted=fitted)
        reached = model.choose_weights(queries, sides)
        return _Tried(reached, settings, model.scorers, model.weights)

    if wide_ones:
        first, *rest = wide_ones
        wide = tried(first)
        _, *others = _first(wide.scorers, "item_to_item")
        for each in rest:
            wide = max(wide, tried(each, *others), key=operator.attrgetter("reached"))
        item_to_item, *others = _first(wide.scorers, "item_to_item")
        first = item_to_item.narrowed(dim)
        narrow = tried(settings._replace(item_to_item=first.settings), first, *others)
        best = _worthier(wide, narrow)
    else:
        best = tried(settings)
    if _may_widen_words(model, best):
        wider = best.settings._replace(bm25_dim=WIDER * settings.bm25_dim)
        _, *others = _first(best.scorers, "bm25")
        best = _worthier(tried(wider, *others), best)
    model.scorers, model.weights = best.scorers, best.weights
    logger.info("NDCG@10 on validation, with the scorers: %.4f.", best.reached.ndcg)
    return best.settings, best.reached.ndcg


def _first(scorers, name):
    """The scorers, the one of a name before all others."""
    return sorted(scorers, key=lambda scorer: scorer.name != name)


def _worthier(wide, narrow):
    """The wide one if it is worth its room, for all items or for the new ones."""
    more, less = wide.reached, narrow.reached
    gains = more.steady > WORTH * less.steady
    gains |= more.steady >= less.steady and more.new > WORTH * less.new
    return wide if gains else narrow


def _may_widen_words(model, tried):
    """Whether words count at all, and a wider scorer would hold more of them."""
    names = [scorer.name for scorer in tried.scorers]
    if "bm25" not in names:
        return False
    counts = tried.weights.query_weights[1 + names.index("bm25")] != 0
    return counts and not model.towers.words(tried.settings.bm25_dim).is_whole
