"""Tests of tfrec.retrieval.brute_force."""

import numpy as np
import pytest
import tensorflow as tf

from tests.contracts.candidate_index import CandidateIndexContract
from tfrec.retrieval import exact
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.retrieval.exact import exact_best
from tfrec.retrieval.filters import Filters


class TestBruteForceIndex(CandidateIndexContract):
    @classmethod
    def make_index(cls):
        return BruteForceIndex()


class TestBruteForceIndexInGroups(CandidateIndexContract):
    """The way of large catalogues, taken by those of the contract."""

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def small_is_large(cls):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exact, "GROUPED_FROM", 0)
            patch.setattr(exact, "LEAST_GROUP", 3)
            yield

    @classmethod
    def make_index(cls):
        return BruteForceIndex()


def test_equal_scores_of_several_groups_come_by_row():
    """12,007 candidates, every fifth of score 2: rows 0, 5, 10, and 15 is excluded."""
    embeddings = tf.where(tf.range(12_007) % 5 == 0, 2.0, 1.0)[:, None]
    for k in [1, 3, 40]:
        filters = Filters(tf.constant([[15], [-1]]))
        rows, _ = exact_best(embeddings, tf.ones([2, 1]), tf.constant(k), filters)
        expected = [row for row in range(0, 5 * k + 5, 5) if row != 15]
        assert rows[0].numpy().tolist() == expected[:k]
        assert rows[1].numpy().tolist() == list(range(0, 5 * k, 5))


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
