"""Tests of tfrec.hybrid.live_popularity and of the choice of its weights."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.evaluation.logs import make_items, make_log
from tests.model.checkerboard import CLOSED, small_config
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.data.split import make_split
from tfrec.hybrid.live_popularity import LiveCounts, LivePopularity
from tfrec.hybrid.live_weights import NAMED, LiveMoves, choose_live_weights
from tfrec.hybrid.weights import Weights
from tfrec.linear.popularity import PopularityScorer
from tfrec.towers.catalogue import make_catalogue
from tfrec.training.building import make_hybrid, make_towers

DAY_S, WEEK = 86_400, 7 * 86_400
LAST = 1_700_000_000


def popularity_of(times_of_items):
    """A fitted `PopularityScorer` of items with some times of events each."""
    events = [
        (user, item, time)
        for item, times in enumerate(times_of_items)
        for user, time in enumerate(times)
    ]
    num_items, num_users = len(times_of_items), max(map(len, times_of_items))
    log = make_log(events, num_items, num_users)
    catalogue = make_catalogue(make_items([""] * num_items), log)
    return PopularityScorer(half_life_days=7).fit(log, catalogue, tf.zeros([3, 1]))


@pytest.fixture(scope="module")
def live():
    """Items with 3 and 1 events of the last second, and an old one; `C` = `W` = 4."""
    old = [LAST - 20 * WEEK]  # a millionth
    return LivePopularity(popularity_of([[LAST] * 3, [LAST], old]), (1.0, 0.0))


def levels(live, slow, total, weeks=0.0, fast=(0.0, 0.0, 0.0)):
    """How many events each item is worth, and its rise."""
    counts = LiveCounts(
        *(tf.constant([each], tf.float32) for each in (slow, fast)),
        tf.constant([total], tf.float32),
    )
    now = tf.constant([LAST + int(weeks * WEEK)], tf.int64)
    moved, rises = live.moves(tf.constant([[0, 1, 2]]), counts, now)
    return np.expm1(moved + live.levels[:, 0])[0], rises.numpy()[0]


def test_what_has_not_changed_keeps_its_level(live):
    """At the rate of the log, at twice and at a tenth of it, and without any event."""
    for weeks, share in ((0, 0), (1, 0.5), (2, 0.75), (9, 1), (9, 2), (1, 0.05)):
        slow = np.array([3, 1, 0]) * share
        found, _ = levels(live, slow, total=4 * share, weeks=weeks)
        np.testing.assert_allclose(found, [3, 1, 0], atol=1e-3)


def test_live_events_take_the_place_of_what_was_learnt(live):
    # After a week half of the learnt is left, 1.5, 0.5 and 0, beside 2 of item 2.
    np.testing.assert_allclose(
        levels(live, [0, 0, 2], 2, weeks=1)[0], [1.5, 0.5, 2], rtol=1e-3
    )
    # One event after ten weeks: as much is left of the learnt as is lacking.
    np.testing.assert_allclose(
        levels(live, [0, 0, 1], 1, weeks=10)[0], [2.25, 0.75, 1], rtol=1e-3
    )
    # 16 right after training, by a busier place: 4 of 20 events are the learnt ones.
    np.testing.assert_allclose(
        levels(live, [0, 16, 0], 16)[0], [0.6, 3.4, 0], atol=1e-3
    )


def test_rises_are_above_what_a_week_lets_expect(live):
    slow, fast = [0, 167, 0], [10, 0.5, 7]
    _, rises = levels(live, slow, 168, weeks=99, fast=fast)
    # Of 168 events of a week one is expected in an hour.
    expected = [np.log(11), 0, np.log(8)]
    np.testing.assert_allclose(rises, expected, atol=1e-2)


def test_texts_let_expect_no_count_below_none():
    scorer = popularity_of([[LAST] * 3, [LAST], [LAST - WEEK]])
    live = LivePopularity(scorer, (1.0, 0.0))
    live.scorer.new_candidates = lambda texts, vectors: tf.constant([[-9.0], [0.5]])
    found = live.new_levels(None, None)[:, 0]
    np.testing.assert_allclose(found, [0, 0.5 + np.log(2)], rtol=1e-6)  # median: 1


# === The choice ===

NUM_ITEMS, NUM_USERS, NUM_DAYS = 24, 60, 24


def daily_log(is_of_the_day, seed=0):
    """Everybody has a draw of all items each day, or of the two items of that day."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in range(NUM_DAYS):
        hot = rng.choice(NUM_ITEMS, 2, replace=False)
        for user in range(NUM_USERS):
            if rng.random() < 0.5:
                second = day * DAY_S + int(rng.integers(8 * 3600))
                drawn = rng.choice(hot) if is_of_the_day else rng.integers(NUM_ITEMS)
                rows.append((f"u{user:02d}", f"i{drawn:02d}", LAST + second))
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
    items = pd.DataFrame({"item_id": [f"i{n:02d}" for n in range(NUM_ITEMS)]})
    users = Users(pd.DataFrame({"user_id": []}))
    dataset = Dataset("daily", Events(events), Items(items), users)
    return dataset, encode(dataset, FeedbackRules())


