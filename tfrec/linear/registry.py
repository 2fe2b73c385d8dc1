"""The closed-form scorers that a configuration asks for."""

from typing import NamedTuple

from tfrec.linear.bm25 import Bm25Scorer
from tfrec.linear.item_to_item import ItemToItemScorer, ItemToItemSettings
from tfrec.linear.popularity import PopularityScorer
from tfrec.linear.rating_factors import RatingFactorsScorer
from tfrec.plugins import SCORERS


class ScorerSettings(NamedTuple):
    """How the scorers learn; their widths and half-lives are for validation."""

    item_to_item: ItemToItemSettings = ItemToItemSettings()
    bm25_dim: int = 256
    rating_ridge: float = 3.0  # on factors and biases of the rating factors
    text_ridge: float = 4.0  # of what texts let expect, as `TextRegression` takes it
    logistic_l2: float = 1e-3  # of probabilities, as `fit_logistic` takes it
    half_life_days: float = 0.0  # of events that are learnt from; 0 = by the log's span


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
    how = (settings.text_ridge, seed, settings.half_life_days)
    return ItemToItemScorer(settings.item_to_item, *how)


def make_bm25(settings, seed, learn_words):
    """The words of the items met."""
    return Bm25Scorer(settings.bm25_dim, learn_words)


def make_popularity(settings, seed, learn_words):
    """What is popular lately."""
    return PopularityScorer(settings.text_ridge, settings.half_life_days)


def make_rating_factors(settings, seed, learn_words):
    """Who likes what they have had."""
    return RatingFactorsScorer(
        ridge=settings.rating_ridge,
        text_ridge=settings.text_ridge,
        logistic_l2=settings.logistic_l2,
        seed=seed,
    )
