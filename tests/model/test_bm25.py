"""Tests of the BM25 scorer against BM25 in slow Python."""

import re

import numpy as np
import pytest
import tensorflow as tf

from tests.contracts.scorer import make_history
from tests.evaluation.logs import make_items, make_log
from tfrec.linear.bm25 import Bm25Scorer
from tfrec.text.bm25_vectors import Words
from tfrec.text.terms import split_terms
from tfrec.towers.catalogue import make_catalogue

FILMS = [
    "The Quiet Film",
    "quiet, quiet garden_party!",
    "CAFÉ de l'Été",
    "安静的电影",
    "电影 3",
    "a film about a garden",
    "A film about a garden",  # the same words: the features have less than full rank
]


def slow_words(text):
    """Letters and digits in lower case; each Chinese character is a word."""
    return re.findall(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+", text.lower())


def slow_vector(text, k1=1.2, b=0.75):
    """Dict word -> BM25 weight, of length 1."""
    documents = [slow_words(film) for film in FILMS]
    mean = sum(map(len, documents)) / len(documents)
    words = slow_words(text)
    vector = {}
    for word in set(words):
        holders = sum(word in document for document in documents)
        idf = np.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5))
        count, length = words.count(word), len(words) / mean
        saturated = count * (k1 + 1) / (count + k1 * (1 - b + b * length))
        vector[word] = idf * saturated if holders else 0.0
    size = np.sqrt(sum(weight**2 for weight in vector.values())) or 1.0
    return {word: weight / size for word, weight in vector.items()}


def slow_cosine(first, second, **constants):
    first, second = slow_vector(first, **constants), slow_vector(second, **constants)
    return sum(weight * second.get(word, 0.0) for word, weight in first.items())


@pytest.fixture(scope="module")
def films():
    log = make_log([(0, 0, 1)], len(FILMS), 1)
    catalogue = make_catalogue(make_items(FILMS), log)
    return Bm25Scorer(50).fit(log, catalogue, tf.zeros([len(FILMS), 1]))


def test_bm25_at_full_rank_is_the_cosine_of_bm25(films):
    items = films.candidates.numpy()
    texts = make_items(FILMS).texts
    expected = [[slow_cosine(a, b) for b in texts] for a in texts]
    np.testing.assert_allclose(items @ items.T, expected, atol=1e-4)


@pytest.mark.parametrize("constants", [{"k1": 0.0}, {"k1": 3.0, "b": 0.1}])
def test_other_constants_of_bm25(constants):
    texts = make_items(FILMS).texts
    items = Words(**constants).fit(texts, 50).vectors.numpy()
    expected = [[slow_cosine(a, b, **constants) for b in texts] for a in texts]
    usual = [[slow_cosine(a, b) for b in texts] for a in texts]
    assert np.abs(np.subtract(expected, usual)).max() > 0.01
    np.testing.assert_allclose(items @ items.T, expected, atol=1e-4)


def test_rare_words_are_not_lost():
    """200 rare words of two items each; the leading directions hold a few of them."""
    texts = [f"word{i % 5} rare{i // 2}" for i in range(400)]
    log = make_log([(0, 0, 1)], len(texts), 1)
    catalogue = make_catalogue(make_items(texts), log)
    scorer = Bm25Scorer(64).fit(log, catalogue, tf.zeros([len(texts), 1]))
    items = scorer.candidates.numpy()
    assert items.shape == (400, 64)
    likeness = items @ items.T
    np.fill_diagonal(likeness, -np.inf)
    found = likeness.argmax(axis=1) == np.arange(400) ^ 1
    assert found.mean() > 0.9


@pytest.mark.parametrize(
    "search",
    ["garden film", "été", "安静 garden", "quiet quiet zeppelin", "电", "PARTY 3"],
)
def test_a_search_finds_by_the_cosine_of_bm25(films, search):
    found = films.text_query(tf.constant([search])).numpy() @ films.candidates.numpy().T
    expected = [slow_cosine(search, film) for film in FILMS]
    assert max(expected) > 0.1
    np.testing.assert_allclose(found[0], expected, atol=1e-4)


def test_words_that_no_item_has_find_nothing(films):
    found = films.words(tf.constant(["zeppelin 飞", "", "?!"])).numpy()
    assert (found == 0).all()


def test_a_history_speaks_with_its_items_words(films):
    """The latest event counts 1, the one before 0.5^(1/20)."""
    items = films.candidates.numpy()
    expected = items[0] + 0.5 ** (1 / 20) * items[3]
    query = films.query(make_history([[3, 0]]), tf.zeros([1], tf.int64))
    np.testing.assert_allclose(query[0], expected, atol=1e-5)


def num_terms(text):
    return len(split_terms(tf.constant([text])).numpy()[0])


def test_terms_by_hand():
    def same(*texts):
        buckets = split_terms(tf.constant(texts)).numpy()
        return (buckets == buckets[0]).all()

    assert same("Été à la CAFÉ", "été, à; la_café")
    assert same("安静的", "安 静 的")
    assert same("ночь", "НОЧЬ")
    assert not same("été", "éte")
    assert num_terms("第3集: Été's 12.5") == 7  # 第 3 集 été s 12 5
    assert num_terms("") == 0


def test_long_texts_are_cut_and_short_ones_padded():
    words = " ".join(f"word{i}" for i in range(200))
    buckets = split_terms(tf.constant([words, "word0"])).numpy()
    assert buckets.shape == (2, 96)
    assert buckets[1, 0] == buckets[0, 0] >= 0
    assert (buckets[1, 1:] == -1).all()


def test_forms_of_a_character_are_one_word():
    found = split_terms(tf.constant(["ＭＡＸ 手機", "max 手机"])).numpy()
    np.testing.assert_array_equal(*found)
