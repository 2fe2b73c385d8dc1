"""Models of a configuration: below here, everything has plain arguments."""

from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.linear.item_to_item import ItemToItemSettings
from tfrec.linear.registry import ScorerSettings
from tfrec.towers.two_tower import OWN, TwoTower


def make_towers(config):
    """The `TwoTower` of a `Config`, before it has seen a log."""
    known = {**vars(config.model), **vars(config.linear), **vars(config.train)}
    known["repeats"] = config.data.repeats
    return TwoTower(**{name: known[name] for name in OWN})


def make_hybrid(config, towers):
    """The `HybridModel` of a `Config` around towers that have their catalogue."""
    how, linear = config.model, config.linear
    item_to_item = ItemToItemSettings(
        how.item_to_item_dim,
        sequential_ease_ridge=linear.sequential_ease_ridge,
        ease_ridge=linear.ease_ridge,
    )
    settings = ScorerSettings(
        item_to_item,
        towers.bm25_dim,
        rating_ridge=linear.rating_ridge,
        text_ridge=linear.text_ridge,
        logistic_l2=linear.logistic_l2,
        half_life_days=how.half_life_days,
    )
    return HybridModel(towers, how.scorers, settings, how.new_item_cost)
