"""Free-text queries: what they find, and how much they count."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.model.asking import make_query
from tests.model.test_people_texts import SMALL, make_model
from tests.toy_log import GENRES, toy_events, toy_items
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.data.split import make_split
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.hybrid.search_weight import GRID, choose_search_weight
from tfrec.inference import search
from tfrec.inference.inference import exact_inference
from tfrec.inference.request import options_for
from tfrec.linear.registry import ScorerSettings
from tfrec.text.custom import FunctionEncoder
from tfrec.towers.two_tower import TwoTower

NO_USERS = Users(pd.DataFrame({"user_id": []}))
WIDE = 16  # directions of the words of the scorer; the towers have half of them
SEARCHES = {"roses soil": "garden", "rockets stars": "space"}


def read_genre(texts):
    """`[n, genres]`: how many words of each genre a text has."""
    lower = tf.strings.lower(texts)
    return tf.stack(
        [
            sum(
                tf.cast(tf.strings.regex_full_match(lower, f".*{word}.*"), tf.float32)
                for word in words.split()
            )
            for words in GENRES.values()
        ],
        axis=1,
    )


@pytest.fixture(scope="module")
def made():
    """A `HybridModel` in which popularity drowns a text that counts once."""
    dataset = Dataset("toy", Events(toy_events()), Items(toy_items()), NO_USERS)
    split = make_split(encode(dataset, FeedbackRules()), "rolling", 0.1)
    encoder = FunctionEncoder(read_genre)
    keras.utils.set_random_seed(0)
    towers = TwoTower(**SMALL).adapt(split.train, dataset.items, NO_USERS, encoder)
    settings = ScorerSettings(bm25_dim=WIDE)
    hybrid = HybridModel(towers, settings=settings).fit_scorers(split.train)
    known = hybrid.weights.of_known_items.copy()
    known[[scorer.name for scorer in hybrid.scorers].index("popularity") + 1] *= 5
    hybrid.weights = dataclasses.replace(hybrid.weights, of_known_items=known)
    return hybrid, split


@pytest.fixture(scope="module")
def model(made):
    """The same with a weight that lets searches find items."""
    made[0].weights = dataclasses.replace(made[0].weights, search=1000.0)
    return made[0]


@pytest.fixture(scope="module")
def inference(model):
    return exact_inference(model.hybrid_scorer())


def test_the_weight_is_one_that_finds_items(made):
    hybrid, split = made
    hybrid.weights = dataclasses.replace(hybrid.weights, search=0.0)
    choose_search_weight(hybrid, split.queries)
    assert hybrid.weights.search in GRID[1:]
    inference = exact_inference(hybrid.hybrid_scorer())
    for words, genre in SEARCHES.items():
        asked = make_query([[]], query_text=[words])
        ids, _, _ = inference.recommend(asked, options_for(3, ()), tf.constant([True]))
        assert ids.numpy()[0, 0].decode().startswith(genre)


def lists(inference, query, k=100):
    options = options_for(k, ())
    return [
        each.numpy()
        for each in inference.recommend(query, options, tf.constant([True]))
    ]


def alike(model, searches, texts):
    """`[searches, texts]`: cosine of what the encoder reads, and likeness of words."""
    encoder, words = model.towers.query_text_encoder, model.towers.words(WIDE)
    sides = searches, tf.constant(texts, tf.string)
    encoded = [tf.math.l2_normalize(encoder(each), -1) for each in sides]
    return sum(
        left.numpy() @ right.numpy().T for left, right in (encoded, map(words, sides))
    )


def test_a_search_ranks_by_interest_and_likeness(inference, model):
    """In a batch with others, and as far down as the catalogue goes."""
    histories = [["music-01"], ["music-01"], []]
    query = make_query(histories, query_text=["", "roses", "rockets"])
    ids, scores, _ = lists(inference, query)
    hybrid, catalogue = inference.hybrid, inference.catalogue
    interest = inference.embed_query(query).numpy()
    expected = interest @ hybrid.candidates.numpy().T
    asked = tf.constant(["roses", "rockets"])
    expected[1:] += 1000 * alike(model, asked, model.towers.catalogue.texts)
    for found, said, row in zip(ids, scores, expected, strict=True):
        order = np.argsort(-row, kind="stable")
        np.testing.assert_allclose(said[: len(row)], row[order], rtol=1e-4, atol=1e-3)
        places = {name.encode(): n for n, name in enumerate(catalogue.item_ids)}
        by_id = row[[places[name] for name in found[: len(row)]]]
        np.testing.assert_allclose(by_id, row[order], rtol=1e-4, atol=1e-3)


def test_probabilities_are_those_of_interest(inference):
    """How like a free text an item is says nothing of interest in it."""
    query = make_query([["music-01"], []], query_text=["roses", "rockets"])
    ids, _, probabilities = lists(inference, query, 9)
    named = inference.score_interest(query, tf.constant(ids)).numpy()
    np.testing.assert_allclose(probabilities, named, atol=1e-4)


def test_boosts_count_beside_likeness(inference):
    """In a batch of a search and of none; probabilities are without them."""
    query = make_query([["music-01"], ["music-01"]], query_text=["roses", ""])
    plain, size = lists(inference, query), inference.catalogue.num_items
    options = options_for(size, ())._replace(
        boost_labels=tf.constant([["space", "garden"]]),
        boost_values=tf.constant([[30.0, -2.0]]),
    )
    found = inference.recommend(query, options, tf.constant([True]))
    ids, scores, chances = (each.numpy() for each in found)
    lifts = {b"space": 30.0, b"garden": -2.0}
    for row in range(2):
        usual = {
            item_id: (score + lifts.get(item_id.split(b"-")[0], 0.0), chance)
            for item_id, score, chance in zip(
                *(each[row] for each in plain), strict=True
            )
            if item_id
        }
        expected = np.array([usual[item_id] for item_id in ids[row]])
        np.testing.assert_allclose(scores[row], expected[:, 0], rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(chances[row], expected[:, 1], atol=1e-3)
        assert (np.diff(scores[row]) <= 0).all()
        assert len(set(ids[row])) == size


def test_a_least_probability_is_kept_to(inference):
    query = make_query([["music-01"]], query_text=["roses"])
    ids, _, probabilities = lists(inference, query)
    least = np.float32(np.median(probabilities[ids != b""]))
    options = options_for(100, ())._replace(min_probability=tf.constant([least]))
    found, _, _ = inference.recommend(query, options, tf.constant([True]))
    expected = ids[probabilities > least]
    assert set(expected) <= set(found.numpy()[0]) <= {*ids[probabilities >= least], b""}


def test_the_pool_is_of_what_is_most_like_the_search(inference, model, monkeypatch):
    monkeypatch.setattr(search, "SEARCH_POOL", 3)
    narrow = exact_inference(model.hybrid_scorer())
    query = make_query([[], []], query_text=["roses soil", ""])
    ids, _, _ = lists(narrow, query, 3)
    match = narrow.hybrid.text_match
    asked = match.units(narrow.encoder.text_vectors(tf.constant(["roses soil"])))
    likeness = (asked @ tf.transpose(match.vectors)).numpy()[0]
    best = set(narrow.catalogue.item_ids[np.argsort(-likeness, kind="stable")[:3]])
    assert {item.decode() for item in ids[0]} == best
    everything, _, _ = lists(narrow, query)
    num_items = narrow.catalogue.num_items
    assert (everything[:, :num_items] != b"").all()  # as many as are asked for
    np.testing.assert_array_equal(everything[1], lists(inference, query)[0][1])


def test_a_model_whose_searches_count_nothing_keeps_no_texts(made):
    hybrid, _ = made
    hybrid.weights, kept = (
        dataclasses.replace(hybrid.weights, search=0.0),
        hybrid.weights,
    )
    scorer = hybrid.hybrid_scorer()
    hybrid.weights = kept
    assert scorer.text_match is None
    assert scorer.memory_dim < hybrid.hybrid_scorer().memory_dim
    query = make_query([[]], query_text=["roses"])
    assert lists(exact_inference(scorer), query, 3)[0].shape == (1, 3)


def test_a_new_item_is_found_as_one_of_the_catalogue(model):
    """By the encoder of what people write, where that is another than the items'."""
    towers, split, _ = make_model(shared=False)
    hybrid = HybridModel(towers).fit_scorers(split.train).hybrid_scorer()
    inference = exact_inference(hybrid)
    title = "roses soil and seeds"
    _, memories = inference.new_items.embed(
        tf.constant([title]), tf.constant([""]), tf.constant([""]), {}
    )
    vectors = inference.encoder.text_vectors(tf.constant([title]))
    expected = hybrid.text_match.units(vectors)
    np.testing.assert_allclose(memories[:, -hybrid.text_match.dim :], expected)


