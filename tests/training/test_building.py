"""Tests of tfrec.training.building: what a configuration makes of the model."""

from tests.model.checkerboard import small_config
from tfrec.config import Config
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.linear.item_to_item import ItemToItemSettings
from tfrec.linear.registry import ScorerSettings
from tfrec.towers.two_tower import TwoTower
from tfrec.training.building import make_hybrid, make_towers


def test_constants_reach_the_closed_forms():
    config = small_config(
        "model.item_to_item_dim=7",
        "model.bm25_dim=9",
        "linear.ease_ridge=1.5",
        "linear.sequential_ease_ridge=2",
        "linear.rating_ridge=3.5",
        "linear.text_ridge=4.5",
        "linear.logistic_l2=0.5",
        "linear.bm25_k1=0.25",
        "linear.bm25_b=0.125",
        "linear.spectral_smoothing=6",
    )
    towers = make_towers(config)
    found = make_hybrid(config, towers).initial_settings
    ridges = {"sequential_ease_ridge": 2.0, "ease_ridge": 1.5}
    assert found == ScorerSettings(ItemToItemSettings(7, **ridges), 9, 3.5, 4.5, 0.5)
    assert (towers.bm25_k1, towers.bm25_b, towers.spectral_smoothing) == (
        0.25,
        0.125,
        6,
    )


def test_arguments_have_the_defaults_of_the_configuration():
    towers = make_towers(Config())
    expected, found = TwoTower(name=towers.name).get_config(), towers.get_config()
    assert {**found, "features": tuple(found["features"])} == expected
    hybrid = make_hybrid(Config(), towers)
    assert hybrid.initial_settings == HybridModel(towers).initial_settings
    assert hybrid.scorer_names == HybridModel(towers).scorer_names
    assert hybrid.new_item_cost == HybridModel(towers).new_item_cost
