"""Tests of tfrec.retrieval.brute_force."""

import numpy as np
import tensorflow as tf

from tests.contracts.candidate_index import CandidateIndexContract
from tfrec.retrieval.brute_force import BruteForceIndex, exact_best
from tfrec.retrieval.filters import Filters


class TestBruteForceIndex(CandidateIndexContract):
    @classmethod
    def make_index(cls):
        return BruteForceIndex()


def test_a_narrow_slice_answers_in_catalogue_rows():
    """3 of 100 rows allowed, one of them excluded twice: scores 77, 40 are left."""
    embeddings = tf.range(100.0)[:, None]
    filters = Filters(
        tf.constant([[5, 50, -1, 5]]),
        lambda rows: (rows == 5) | (rows == 40) | (rows == 77),
    )
    rows, scores = exact_best(embeddings, tf.ones([1, 1]), tf.constant(4), filters)
    assert rows.numpy().tolist() == [[77, 40, -1, -1]]
    assert scores.numpy().tolist() == [[77.0, 40.0, -np.inf, -np.inf]]


def test_queries_of_one_batch_share_a_slice_not_their_candidates():
    """Row 1 is allowed to the first query only, row 2 to the second only."""
    filters = Filters(
        allowed=lambda rows, own: rows == own[:, None],
        per_query=(tf.constant([1, 2]),),
    )
    embeddings = tf.range(100.0)[:, None]
    rows, _ = exact_best(embeddings, tf.ones([2, 1]), tf.constant(2), filters)
    assert rows.numpy().tolist() == [[1, -1], [2, -1]]
