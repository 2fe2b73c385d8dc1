"""Models of a configuration: below here, everything has plain arguments."""

from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.towers.two_tower import OWN, TwoTower


def make_towers(config):
    """The `TwoTower` of a `Config`, before it has seen a log."""
    known = {**vars(config.model), **vars(config.train), "repeats": config.data.repeats}
    return TwoTower(**{name: known[name] for name in OWN})


def make_hybrid(config, towers):
    """The `HybridModel` of a `Config` around towers that have their catalogue."""
    how = config.model
    return HybridModel(towers, how.scorers, how.item_to_item_dim, how.new_item_cost)
