"""Tests of tfrec.hybrid.scorer_choice."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from tests.model.checkerboard import small_config
from tests.model.test_two_tower import last_queries
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.hybrid.scorer_choice import WIDER, choose_blocks
from tfrec.hybrid.weight_choice import Reached
from tfrec.hybrid.weights import Weighting
from tfrec.linear.item_to_item import memory_forms
from tfrec.linear.registry import first_form
from tfrec.towers.two_tower import TwoTower

FIRST = first_form(small_config())
DIM, WORDS = FIRST.memory.dim, FIRST.lexical_dim
WIDE = [FIRST._replace(memory=memory) for memory in memory_forms(WIDER * DIM)]
NARROW = [FIRST._replace(memory=memory) for memory in memory_forms(DIM)]


class Fitted(NamedTuple):
    """Stands in for a block: its name, and what it was fitted for."""

    name: str
    form: object

    def narrowed(self, dim):
        return self._replace(form=self.form._replace(dim=dim))


class Judged:
    """Stands in for a model of which each form reaches known metrics."""

    def __init__(self, metrics, *overrides, lexical=0.0, is_whole=False):
        self.towers = SimpleNamespace(config=small_config(*overrides), words=self.words)
        self.metrics, self.lexical, self.is_whole = metrics, lexical, is_whole
        self.asked, self.num_fits = [], 0

    def words(self, dim):
        assert dim == WORDS
        return SimpleNamespace(is_whole=self.is_whole)

    def fit_blocks(self, interactions, form, fitted):
        blocks = [Fitted("collaborative", form.memory), Fitted("lexical", form)]
        ready = {block.name: block for block in fitted}
        self.num_fits += len(blocks) - len(ready)
        self.blocks = [ready.get(block.name, block) for block in blocks]
        self.weighting = Weighting(blocks=np.array([1.0, 1.0, self.lexical]))
        self.asked.append(form)
        return self

    def weigh_blocks(self, queries):
        return Reached(*self.metrics[self.asked[-1]], ndcg=0.3)


@pytest.mark.parametrize(
    ("wide", "narrow", "chosen"),
    [
        ((0.2015, 0.1, 0.1), 0.2, NARROW[0]),  # not worth its room
        ((0.205, 0.1, 0.1), 0.2, WIDE[0]),
        ((0.1, 0.205, 0.1), 0.2, WIDE[1]),
        ((0.1, 0.1, 0.205), 0.21, NARROW[2]),
        ((0.0, 0.0, 0.0), 0.0, NARROW[0]),
    ],
)
def test_a_wider_memory_must_be_worth_its_room(wide, narrow, chosen):
    metrics = dict.fromkeys(NARROW, (narrow, 0.0))
    metrics |= {form: (each, 0.0) for form, each in zip(WIDE, wide, strict=True)}
    model = Judged(metrics)
    form, metric = choose_blocks(model, None, None)
    assert form == chosen
    assert model.blocks[0].form == chosen.memory
    assert metric == 0.3
    assert len(model.asked) == len(WIDE) + 1
    assert model.num_fits == 2 * len(WIDE)  # the narrow one is part of the widest


@pytest.mark.parametrize(
    ("reached", "is_wider"),
    [
        ((0.2015, 0.1), False),
        ((0.205, 0.1), True),
        ((0.2, 0.11), True),  # for the new items
        ((0.199, 0.11), False),  # known items would pay for it
        ((0.2, 0.1005), False),
    ],
)
def test_more_words_must_be_worth_their_room(reached, is_wider):
    wider = FIRST._replace(lexical_dim=WIDER * WORDS)
    model = Judged({FIRST: (0.2, 0.1), wider: reached}, "model.blocks=['lexical']",
                   lexical=0.5)  # fmt: skip
    form, _ = choose_blocks(model, None, None)
    assert form == model.blocks[1].form == (wider if is_wider else FIRST)
    assert model.num_fits == 3  # the same memory with more words


@pytest.mark.parametrize("why", [{"lexical": 0.0}, {"lexical": 1.0, "is_whole": True}])
def test_more_words_are_not_tried_in_vain(why):
    model = Judged({FIRST: (0.2, 0.1)}, "model.blocks=['lexical']", **why)
    assert choose_blocks(model, None, None) == (FIRST, 0.3)
    assert model.asked == [FIRST]


def test_the_model_has_what_was_chosen(board):
    dataset, interactions = board
    model = HybridModel(TwoTower(small_config()).adapt(interactions, dataset.items))
    queries = last_queries(interactions)
    form, metric = choose_blocks(model, interactions, queries)
    assert model.blocks[0].form == form.memory
    assert form.lexical_dim == WORDS  # of these few words nothing is lost
    assert metric == pytest.approx(model.weigh_blocks(queries).ndcg, abs=1e-9)
