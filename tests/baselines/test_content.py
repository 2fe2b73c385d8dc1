"""Text profiles, interest degrees and blends, by hand."""

import dataclasses

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.evaluation.logs import ask_all, make_items, make_log
from tfrec.baselines.blend import Blend
from tfrec.baselines.default import default_baselines
from tfrec.baselines.text_profile import (
    Bm25Profile,
    InterestDegree,
    TfidfProfile,
    VectorProfile,
    count_matrix,
    idf,
    terms,
    unit_rows,
)
from tfrec.errors import DataError

TITLES = ["red fox", "red red wolf", "blue whale and blue sky", "fox"]
ITEMS = make_items(TITLES, ["a", "a|b", "b", ""])


def scores_of(recommender, events, items=ITEMS):
    log = make_log(events, num_items=len(items), num_users=1)
    return recommender.fit(log, items).score(ask_all(log, [[0]]))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L'Été, à Paris!", ["l", "ete", "a", "paris"]),
        ("snake_case 42", ["snake", "case", "42"]),
        ("红 狐狸abc", ["红", "狐", "狸", "abc"]),
        ("", []),
    ],
)
def test_terms(text, expected):
    assert terms(text) == expected


def test_count_matrix():
    matrix = count_matrix([["b", "a", "b"], [], ["c"]])
    assert matrix.toarray().tolist() == [[1, 2, 0], [0, 0, 0], [0, 0, 1]]


def test_idf_by_hand():
    """In one of three: ln(1 + 2.5 / 1.5); in two: ln(1 + 1.5 / 2.5)."""
    counts = count_matrix([["a", "b", "b"], ["b"], []])
    np.testing.assert_allclose(idf(counts), [np.log(8 / 3), np.log(1.6)], rtol=1e-6)


def test_unit_rows_leave_empty_rows_empty():
    matrix = unit_rows(sparse.csr_matrix([[3.0, 4.0], [0.0, 0.0]]))
    np.testing.assert_allclose(matrix.toarray(), [[0.6, 0.8], [0, 0]])


def test_tfidf_is_a_cosine():
    """As scikit-learn's, with our idf in place of its own."""
    vectoriser = TfidfVectorizer(sublinear_tf=True, norm=None, use_idf=False)
    counts = vectoriser.fit_transform(TITLES)
    vectors = counts.toarray() * idf(counts)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = scores_of(TfidfProfile(), [(0, 0, 1)], make_items(TITLES))
    np.testing.assert_allclose(scores, vectors @ vectors[0], rtol=1e-5)


def test_bm25_by_hand():
    """Query "fox" over two texts of lengths 1 and 3, mean 2, k1 = 1, b = 1/2."""
    items = make_items(["fox", "fox fox bee"])
    scores = scores_of(Bm25Profile(k1=1.0, b=0.5), [(0, 0, 1)], items)
    rarity = np.log(1 + 0.5 / 2.5)  # in both texts
    short = 1 * 2 / (1 + (0.5 + 0.5 * 1 / 2))
    long = 2 * 2 / (2 + (0.5 + 0.5 * 3 / 2))
    np.testing.assert_allclose(scores, [rarity * short, rarity * long], rtol=1e-5)


def test_interest_follows_the_ratings():
    """Category a was rated 5, category b 1; the item of both lies between."""
    items = make_items(["", "", "", "", ""], ["a", "b", "a", "b", "a|b"])
    scores = scores_of(InterestDegree(), [(0, 0, 1, 5), (0, 1, 2, 1)], items)
    # Each one-category item scores its interest; (5 + 1) / sqrt(2) / 6 for both,
    # up to the common factor 6 and the idf, here ln(1 + 2.5 / 3.5) twice as equal.
    np.testing.assert_allclose(scores[2:4], [5, 1], rtol=1e-5)
    assert scores[4] == pytest.approx(6 / np.sqrt(2), rel=1e-5)


def test_interest_without_categories_reads_words():
    scores = scores_of(InterestDegree(), [(0, 0, 1, 5)], make_items(TITLES))
    assert scores[3] > scores[2] == 0


def test_vector_profile_is_a_cosine():
    vectors = np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    scores = scores_of(VectorProfile(vectors), [(0, 0, 1)])
    np.testing.assert_allclose(scores, [1, 0, 0.5**0.5, 0], rtol=1e-6)


def test_vectors_of_another_catalogue():
    with pytest.raises(DataError, match="Received: 3 vectors and 4 items"):
        scores_of(VectorProfile(np.ones((3, 2))), [(0, 0, 1)])


class Fixed:
    """Gives one row of scores."""

    def __init__(self, name, scores):
        self.name = name
        self.scores = np.array([scores], np.float32)

    def fit(self, train, items):
        return self

    def score(self, queries):
        return self.scores


def test_blend_of_z_scores():
    """A thousandfold scale makes no difference; z of (0, 1, 2) is (-s, 0, s)."""
    blend = Blend(Fixed("x", [0, 1, 2]), Fixed("y", [9000, 0, 0]), weight=0.75)
    s, t = np.sqrt(1.5), np.sqrt(2)
    expected = [
        -0.75 * s + 0.25 * t, -0.25 * t / 2, 0.75 * s - 0.25 * t / 2
    ]  # fmt: skip
    np.testing.assert_allclose(blend.score(None)[0], expected, rtol=1e-5)
    assert blend.name == "x + y"


def test_blend_of_ranks():
    blend = Blend(Fixed("x", [0, 5, 5]), Fixed("y", [9, 2, 1]), scale="rank")
    # Ranks 1, 2.5, 2.5 and 3, 2, 1, of three items.
    expected = np.array([4, 4.5, 3.5]) / 2 / 3
    np.testing.assert_allclose(blend.score(None)[0], expected, rtol=1e-6)


def test_blend_of_unknown_scale():
    with pytest.raises(ValueError, match='"z-score", "rank". Received: \'sum\''):
        Blend(Fixed("x", [0]), Fixed("y", [0]), scale="sum")


def test_default_baselines_have_distinct_names_and_need_no_text():
    with_text = [b.name for b in default_baselines(ITEMS, np.ones((4, 2)))]
    assert len(set(with_text)) == len(with_text)
    without = [b.name for b in default_baselines(make_items([""] * 4))]
    assert set(with_text) - set(without) >= {"BM25 profile", "mean text vector"}
    assert "EASE, recent history" in without


def test_without_times_no_baseline_reads_order():
    how = {"text_vectors": np.ones((4, 2)), "allow_repeats": True, "has_times": False}
    found = default_baselines(ITEMS, **how)
    assert [baseline.name for baseline in found] == [
        *("popularity", "item-kNN", "EASE", "personal frequency", "EASE + frequency"),
        *("TF-IDF profile", "BM25 profile", "interest degree"),
        *("EASE + BM25, 85 to 15", "EASE + BM25, half and half", "mean text vector"),
    ]
    events = [(0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 2, 0), (2, 0, 0), (2, 3, 0)]
    backwards = [event for user in (0, 1, 2) for event in events[2 * user :][1::-1]]
    logs = [make_log(each, 4, 3) for each in (events, backwards)]
    logs = [dataclasses.replace(log, sequences=np.arange(6)) for log in logs]
    for baseline in found:
        baseline.fit(logs[0], ITEMS)
        one, two = (baseline.score(ask_all(log, [[3], [3], [1]])) for log in logs)
        np.testing.assert_allclose(one, two, atol=1e-6)
