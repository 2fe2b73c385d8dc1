"""Tests of tfrec.evaluation.card.beyond_accuracy, by hand."""

import numpy as np
import pytest
from scipy import sparse

from tests.evaluation.card.subjects import make_subject
from tfrec.evaluation.card.beyond_accuracy import (
    beyond_accuracy,
    category_diversity,
    gini,
    novelty,
    serendipity,
    text_diversity,
)

SHOWN = np.array([[2, 3], [2, 3], [1, -1]])
POPULAR = np.array([[2, 3], [2, 3], [1, 3]])


@pytest.fixture
def figures():
    found = beyond_accuracy(make_subject(), {"ours": SHOWN}, POPULAR, samples=20)
    return found["ours"]


def test_gini_by_hand():
    assert gini(np.array([3, 3, 3])) == pytest.approx(0)
    # One of four has all: (n - 1) / n.
    assert gini(np.array([0, 0, 8, 0])) == pytest.approx(0.75)
    assert gini(np.zeros(4)) == 0


def test_text_diversity_by_hand():
    vectors = np.array([[2.0, 0], [0, 1], [3, 4], [0, 0]])
    shown = np.array([[0, 1], [0, 2], [0, 3], [-1, -1]])
    # Cosines: 0 of a right angle, 3 / 5; items without a text make no pair.
    found = text_diversity(shown, vectors)
    np.testing.assert_allclose(found, [1.0, 0.4, np.nan, np.nan], atol=1e-6)


def test_text_diversity_of_three():
    vectors = np.array([[1.0, 0], [0, 1], [1, 0]])
    # Pairs have the cosines 0, 1 and 0: one minus a third.
    found = text_diversity(np.array([[0, 1, 2]]), vectors)
    np.testing.assert_allclose(found, [2 / 3], atol=1e-6)


def test_category_diversity_by_hand():
    matrix = sparse.csr_matrix([[1, 1, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0]])
    shown = np.array([[0, 1, 2], [0, 3, -1]])
    # {a, b} and {b, c}: 1 - 1/3; {a, b} and {c}: 1; {b, c} and {c}: 1/2.
    expected = (2 / 3 + 1 + 1 / 2) / 3
    np.testing.assert_allclose(category_diversity(shown, matrix), [expected, np.nan])


def test_novelty_by_hand():
    # Of 3 people, 3 had item 0 and none item 1: log2(4/4) and log2(4/1).
    found = novelty(np.array([[0, 1], [1, -1]]), np.array([3, 0]), 3)
    np.testing.assert_allclose(found, [1.0, 2.0])


def test_serendipity_by_hand():
    targets = np.array([0, 1, 1]), np.array([5, 6, 7])
    shown, popular = np.array([[5, 1], [6, 7]]), np.array([[5, 2], [7, 1]])
    # 5 is expected; of 6 and 7, only 6 is not.
    np.testing.assert_allclose(serendipity(shown, popular, targets), [0, 0.5])


def test_coverage_of_the_catalogue(figures):
    assert figures["coverage"]["mean"] == 3 / 6
    assert figures["coverage_unmet"]["mean"] == 3 / 6  # nobody had what they got


def test_met_items_do_not_cover_what_is_unmet():
    shown = np.array([[0, 5], [0, 5], [2, -1]])  # 0 and 2 are in the histories
    found = beyond_accuracy(make_subject(), {"ours": shown}, POPULAR, samples=20)
    assert found["ours"]["coverage_unmet"]["mean"] == 1 / 6


def test_popularity_lift_by_hand(figures):
    # Shares of the 3 people: items 0 to 3 have 1, 2/3, 1/3 and 0.
    shown = (1 / 6 + 1 / 6 + 2 / 3) / 3
    history = (5 / 6 + 5 / 6 + 4 / 6) / 3
    assert figures["popularity_lift"]["mean"] == pytest.approx(shown / history - 1)


def test_age_and_new_items_by_hand(figures):
    # Item 2 is known since second 4, and item 1 since 2; item 3 since never.
    ages = [10 - 4 / 86_400] * 2 + [10 - 2 / 86_400]
    assert figures["age_days"]["mean"] == pytest.approx(np.mean(ages))
    assert figures["new_items"]["mean"] == 2 / 5
    assert figures["new_items"]["count"] == 3


def test_figures_that_the_log_cannot_have():
    subject = make_subject([(0, 0, 0), (0, 1, 0)], categories=[""] * 6)
    found = beyond_accuracy(subject, {"ours": SHOWN[:1]}, POPULAR[:1], samples=20)
    assert not {"age_days", "category_diversity", "text_diversity"} & set(found["ours"])


def test_lists_of_nothing():
    nothing = np.full((3, 2), -1)
    found = beyond_accuracy(make_subject(), {"ours": nothing}, POPULAR, samples=20)
    assert found["ours"]["coverage"]["mean"] == 0
    assert "novelty" not in found["ours"]
