"""Tests of tfrec.hybrid.scorer_choice."""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest

from tests.model.checkerboard import CLOSED, first_settings, small_config
from tests.model.test_two_tower import last_queries
from tfrec.hybrid.scorer_choice import WIDER, choose_scorers
from tfrec.hybrid.weight_search import ValidationScores
from tfrec.hybrid.weights import Weights
from tfrec.training.building import make_hybrid, make_towers

LOG = SimpleNamespace(has_times=True)
FIRST = first_settings()
DIM, WORDS = FIRST.item_to_item.dim, FIRST.bm25_dim
WIDE = [
    FIRST._replace(item_to_item=each)
    for each in FIRST.item_to_item._replace(dim=WIDER * DIM).variants()
]
NARROW = [FIRST._replace(item_to_item=each) for each in FIRST.item_to_item.variants()]


class Fitted(NamedTuple):
    """Stands in for a scorer: its name, and what it was fitted for."""

    name: str
    settings: object

    def narrowed(self, dim):
        return self._replace(settings=self.settings._replace(dim=dim))


class Judged:
    """Stands in for a model of which each form reaches known metrics."""

    def __init__(self, metrics, names=CLOSED, *, bm25=0.0, is_whole=False):
        self.scorer_names, self.initial_settings = names, FIRST
        self.towers = SimpleNamespace(words=self.words)
        self.metrics, self.bm25, self.is_whole = metrics, bm25, is_whole
        self.asked, self.num_fits = [], 0

    def words(self, dim):
        assert dim == WORDS
        return SimpleNamespace(is_whole=self.is_whole)

    def fit_scorers(self, interactions, settings, fitted):
        scorers = [
            Fitted("item_to_item", settings.item_to_item),
            Fitted("bm25", settings),
        ]
        ready = {scorer.name: scorer for scorer in fitted}
        self.num_fits += len(scorers) - len(ready)
        self.scorers = [ready.get(scorer.name, scorer) for scorer in scorers]
        self.weights = Weights(of_known_items=np.array([1.0, 1.0, self.bm25]))
        self.asked.append(settings)
        return self

    def choose_weights(self, queries, sides):
        return ValidationScores(*self.metrics[self.asked[-1]], ndcg=0.3)


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
def test_a_higher_rank_must_be_worth_its_room(wide, narrow, chosen):
    metrics = dict.fromkeys(NARROW, (narrow, 0.0))
    metrics |= {
        settings: (each, 0.0) for settings, each in zip(WIDE, wide, strict=True)
    }
    model = Judged(metrics)
    settings, metric = choose_scorers(model, LOG, None)
    assert settings == chosen
    assert model.scorers[0].settings == chosen.item_to_item
    assert metric == 0.3
    assert len(model.asked) == len(WIDE) + 1
    assert model.num_fits == len(WIDE) + 1  # the narrow one is part of the widest


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
    wider = FIRST._replace(bm25_dim=WIDER * WORDS)
    model = Judged({FIRST: (0.2, 0.1), wider: reached}, ["bm25"],
                   bm25=0.5)  # fmt: skip
    settings, _ = choose_scorers(model, LOG, None)
    assert settings == model.scorers[1].settings == (wider if is_wider else FIRST)
    assert model.num_fits == 3  # the same item-to-item scorer with more words


@pytest.mark.parametrize("why", [{"bm25": 0.0}, {"bm25": 1.0, "is_whole": True}])
def test_more_words_are_not_tried_in_vain(why):
    model = Judged({FIRST: (0.2, 0.1)}, ["bm25"], **why)
    assert choose_scorers(model, LOG, None) == (FIRST, 0.3)
    assert model.asked == [FIRST]


def test_the_model_has_what_was_chosen(board):
    dataset, interactions = board
    model = make_hybrid(
        small_config(), make_towers(small_config()).adapt(interactions, dataset.items)
    )
    queries = last_queries(interactions)
    settings, metric = choose_scorers(model, interactions, queries)
    assert model.scorers[0].settings == settings.item_to_item
    assert settings.bm25_dim == WORDS  # of these few words nothing is lost
    assert metric == pytest.approx(model.choose_weights(queries).ndcg, abs=1e-9)
