"""Tests of tfrec.towers.losses."""

import numpy as np
import pytest
import tensorflow as tf

from tests.model.checkerboard import small_config
from tests.model.conftest import make_windows
from tfrec.towers.losses import (
    candidate_softmax,
    inclusion_log_q,
    interest_loss,
    retrieval_loss,
    weighted_mean,
)
from tfrec.towers.possible_items import PossibleItems
from tfrec.training.building import make_towers

QUERIES = np.array([[1.0, 2.0], [0.0, 1.0]], dtype="float32")
CANDIDATES = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]], dtype="float32")
# Logits: [[3, 2, 6], [1, 0, 3]].
TARGETS = np.array([0, 2])


def cross_entropy(logits, target):
    """Minus the log probability of the target, the slow and obvious way."""
    return -np.log(np.exp(logits[target]) / np.exp(logits).sum())


def test_hand_computed_value():
    loss = candidate_softmax(QUERIES, CANDIDATES, TARGETS)
    # -log(e^3 / (e^3 + e^2 + e^6)) and -log(e^3 / (e^1 + e^0 + e^3))
    expected = [np.log(1 + np.exp(-1) + np.exp(3)), np.log(1 + np.exp(-2) + np.exp(-3))]
    np.testing.assert_allclose(loss, expected, rtol=1e-6)


def test_masked_candidate_is_as_good_as_absent():
    masked = np.array([[False, True, False]] * 2)
    loss = candidate_softmax(QUERIES, CANDIDATES, TARGETS, masked=masked)
    logits = [np.array([3.0, 6.0]), np.array([1.0, 3.0])]
    expected = [cross_entropy(logits[0], 0), cross_entropy(logits[1], 1)]
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_own_candidate_counts_even_when_masked():
    masked = np.array([[True, False, True]] * 2)
    loss = candidate_softmax(QUERIES, CANDIDATES, TARGETS, masked=masked)
    # Query 0 sees its own item 0 and item 1; query 1 its own item 2 and item 1.
    expected = [
        cross_entropy(np.array([3.0, 2.0]), 0),
        cross_entropy(np.array([3.0, 0.0]), 0),
    ]
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_log_q_is_subtracted_per_candidate_after_the_temperature():
    log_q = np.log(np.array([0.5, 0.1, 0.01], dtype="float32"))
    loss = candidate_softmax(QUERIES, CANDIDATES, TARGETS, log_q=log_q, temperature=2.0)
    logits = np.array([[3.0, 2.0, 6.0], [1.0, 0.0, 3.0]]) / 2 - log_q
    expected = [cross_entropy(logits[0], 0), cross_entropy(logits[1], 2)]
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_inclusion_probability_matches_a_simulation():
    rng = np.random.default_rng(0)
    popularity = np.array([60, 30, 10, 0])
    draws = rng.choice(4, size=(20_000, 5), p=popularity / 100)
    uniform = rng.integers(0, 4, size=(20_000, 2))
    both = np.concatenate([draws, uniform], axis=1)
    seen = [(both == item).any(axis=1).mean() for item in range(4)]
    np.testing.assert_allclose(
        np.exp(inclusion_log_q(popularity, 5.0, 2.0)), seen, atol=0.01
    )


def test_log_q_has_no_floor():
    """TFRS cuts the correction off at a probability of 1e-6 (tfrs 0.7.7)."""
    popularity = np.array([1e9, 1.0])
    rare = float(inclusion_log_q(popularity, 10.0, 0.0)[1])
    assert rare == pytest.approx(np.log(10 / 1e9), rel=1e-3)


def test_mean_does_not_change_with_the_batch_size():
    """TFRS' retrieval task sums, so its loss grows with the batch (tfrs 0.7.7)."""
    losses, weights = tf.constant([1.0, 3.0, 8.0]), tf.constant([1.0, 1.0, 0.0])
    once = weighted_mean(losses, weights)
    twice = weighted_mean(tf.tile(losses, [2]), tf.tile(weights, [2]))
    assert float(once) == float(twice) == 2.0
    assert float(weighted_mean(losses, tf.zeros(3))) == 0.0


def test_an_item_that_cannot_be_had_is_no_negative(board):
    """The loss is that of a catalogue in which it has no events."""
    dataset, interactions = board
    model = make_towers(small_config()).adapt(interactions, dataset.items)
    batch = next(iter(make_windows(interactions)))
    outputs, has_id = model(batch), model.catalogue.has_id
    nothing = np.zeros(len(has_id), np.int64)
    gone = nothing.copy()
    gone[3] = 1

    def loss(has_id, ends):
        possible = PossibleItems(has_id, nothing, ends)
        return retrieval_loss(batch, outputs, possible, None, 1.0).numpy()

    without = has_id.copy()
    without[3] = False
    assert loss(has_id, gone) < loss(has_id, nothing)
    np.testing.assert_allclose(loss(has_id, gone), loss(without, nothing), rtol=1e-6)


def test_an_item_that_cannot_be_had_is_not_sampled(board):
    dataset, interactions = board
    model = make_towers(small_config()).adapt(interactions, dataset.items)
    batch = next(iter(make_windows(interactions)))
    outputs, zeros = model(batch), np.zeros(model.catalogue.num_items, np.int64)
    rows = tf.gather(outputs["candidate_rows"], outputs["sampled"]).numpy()
    gone = np.where(np.arange(len(zeros)) == rows[0, 0], 1, 0)
    losses = []
    for ends in (zeros, gone):
        possible = PossibleItems(model.catalogue.has_id, zeros, ends)
        changed = outputs | {
            "sampled_logits": tf.where(
                rows == rows[0, 0], 9.0, outputs["sampled_logits"]
            )
        }
        losses.append(interest_loss(batch, changed, possible).numpy())
    assert losses[1] < losses[0]