def test_a_search_finds_what_came_after_the_index(inference, model):
    """Its score is that of an item of the catalogue: interest and likeness."""
    title, nothing = tf.constant(["roses soil"]), tf.constant([""])
    vectors, memories = inference.new_items.embed(title, nothing, nothing, {})
    items = {
        "item_ids": tf.constant(["fresh"]),
        "vectors": vectors,
        "text_keys": tf.constant([-1], tf.int64),
        "categories": nothing,
        "available_from": tf.constant([0], tf.int64),
        "available_until": tf.constant([0], tf.int64),
        "after": nothing,
        "numbers": tf.zeros([1, 0]),
        "times": tf.zeros([1, 0], tf.int64),
    }
    gone = tf.constant([], tf.string)
    fresh = inference.new_items.make_fresh(items, memories, gone)
    query = make_query([["music-01"]], query_text=["roses soil"])
    options = options_for(3, ())
    ids, scores, _ = inference.recommend(query, options, tf.constant([True]), fresh)
    assert ids.numpy()[0, 0] == b"fresh"
    interest = inference.embed_query(query, fresh)
    likeness = alike(model, tf.constant(["roses soil"]), ["roses soil"])
    whole = interest @ tf.transpose(vectors) + 1000 * likeness
    np.testing.assert_allclose(scores[:, :1], whole, rtol=1e-5)
