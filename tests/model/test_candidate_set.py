"""Tests of tfrec.towers.candidate_set."""

import keras
import numpy as np
import tensorflow as tf

from tfrec.towers.candidate_set import CandidateSet
from tfrec.towers.losses import inclusion_log_q

POPULARITY = np.array([50, 1, 3, 1, 6, 7])
BATCH = tf.constant([[4, 2, -1, -1], [1, 4, 5, -1]])


def candidate_set(num_negatives):
    return CandidateSet(POPULARITY, num_negatives, keras.random.SeedGenerator(1))


def test_a_small_catalogue_takes_part_whole():
    rows, places = candidate_set(0)(BATCH)
    assert rows.numpy().tolist() == [0, 1, 2, 3, 4, 5]
    assert places.numpy().tolist() == [[4, 2, 0, 0], [1, 4, 5, 0]]
    assert candidate_set(0).log_q(rows, BATCH) is None


def test_a_sample_holds_the_batch_and_says_where():
    rows, places = (tensor.numpy() for tensor in candidate_set(2)(BATCH))
    is_real = BATCH.numpy() >= 0
    assert rows[places][is_real].tolist() == [4, 2, 1, 4, 5]
    assert len(set(rows)) == len(rows) <= 4 + 2


def test_padding_draws_nothing():
    """The most popular item, row 0, came into every set with a short history."""
    sampled = candidate_set(1)
    sets = [sampled(BATCH)[0].numpy() for _ in range(200)]
    share = np.mean([0 in rows for rows in sets])
    assert 0 < share < 0.5  # of one uniform draw among six
    expected = inclusion_log_q(POPULARITY, 5.0, 1.0).numpy()
    log_q = sampled.log_q(tf.constant([0, 5]), BATCH)
    np.testing.assert_allclose(log_q, expected[[0, 5]], rtol=1e-6)
