"""The closed-form scorers that a configuration asks for."""

from typing import NamedTuple

from tfrec.linear.bm25 import Bm25Scorer
from tfrec.linear.item_to_item import ItemToItemScorer, ItemToItemSettings
from tfrec.linear.popularity import PopularityScorer
from tfrec.linear.rating_factors import RatingFactorsScorer
from tfrec.plugins import SCORERS


class ScorerSettings(NamedTuple):
    """What validation chooses of the scorers, beside their weights."""

    memory: ItemToItemSettings
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
        names: list of strings, of those in `tfrec.plugins.SCORERS`.
        settings: `ScorerSettings`, or None for the first ones.
        learn_words: as `Bm25Scorer` takes it.

    Returns:
        List of `Scorer`s that have not been fitted.
    """
    settings = settings or initial_settings(config)
    return [SCORERS[name](config, settings, learn_words) for name in names]


def make_item_to_item(config, settings, learn_words):
    """What goes with the items met."""
    return ItemToItemScorer(settings.memory, config.train.seed)


def make_bm25(config, settings, learn_words):
    """The words of the items met."""
    return Bm25Scorer(settings.bm25_dim, learn_words)


def make_popularity(config, settings, learn_words):
    """What is popular lately."""
    return PopularityScorer()


def make_rating_factors(config, settings, learn_words):
    """Who likes what they have had."""
    return RatingFactorsScorer(seed=config.train.seed)
