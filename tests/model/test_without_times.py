"""Tests of models of logs without times: a history is a set."""

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import SOON, Asked, make_query, names
from tests.model.checkerboard import CLOSED, START, small_config
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.weights import Weights
from tfrec.inference.inference import exact_inference
from tfrec.linear.item_to_item import ItemToItemSettings
from tfrec.towers.two_tower import TwoTower
from tfrec.training.building import make_hybrid, make_towers

ITEMS = names(2, 9, 4, 11, 6, 13, 8, 3, 10, 5)  # more than `window_length`
KINDS = ["view", "skip", "view", "view", "view", "skip", "view", "view", "view", "view"]
VALUES = [1.0, 5.0, 2.0, 3.0, np.nan, 4.0, 1.0, 2.0, 5.0, 3.0]


@pytest.fixture(scope="module")
def untimed(kinds_log):
    """The log of `whole`, its order random."""
    order = np.random.default_rng(0).permutation(len(kinds_log))
    sequences = np.empty(len(order), np.int64)
    for start, end in zip(kinds_log.offsets, kinds_log.offsets[1:], strict=False):
        sequences[start:end] = np.sort(order[start:end])
    zeros = np.zeros_like(kinds_log.timestamps)
    return dataclasses.replace(kinds_log, timestamps=zeros, sequences=sequences)


@pytest.fixture(scope="module")
def model(board, untimed):
    """Not trained, so that all that enters a query sways it; as `whole` otherwise."""
    keras.utils.set_random_seed(0)
    towers = make_towers(small_config()).adapt(untimed, board[0].items)
    model = make_hybrid(small_config(), towers)
    settings = model.initial_settings
    (only,) = settings.item_to_item.variants(untimed.has_times)
    settings = settings._replace(item_to_item=only)
    return model.fit_scorers(untimed, settings, [*CLOSED, "rating_factors"])


@pytest.fixture(scope="module")
def asked(model):
    ones = np.ones(len(model.scorers) + 1, np.float32)
    weighting = Weights(of_known_items=ones, repeat=(3.0, 1.0, 0.5), rating_slope=1.0)
    hybrid = HybridScorer(model.towers, model.scorers, weighting)
    return Asked(exact_inference(hybrid, max_interest_norm=50.0))


def query_of(order, times=None, now=0):
    """A query whose history has `ITEMS` in some order, and its times."""
    columns = ([[column[i] for i in order]] for column in (ITEMS, KINDS, VALUES))
    items, kinds, values = columns
    times = [times or [0] * len(items[0])]
    how = {"history_events": kinds, "history_values": values, "now": [now]}
    return make_query(items, times, **how)


SAME = range(len(ITEMS))
OTHERS = {
    "in another order": query_of([7, 2, 9, 0, 5, 3, 8, 1, 6, 4]),
    "backwards": query_of([*SAME][::-1]),
    "with times": query_of(SAME, [START + 9000 * i for i in SAME], now=SOON),
    "with times, backwards": query_of(SAME, [START - 9000 * i for i in SAME]),
}


@pytest.mark.parametrize("other", OTHERS)
def test_neither_order_nor_times_change_the_answer(asked, other):
    one, two = query_of(SAME), OTHERS[other]
    np.testing.assert_allclose(asked.embed(two), asked.embed(one), atol=2e-5)
    lists = [asked.recommend(each, allow_repeats=[True]) for each in (one, two)]
    assert lists[0][0].tolist() == lists[1][0].tolist()
    np.testing.assert_allclose(lists[0][2], lists[1][2], atol=1e-5)


def test_a_log_with_times_has_an_order(asked_all):
    """Otherwise the test above could not fail."""
    one, two = query_of(SAME), OTHERS["backwards"]
    assert np.abs(asked_all.embed(one) - asked_all.embed(two)).max() > 1e-2


def test_every_event_counts(asked):
    """Those before the window, too."""
    all_of_them = asked.embed(query_of(SAME))
    for left_out in range(len(ITEMS)):
        some = [i for i in SAME if i != left_out]
        assert np.abs(asked.embed(query_of(some)) - all_of_them).max() > 1e-3


@pytest.mark.filterwarnings("ignore:__array__ impl")  # Keras saving under NumPy 2.4
def test_a_model_that_was_saved_still_reads_sets(model, untimed, tmp_path):
    towers = model.towers
    towers.save(tmp_path / "towers.keras")
    again = keras.saving.load_model(tmp_path / "towers.keras")
    assert isinstance(again, TwoTower)
    assert not again.state.has_times
    assert again.query_tower.encoder is None
    assert again.num_read == 10
    assert [v.shape for v in again.variables] == [v.shape for v in towers.variables]


def test_all_items_could_be_had(model):
    """The first one has an end, as the answers at a later time say."""
    possible = model.towers.possible
    rows, times = tf.range(3), tf.constant([2 * SOON], tf.int64)
    assert model.towers.catalogue.available_until[0] > 0
    assert tf.reduce_all(possible.at(rows, {"timestamps": times})).numpy()


def test_nothing_of_order_is_learnt(model):
    settings = ItemToItemSettings(dim=4)
    (only,) = settings.variants(has_times=False)
    assert only == settings._replace(half_lives=(math.inf,), is_ordered=False)
    assert only.half_lives == (math.inf,)
    scorers = {scorer.name: scorer for scorer in model.scorers}
    assert scorers["bm25"].half_lives == [math.inf]