def chosen(is_of_the_day, names=("popularity",)):
    """A `HybridModel` whose weights of live counts were chosen."""
    dataset, log = daily_log(is_of_the_day)
    split = make_split(log, "rolling", 0.3)
    keras.utils.set_random_seed(0)
    towers = make_towers(small_config()).adapt(split.train, dataset.items)
    model = make_hybrid(small_config(), towers)
    model.fit_scorers(split.train, names=[*names])
    choose_live_weights(model, split.train, split.queries, split.held_out)
    return model, split


@pytest.mark.parametrize("names", [("popularity",), ("item_to_item",)])
def test_counts_that_tell_the_next_item_get_a_weight(names):
    """Also in a model whose scorers do not know popularity."""
    model, split = chosen(is_of_the_day=True, names=names)
    assert max(model.weights.live) > 0
    hybrid = model.hybrid_scorer()
    assert hybrid.live is not None
    scaled = model.weights.times(2.0).live
    assert scaled == pytest.approx([2 * each for each in model.weights.live])
    again = model.fit_scorers(split.train, names=[*names], weighting=model.weights)
    assert again.hybrid_scorer().live is not None


def test_counts_that_tell_nothing_get_none():
    model, _ = chosen(is_of_the_day=False)
    assert model.weights.live == (0.0, 0.0)
    assert model.hybrid_scorer().live is None


def test_a_log_without_times_has_no_live_counts():
    dataset, log = daily_log(is_of_the_day=True)
    log = dataclasses.replace(log, timestamps=np.zeros_like(log.timestamps))
    sequences = np.arange(len(log))
    log = dataclasses.replace(log, sequences=sequences)
    split = make_split(log, "random", 0.3)
    towers = make_towers(small_config()).adapt(split.train, dataset.items)
    model = make_hybrid(small_config(), towers)
    model.fit_scorers(split.train, names=CLOSED)
    choose_live_weights(model, split.train, split.queries, split.held_out)
    assert model.weights.live == (0.0, 0.0)


def test_moves_are_of_the_most_counted_items_before_each_question():
    """Of 300 items with an event each, 100 of the largest counts and as many rises."""
    events = [(item, item, LAST + 60 * item) for item in range(300)]
    log = make_log(events, 300, 300)
    catalogue = make_catalogue(make_items([""] * 300), log)
    scorer = PopularityScorer().fit(log, catalogue, tf.zeros([300, 1]))
    moves = LiveMoves(LivePopularity(scorer, (1.0, 1.0)), log, np.ones(300, bool))
    times = LAST + np.array([0, 1, 60 * 300])
    moved, rises = moves.of(times)
    assert not moved[0].any()  # nothing is strictly earlier
    assert np.flatnonzero(rises[1]).tolist() == [0]
    latest = [*range(300 - NAMED, 300)]
    assert np.flatnonzero(rises[2]).tolist() == latest
    nothing = LiveMoves(LivePopularity(scorer, (1.0, 1.0)), log, np.zeros(300, bool))
    assert not nothing.of(times).any()


def test_weights_without_live_counts_are_the_default():
    assert Weights(of_known_items=np.ones(1, np.float32)).live == (0.0, 0.0)
