"""Tests of tfrec.linear.registry: contract, slow oracles and hand arithmetic."""

import numpy as np
import pytest
import tensorflow as tf

from tests.contracts.scorer import (
    COLD,
    TITLES,
    ScorerContract,
    make_history,
    make_learning_material,
)
from tests.data.logs import make_interactions
from tests.evaluation.logs import make_items, make_log
from tests.model.checkerboard import first_settings
from tests.model.test_sequential_ease import slow_ridge
from tfrec.linear.bm25 import Bm25Scorer
from tfrec.linear.item_to_item import ItemToItemScorer, ItemToItemSettings
from tfrec.linear.popularity import PopularityScorer
from tfrec.linear.registry import make_scorers
from tfrec.linear.scorer import DecayedScorer
from tfrec.linear.sequential_ease import learn_sequential_ease
from tfrec.linear.text_regression import TextRegression
from tfrec.towers.catalogue import make_catalogue

UNORDERED = ItemToItemSettings(4, (100.0,), is_ordered=False)


class TestItemToItem(ScorerContract):
    @classmethod
    def make_scorer(cls):
        return ItemToItemScorer(ItemToItemSettings(4))


class TestUnorderedItemToItem(ScorerContract):
    @classmethod
    def make_scorer(cls):
        return ItemToItemScorer(UNORDERED)


class TestBm25(ScorerContract):
    @classmethod
    def make_scorer(cls):
        return Bm25Scorer(4)


class TestPopularity(ScorerContract):
    has_memory = False

    @classmethod
    def make_scorer(cls):
        return PopularityScorer()


def test_scorers_by_name():
    scorers = make_scorers(["bm25", "popularity"], first_settings())
    assert [scorer.name for scorer in scorers] == ["bm25", "popularity"]


@pytest.mark.parametrize("num_negatives", [99, 100])
def test_rating_factors_need_negatives(num_negatives):
    events = [(0, i % 3, i, 1, -1 if i < num_negatives else 1) for i in range(150)]
    log, names = make_log(events, 3, 1), ["popularity", "rating_factors"]
    scorers = make_scorers(names, first_settings())
    found = [scorer.name for scorer in scorers if scorer.can_learn(log)]
    assert found == names[: 1 + (num_negatives == 100)]


def scores_of(scorer, *rows):
    """Scores of the whole catalogue for one history."""
    query = scorer.query(make_history([rows]), tf.zeros([1], tf.int64))
    return (query.numpy() @ scorer.candidates.numpy().T)[0]


def fitted(scorer, events, num_items, num_users, text_vectors=None, titles=None):
    log = make_log(events, num_items, num_users)
    catalogue = make_catalogue(make_items(titles or [""] * num_items), log)
    if text_vectors is None:
        text_vectors = np.zeros((num_items, 1))
    return scorer.fit(log, catalogue, tf.constant(text_vectors, tf.float32))


def slow_text_weights(vectors):
    """What each known item says of the new one: ridge 4 times the texts' variance."""
    raw = vectors.astype(float)
    unit = raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-12)
    mean = unit[:COLD].mean(axis=0)
    centred = unit[:COLD] - mean
    gram = centred.T @ centred
    ridge = 4 * np.trace(gram) / COLD
    return (unit[COLD] - mean) @ np.linalg.inv(gram + ridge * np.eye(5)) @ centred.T


# === Item to item ===


def test_weights_halve_with_the_events_that_came_after():
    scorer = DecayedScorer()
    scorer.half_lives, scorer.scales = [1.0, 2.0], [1.0, 0.5]
    weights = scorer.event_weights(make_history([[3, 4, 5], [3, -1, -1]])).numpy()
    root = 0.5**0.5  # a half-life of two events
    np.testing.assert_allclose(
        weights[0], [[0.25, 0.25], [0.5, 0.5 * root], [1.0, 0.5]], rtol=1e-6
    )
    assert weights[1].tolist() == [[1.0, 0.5], [0.0, 0.0], [0.0, 0.0]]


