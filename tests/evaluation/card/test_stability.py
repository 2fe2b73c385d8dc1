"""Tests of tfrec.evaluation.card.stability."""

import dataclasses

import numpy as np
import pytest

from tests.evaluation.card.subjects import make_subject
from tfrec.evaluation.card.stability import (
    one_event_later,
    overlap,
    rank_biased_overlap,
    stability,
    versions_alike,
)

ONE = np.array([[1, 2, 3], [1, 2, 3], [1, 2, -1], [-1, -1, -1]])
OTHER = np.array([[1, 2, 3], [3, 4, 1], [1, 2, -1], [-1, -1, -1]])


def test_overlap_by_hand():
    np.testing.assert_allclose(overlap(ONE, OTHER), [1, 2 / 3, 1, 1])


def test_rank_biased_overlap_by_hand():
    p = 0.9
    # Common items of the first 1, 2, 3 places of the second row: 0, 0, 2.
    expected = (1 - p) / p * (2 / 3 * p**3) + 2 / 3 * p**3
    found = rank_biased_overlap(ONE, OTHER, p)
    np.testing.assert_allclose(found, [1, expected, 1, 1])


def test_the_first_places_count_most():
    base = np.arange(10)[None]
    first, last = base.copy(), base.copy()
    first[0, 0], last[0, 9] = 99, 99
    assert rank_biased_overlap(base, first) < rank_biased_overlap(base, last)
    assert overlap(base, first) == overlap(base, last) == 0.9


@pytest.fixture
def queries():
    """Each person is asked after the first of their two events."""
    asked = make_subject().queries
    ends = asked.interactions.offsets[:-1] + 1
    return dataclasses.replace(asked, history_ends=ends, timestamps=np.full(3, 2))


def by_length(queries):
    """Lists that depend on the number of events alone."""
    lengths = queries.history_ends - queries.interactions.offsets[queries.user_rows]
    return np.stack([lengths, lengths + 1], axis=1)


def test_an_event_moves_lists_and_nothing_does_not(queries):
    found = stability(by_length, queries, by_length(queries), samples=20)
    assert found["nothing_new"]["share_moved"] == 0
    assert found["nothing_new"]["overlap"]["mean"] == 1
    assert found["one_event"]["share_moved"] == 1
    assert found["one_event"]["overlap"]["mean"] == 0.5  # [1, 2] and [2, 3]
    assert found["one_event"]["num_questions"] == 3


def test_both_are_asked_at_the_moment_of_the_event(queries):
    before, after = one_event_later(queries)
    assert before.timestamps.tolist() == after.timestamps.tolist() == [2, 3, 4]
    assert (after.history_ends - before.history_ends).tolist() == [1, 1, 1]


def test_nobody_does_anything_more():
    asked = make_subject().queries
    found = stability(by_length, asked, by_length(asked), samples=20)
    assert set(found) == {"nothing_new"}


def test_versions_by_ids():
    one = np.array([["a", "b"], ["a", ""]])
    other = np.array([["b", "a"], ["a", ""]])
    found = versions_alike(one, other, np.arange(2), samples=20)
    assert found["overlap"]["mean"] == 1
    assert found["share_moved"] == 0.5
