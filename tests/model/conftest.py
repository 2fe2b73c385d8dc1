"""A model that has learnt the checkerboard, and one that has not."""

import dataclasses

import keras
import numpy as np
import pytest

from tests.model.asking import Asked
from tests.model.checkerboard import CLOSED, checkerboard, first_settings, small_config
from tfrec.data.windows import training_windows
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.weights import Weights
from tfrec.inference.inference import exact_inference
from tfrec.linear.registry import make_scorers
from tfrec.training.building import make_hybrid, make_towers

STEPS = 120


def make_windows(interactions, length=8, batch_size=8):
    return training_windows(
        interactions, length=length, batch_size=batch_size, seed=1, allow_repeats=False
    )


@pytest.fixture(scope="session")
def board():
    return checkerboard()


@pytest.fixture(scope="session")
def learnt(board):
    """A `TwoTower` trained by Keras' own `fit`."""
    dataset, interactions = board
    keras.utils.set_random_seed(0)
    model = make_towers(small_config()).adapt(interactions, dataset.items)
    model.compile(optimizer=keras.optimizers.Adam(5e-3))
    model.fit(
        make_windows(interactions), steps_per_epoch=STEPS, shuffle=False, verbose=0
    )
    return model


@pytest.fixture(scope="session")
def hybrid(learnt, board):
    _, interactions = board
    scorers = [
        scorer.fit(interactions, learnt.catalogue, learnt.texts.items.vectors)
        for scorer in make_scorers(CLOSED, first_settings(), learnt.seed)
    ]
    weights = np.array([1.0, 1.0, 0.1, 0.0], np.float32)
    weighting = Weights(
        of_known_items=weights, bias=-1.0, head_slope=0.5, intercept=-0.1
    )
    return HybridScorer(learnt, scorers, weighting)


@pytest.fixture(scope="session")
def inference(hybrid):
    return exact_inference(hybrid, max_interest_norm=50.0)


@pytest.fixture(scope="session")
def asked(inference):
    return Asked(inference)


@pytest.fixture(scope="session")
def faithful(hybrid):
    """A `HybridScorer` to whose users their own past with an item matters."""
    weighting = dataclasses.replace(hybrid.weights, repeat=(3.0, 1.0, 0.5))
    return HybridScorer(hybrid.model, hybrid.scorers, weighting)


@pytest.fixture(scope="session")
def asked_faithful(faithful):
    return Asked(exact_inference(faithful, max_interest_norm=50.0))


@pytest.fixture(scope="session")
def kinds_log(board):
    """The board's: every fourth event a skip, one in three views a neutral one."""
    places = np.arange(len(board[1]))
    return dataclasses.replace(
        board[1],
        event_names=np.array(["absent", "skip", "view"], object),
        event_rows=np.where(places % 4 == 0, 1, 2).astype(np.int32),
        labels=np.array([-1, 1, 0, 1], np.int8)[places % 4],
        values=(1.0 + places % 5).astype(np.float32),
    )


@pytest.fixture(scope="session")
def whole(board, kinds_log):
    """A `HybridScorer` of all parts, not trained: all that enters a query sways it."""
    keras.utils.set_random_seed(0)
    model = make_hybrid(
        small_config(), make_towers(small_config()).adapt(kinds_log, board[0].items)
    )
    model.fit_scorers(kinds_log, names=[*CLOSED, "rating_factors"])
    ones = np.ones(len(model.scorers) + 1, np.float32)
    weighting = Weights(of_known_items=ones, repeat=(3.0, 1.0, 0.5), rating_slope=1.0)
    return HybridScorer(model.towers, model.scorers, weighting)


@pytest.fixture(scope="session")
def whole_inference(whole):
    return exact_inference(whole, max_interest_norm=50.0)


@pytest.fixture(scope="session")
def asked_all(whole_inference):
    return Asked(whole_inference)