def both_directions(users, times, half_life_s=None):
    """Dense rows of a log and of its mirror image, which counts half as much."""
    x, y, z, weights = [], [], [], []
    newest, oldest = max(map(max, times)), min(map(min, times))
    for direction, factor in ((1, 1.0), (-1, 0.5)):
        for items, when in zip(users, times, strict=True):
            items, when = items[::direction], when[::direction]
            for place, target in enumerate(items):
                decays, seen = np.zeros((2, 6)), np.zeros(6)
                for rank, item in enumerate(items[:place][::-1]):
                    decays[0, item] += 0.5 ** (rank / 2)
                    decays[1, item] += 0.5 * 0.5 ** (rank / 20)
                    seen[item] = 1
                x.append(decays.ravel())
                y.append(np.arange(6) == target)
                z.append(seen)
                half_life = half_life_s or 0.55 * (newest - oldest)
                age_s = newest - when[place]
                weights.append(factor * 0.5 ** (age_s / half_life))
    return np.array(x), np.array(y, float), np.array(z), np.array(weights)


def random_histories():
    """Of 25 people among 6 items, as lists of items, of times, and as events."""
    rng = np.random.default_rng(0)
    users = [list(rng.permutation(6)[: rng.integers(2, 6)]) for _ in range(25)]
    times = [sorted(rng.choice(5000, len(items), False)) for items in users]
    events = [
        (user, item, time)
        for user, items in enumerate(users)
        for item, time in zip(items, times[user], strict=True)
    ]
    return users, times, events


@pytest.mark.parametrize(("ridge", "days"), [(2.5, 0), (0.5, 0), (0.5, 0.01)])
def test_item_to_item_at_full_rank_is_the_slow_regression(ridge, days):
    """Forward and backward, recent events counting more; see `slow_ridge`."""
    users, times, events = random_histories()
    settings = ItemToItemSettings(50, sequential_ease_ridge=ridge)
    made = ItemToItemScorer(settings, half_life_days=days)
    scorer = fitted(made, events, 6, 25).narrowed(50)
    x, y, z, weights = both_directions(users, times, 86_400 * days)
    l2 = ridge * np.diag(x.T @ (weights[:, None] * x)).mean()
    coefficients = slow_ridge(x, y, z, weights, l2)
    for history in ([3], [0, 5], [4, 2, 1, 0]):
        features = np.zeros((2, 6))
        for rank, item in enumerate(history[::-1]):
            features[:, item] = 0.5 ** (rank / 2), 0.5 * 0.5 ** (rank / 20)
        expected = features.ravel() @ coefficients
        np.testing.assert_allclose(
            scores_of(scorer, *history), expected, rtol=1e-3, atol=1e-5
        )


@pytest.mark.parametrize("ridge", [5.0, 1.0])
def test_unordered_at_full_rank_is_ease(ridge):
    """Weights `I - P / diag(P)`; an event's weight halves with 100 later ones."""
    users, _, events = random_histories()
    settings = UNORDERED._replace(dim=50, ease_ridge=ridge)
    scorer = fitted(ItemToItemScorer(settings), events, 6, 25)
    chosen = np.array([np.isin(np.arange(6), items) for items in users], float)
    gram = chosen.T @ chosen
    inverse = np.linalg.inv(gram + ridge * np.diag(gram).mean() * np.eye(6))
    weights = np.eye(6) - inverse / np.diag(inverse)
    for history in ([3], [4, 2, 1, 0]):
        fades = 0.5 ** (np.arange(len(history))[::-1] / 100)
        expected = fades @ weights[history]
        np.testing.assert_allclose(
            scores_of(scorer, *history), expected, rtol=1e-3, atol=1e-5
        )


