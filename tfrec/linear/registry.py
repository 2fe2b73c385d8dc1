"""Closed-form scorers of the embedding."""

from typing import NamedTuple

import numpy as np

from tfrec.linear.bm25 import Bm25Scorer
from tfrec.linear.item_to_item import ItemToItemScorer, ItemToItemSettings
from tfrec.linear.popularity import PopularityScorer
from tfrec.linear.rating_factors import RatingFactorsScorer

MIN_NEGATIVES = 100  # reactions without which there are no opinions to learn


def teachable(names, interactions):
    """Those of some scorers' names that a log can teach."""
    has_negatives = np.count_nonzero(interactions.labels < 0) >= MIN_NEGATIVES
    return [name for name in names if has_negatives or name != "rating_factors"]


class ScorerSettings(NamedTuple):
    """What validation chooses of the scorers, beside their weights."""

    memory: ItemToItemSettings  # of the collaborative scorer
    bm25_dim: int


def initial_settings(config):
    """The `ScorerSettings` that a configuration begins with."""
    return ScorerSettings(
        ItemToItemSettings(config.model.item_to_item_dim), config.model.bm25_dim
    )


def make_scorers(config, names, settings=None, learn_words=None):
    """Scorers by their names.

    Args:
        config: `Config`.
        names: list of strings, of those in `tfrec.config.SCORERS`.
        form: `ScorerSettings`, or None for the first one.
        learn_words: as `Bm25Scorer` takes it.

    Returns:
        List of `Scorer`s that have not been fitted.
    """
    settings, seed = settings or initial_settings(config), config.train.seed
    known = {
        "item_to_item": ItemToItemScorer(settings.memory, seed),
        "bm25": Bm25Scorer(settings.bm25_dim, learn_words),
        "popularity": PopularityScorer(),
        "rating_factors": RatingFactorsScorer(seed=seed),
    }
    return [known[name] for name in names]
