"""Tests of tfrec.model.block_choice."""

import pytest

from tests.model.checkerboard import small_config
from tests.model.test_two_tower import last_queries
from tfrec.model.block_choice import WIDER, choose_blocks
from tfrec.model.blocks import HALF_LIVES, MemoryForm
from tfrec.model.two_tower import TwoTower

DIM = small_config().model.collaborative_dim


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
        return self.metrics[self.asked[-1]]


def forms(*metrics):
    """Metrics of the narrow memories, and of the wider ones: half-lives in order."""
    dims = (DIM, WIDER * DIM)
    each = [MemoryForm(half_lives, dim) for dim in dims for half_lives in HALF_LIVES]
    return dict(zip(each, metrics, strict=True))


@pytest.mark.parametrize(
    ("metrics", "chosen"),
    [
        ((0.2, 0.1, 0.203, 0.1), MemoryForm(HALF_LIVES[0], DIM)),  # not worth its room
        ((0.2, 0.1, 0.205, 0.1), MemoryForm(HALF_LIVES[0], WIDER * DIM)),
        ((0.2, 0.1, 0.205, 0.21), MemoryForm(HALF_LIVES[1], WIDER * DIM)),
        ((0.1, 0.2, 0.1, 0.1), MemoryForm(HALF_LIVES[1], DIM)),
        ((0.0, 0.0, 0.0, 0.0), MemoryForm(HALF_LIVES[0], DIM)),
    ],
)
def test_a_wider_memory_must_be_worth_its_room(metrics, chosen):
    model = Judged(forms(*metrics))
    form, metric = choose_blocks(model, None, None)
    assert form == model.blocks == model.weighting == chosen
    assert metric == model.metrics[chosen]


def test_without_a_memory_there_is_nothing_to_choose():
    model = Judged(forms(0.1, 0.2, 0.3, 0.4), 'model.blocks=["prior"]')
    assert choose_blocks(model, None, None) == (MemoryForm(HALF_LIVES[0], DIM), 0.1)
    assert len(model.asked) == 1


def test_the_model_has_what_was_chosen(board):
    dataset, interactions = board
    model = TwoTower(small_config()).adapt(interactions, dataset.items)
    queries = last_queries(interactions)
    form, metric = choose_blocks(model, interactions, queries)
    assert model.blocks[0].half_lives == list(form.half_lives)
    assert metric == pytest.approx(model.weigh_blocks(queries), abs=1e-9)