@pytest.mark.parametrize("settings", [ItemToItemSettings(5), UNORDERED._replace(dim=5)])
def test_a_narrowed_scorer_is_what_a_smaller_rank_gives(settings):
    log, catalogue, vectors = make_learning_material()

    def scores(scorer):
        title, vector = tf.constant([""]), vectors[-1:]
        new = scorer.new_candidates(title, vector).numpy()
        met = scorer.new_memories(title, vector)
        history = make_history([[0, 2, catalogue.num_items]])
        query = scorer.query(history, tf.zeros([1], tf.int64), met).numpy()
        return query @ np.concatenate([scorer.candidates, new]).T

    wide = ItemToItemScorer(settings).fit(log, catalogue, vectors)
    narrow = ItemToItemScorer(settings._replace(dim=2)).fit(log, catalogue, vectors)
    found = wide.narrowed(2)
    assert (found.settings, found.dim, found.memory_dim) == (
        narrow.settings, narrow.dim, narrow.memory_dim)  # fmt: skip
    np.testing.assert_allclose(scores(found), scores(narrow), rtol=1e-3, atol=1e-6)
    assert np.abs(scores(wide) - scores(narrow)).max() > 1e-3


def test_what_came_before_is_learnt_from_the_reversed_log():
    """Nothing follows item 1, but item 0 came before it, and item 2 never did."""
    events = [(u, u % 2 * 2 + step, 10 * step + u) for u in range(8) for step in (0, 1)]
    scorer = fitted(ItemToItemScorer(ItemToItemSettings(50)), events, 4, 8)
    scores = scores_of(scorer, 1)
    assert scores[0] > scores[2] + 0.01


def test_disliked_events_are_no_targets():
    """Item 2 follows item 0 as often as item 1 does, but as a dislike."""
    liked = [(user, item, 10 + item) for user in range(4) for item in (0, 1)]
    disliked = [(user, 0, 10) for user in range(4, 8)]
    disliked += [(user, 2, 12, 1, -1) for user in range(4, 8)]
    others = [(8, 2, 10), (9, 2, 10)]
    scorer = fitted(
        ItemToItemScorer(ItemToItemSettings(50)), liked + disliked + others, 3, 10
    )
    scores = scores_of(scorer, 0)
    assert scores[1] > scores[2] + 0.01


def test_items_outside_the_regression_get_what_texts_suggest():
    """Ridge regression of both sides of all items on unit texts."""
    log, catalogue, vectors = make_learning_material()
    scorer = ItemToItemScorer(ItemToItemSettings(4)).fit(log, catalogue, vectors)
    every = np.c_[
        scorer.memory.numpy().reshape(len(vectors), -1), scorer.candidates.numpy()
    ].astype(float)
    expected = slow_text_weights(vectors.numpy()) @ every[:COLD]
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(every[COLD], expected, rtol=1e-3, atol=1e-6)
    longer = scorer.new_candidates(tf.constant(["x"]), 7 * vectors[COLD:])
    np.testing.assert_allclose(longer[0], expected[-scorer.dim :], rtol=1e-3, atol=1e-6)


def test_without_a_text_nothing_is_expected():
    log, catalogue, vectors = make_learning_material([*TITLES[:-1], ""])
    scorer = ItemToItemScorer(ItemToItemSettings(4)).fit(log, catalogue, vectors)
    assert (scorer.candidates[COLD].numpy() == 0).all()
    assert (scorer.memory[COLD].numpy() == 0).all()
    new = scorer.new_candidates(tf.constant([""]), tf.zeros([1, 5]))
    assert (new.numpy() == 0).all()


@pytest.mark.parametrize(("ridge", "share"), [(4.0, 0.76), (1.0, 0.93)])
@pytest.mark.parametrize("distance", [0.1, 0.001])
def test_texts_say_as_much_where_all_are_much_alike(distance, ridge, share):
    """An encoder that learns fixes directions, not how far apart texts stand."""
    rng = np.random.default_rng(0)
    apart = np.c_[np.zeros(50), rng.normal(size=[50, 4])]
    texts = tf.constant(np.eye(1, 5) + distance * apart, tf.float32)
    expected = TextRegression(texts, apart[:, 1:], ridge)(texts).numpy()
    found = (expected * apart[:, 1:]).sum() / np.square(apart).sum()
    assert found == pytest.approx(share, abs=0.04)  # 50 / (50 + ridge x 4 directions)


