"""The closed-form scorers that a configuration asks for."""

from typing import NamedTuple

from tfrec.linear.bm25 import Bm25Scorer
from tfrec.linear.item_to_item import ItemToItemScorer, ItemToItemSettings
from tfrec.linear.popularity import PopularityScorer
from tfrec.linear.rating_factors import RatingFactorsScorer
from tfrec.plugins import SCORERS


class ScorerSettings(NamedTuple):
    """What validation chooses of the scorers, beside their weights."""

    item_to_item: ItemToItemSettings
    bm25_dim: int


def initial_settings(item_to_item_dim=64, bm25_dim=256):
    """The `ScorerSettings` that validation begins with."""
    return ScorerSettings(ItemToItemSettings(item_to_item_dim), bm25_dim)


def make_scorers(names, settings, seed=0, learn_words=None):
    """Scorers by their names.

    Args:
        names: list of strings, of those in `tfrec.plugins.SCORERS`.
        settings: `ScorerSettings`.
        seed: int.
        learn_words: as `Bm25Scorer` takes it.

    Returns:
        List of `Scorer`s that have not been fitted.
    """
    return [SCORERS[name](settings, seed, learn_words) for name in names]


def make_item_to_item(settings, seed, learn_words):
    """What goes with the items met."""
    return ItemToItemScorer(settings.item_to_item, seed)


def make_bm25(settings, seed, learn_words):
    """The words of the items met."""
    return Bm25Scorer(settings.bm25_dim, learn_words)


def make_popularity(settings, seed, learn_words):
    """What is popular lately."""
    return PopularityScorer()


def make_rating_factors(settings, seed, learn_words):
    """Who likes what they have had."""
    return RatingFactorsScorer(seed=seed)
