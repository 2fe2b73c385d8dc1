"""Tests of tfrec.model.block_choice."""

import pytest

from tests.model.checkerboard import small_config
from tests.model.test_two_tower import last_queries
from tfrec.model.blend import Reached
from tfrec.model.block_choice import WIDER, choose_blocks
from tfrec.model.blocks.collaborative import MemoryForm, memory_forms
from tfrec.model.two_tower import TwoTower

DIM = small_config().model.collaborative_dim
WIDE = memory_forms(WIDER * DIM)
NARROW = memory_forms(DIM)


class Judged:
    """Stands in for a model of which each form reaches a known metric."""

    def __init__(self, metrics, *overrides):
        self.config, self.metrics = small_config(*overrides), metrics
        self.asked = []

    def fit_blocks(self, interactions, form):
        self.blocks = self.weighting = form
        self.asked.append(form)
        return self

    def weigh_blocks(self, queries):
        return Reached(self.metrics[self.asked[-1]], ndcg=0.3)


@pytest.mark.parametrize(
    ("wide", "narrow", "chosen"),
    [
        ((0.203, 0.1, 0.1), 0.2, NARROW[0]),  # not worth its room
        ((0.205, 0.1, 0.1), 0.2, WIDE[0]),
        ((0.1, 0.205, 0.1), 0.2, WIDE[1]),
        ((0.1, 0.1, 0.205), 0.21, NARROW[2]),
        ((0.0, 0.0, 0.0), 0.0, NARROW[0]),
    ],
)
def test_a_wider_memory_must_be_worth_its_room(wide, narrow, chosen):
    metrics = dict.fromkeys(NARROW, narrow) | dict(zip(WIDE, wide, strict=True))
    model = Judged(metrics)
    form, metric = choose_blocks(model, None, None)
    assert form == model.blocks == model.weighting == chosen
    assert metric == 0.3
    assert len(model.asked) == len(WIDE) + 1


def test_without_a_memory_there_is_nothing_to_choose():
    model = Judged({MemoryForm(DIM): 0.1}, 'model.blocks=["prior"]')
    assert choose_blocks(model, None, None) == (MemoryForm(DIM), 0.3)


def test_the_model_has_what_was_chosen(board):
    dataset, interactions = board
    model = TwoTower(small_config()).adapt(interactions, dataset.items)
    queries = last_queries(interactions)
    form, metric = choose_blocks(model, interactions, queries)
    assert model.blocks[0].form == form
    assert metric == pytest.approx(model.weigh_blocks(queries).ndcg, abs=1e-9)