def test_texts_that_are_all_the_same_say_nothing():
    texts = tf.ones([3, 2])
    expected = TextRegression(texts, np.array([[1.0], [-1.0], [5.0]]), 4.0)(texts)
    np.testing.assert_allclose(expected, np.zeros([3, 1]), atol=1e-6)


# === Popularity ===


def test_popularity_counts_recent_events_more():
    """The log spans 1000 s, so a weight halves with every 100 s."""
    events = [
        (0, 0, 2000),  # now: 1
        (0, 1, 1900),  # 100 s ago: 1/2
        (1, 2, 1800),  # 200 s ago, 1/4
        (2, 2, 2000),  # and now, 1
        (3, 3, 1000),  # 1000 s ago: 2^-10
        (4, 0, 2000, 1, -1),  # a dislike: nothing
        (5, 4, 1900, 1, 0),  # neither: nothing, so item 4 is as a new one
    ]
    scorer = fitted(PopularityScorer(), events, 6, 6)
    counts = np.array([1, 0.5, 1.25, 2**-10, 0, 0])
    expected = np.log(1 + counts)
    # The median of the six lies between the third and the fourth: 2^-10 and 1/2.
    expected -= (expected[3] + expected[1]) / 2
    expected[4:] = 0
    np.testing.assert_allclose(scorer.candidates[:, 0], expected, rtol=1e-5)
    new = scorer.new_candidates(tf.constant(["a", "b"]), tf.zeros([2, 1]))
    np.testing.assert_array_equal(new[:, 0], [0, 0])
    assert scores_of(scorer)[0] == scorer.candidates[0, 0]


def test_popularity_by_a_half_life_in_days():
    """An hour is a 24th of a day; what is a day old counts 2^-24."""
    events = [(0, 0, 90_000), (1, 1, 86_400), (2, 2, 3_600)]
    scorer = fitted(PopularityScorer(half_life_days=1 / 24), events, 3, 3)
    expected = np.log(1 + np.array([1, 0.5, 2.0**-24]))
    expected -= expected[1]
    np.testing.assert_allclose(scorer.candidates[:, 0], expected, rtol=1e-5)


def test_popularity_of_new_items_is_what_their_texts_let_expect():
    """Ridge regression on unit texts of what sets priors apart."""
    _, _, vectors = make_learning_material()
    events = [(user, item, 7) for item in range(COLD) for user in range(item + 1)]
    log = make_log(events, COLD + 1, COLD)
    scorer = PopularityScorer().fit(
        log, make_catalogue(make_items(TITLES), log), vectors
    )
    prior = scorer.candidates[:, 0].numpy().astype(float)
    # Counts are 1 to 8, and 0 of the new item, so that the median is 4.
    known = np.log(np.arange(2, COLD + 2) / 5)
    np.testing.assert_allclose(prior[:COLD], known, atol=1e-6)
    expected = slow_text_weights(vectors.numpy()) @ known
    assert abs(expected) > 0.01
    np.testing.assert_allclose(prior[COLD], expected, rtol=1e-4)


def test_a_log_of_one_moment():
    scorer = fitted(PopularityScorer(), [(0, 0, 7), (1, 0, 7), (1, 1, 7)], 2, 2)
    half = np.log(3 / 2) / 2  # from their median
    np.testing.assert_allclose(scorer.candidates[:, 0], [half, -half], rtol=1e-6)


def test_events_of_one_moment_are_no_history_of_each_other():
    """A basket of two, then one item: only the pairs across moments are learnt."""
    events = [("u", f"i{item}", 1 + item // 2, 0, "good") for item in range(3)]
    log = make_interactions(events)
    learnt, moments = learn_sequential_ease(log, np.arange(3), [2.0], [1.0], 2.5, 0)
    across = np.zeros((3, 3), bool)
    across[[0, 1, 2, 2], [2, 2, 0, 1]] = True  # forward, and from the log's end
    np.testing.assert_array_equal(learnt > 1e-3, across)
    met = np.array([True, True, False])  # before the last item came
    np.testing.assert_array_equal(moments > 0, met[:, None] & met)
