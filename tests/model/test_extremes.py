"""Whatever numbers a request holds, as many items come back as there are."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import make_options, make_query, names
from tests.model.checkerboard import NUM_ITEMS, START, STARTS
from tfrec.data.history import value_scale
from tfrec.inference.online_update import update_interest

ALL = names(*range(NUM_ITEMS))
END = START + 10 * 86_400  # of item 0
NUMBERS = st.one_of(
    st.sampled_from([np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, 0.0]),
    st.floats(width=32),
)
TIMES = st.one_of(
    st.sampled_from([0, -1, 1, 2**62, -(2**62), 2**63 - 1, -(2**63), START]),
    st.integers(-(2**63), 2**63 - 1),
)
EVENTS = st.tuples(
    st.sampled_from([*ALL, "no such item"]),
    st.sampled_from(["", "view", "skip", "absent", "no such kind"]),
    NUMBERS,
    TIMES,
)
NO_WISH = st.sampled_from([0.0, np.nan, -np.inf, -3.4e38])
EVERY = st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf, 3.4e38])
K = st.integers(1, 20)


def check_list(answer, k, allowed):
    """The first row: `min(k, allowed)` items, then padding."""
    ids, scores, chances = answer
    count = min(k, allowed)
    found = ids[0][ids[0] != ""]
    assert len(set(found)) == len(found) == count
    assert np.isfinite(scores[0][:count]).all()
    assert ((chances >= 0) & (chances <= 1)).all()


def on_offer(now):
    """Items that the board has at a time; by the clock, item 0 has ended."""
    found = {each for each, start in zip(ALL, STARTS, strict=True) if start <= now}
    return found - {ALL[0]} if now >= END else found if now > 0 else {*ALL[1:]}


@settings(max_examples=40, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=12), TIMES, K, NO_WISH, EVERY)
def test_histories(asked_all, events, now, k, least, diversity):
    ids, kinds, values, times = ([list(each)] for each in zip(*events, strict=True))
    query = make_query(
        ids, times, history_events=kinds, history_values=values, now=[now]
    )
    assert np.isfinite(asked_all.embed(query)).all()
    offered = on_offer(now)
    allowed = len(offered - set(ids[0]))
    options = {"now": [now], "min_probability": [least], "diversity": [diversity]}
    check_list(asked_all.recommend(query, k=[k], **options), k, allowed)
    again = asked_all.recommend(query, [True], k=[k], **options)
    check_list(again, k, len(offered))
    assert np.isfinite(asked_all.score(query, [ALL])).all()
    shares = asked_all.explain(query, [ALL])
    assert ((shares >= 0) & (shares <= 1 + 1e-5)).all()


@settings(max_examples=30, deadline=None)
@given(st.data(), NUMBERS, NUMBERS, K, NO_WISH, EVERY)
def test_interest_vectors(whole_inference, data, reward, rate, k, least, diversity):
    dim = whole_inference.hybrid.dim
    vector = data.draw(st.lists(NUMBERS, min_size=dim, max_size=dim))
    interest = tf.constant([vector], tf.float32)
    options = make_options(
        now=[END], k=[k], min_probability=[least], diversity=[diversity]
    )
    ids, scores, chances = whole_inference.recommend_from_interest(interest, options)
    answer = (ids.numpy().astype(str), scores.numpy(), chances.numpy())
    check_list(answer, k, NUM_ITEMS - 1)
    reaction = (tf.constant(["i03"]), tf.constant([reward], tf.float32))
    rate = tf.constant([rate], tf.float32)
    moved = whole_inference.update_interest(interest, *reaction, rate)
    assert np.isfinite(moved).all()


def test_no_number_is_no_wish_though_others_of_the_batch_have_one(asked_all):
    query = make_query([names(3), names(3)], now=[START, START])
    options = {"k": [5], "min_probability": [np.nan, 1.0], "diversity": [np.nan, 1.0]}
    ids, *_ = asked_all.recommend(query, **options)
    alone, *_ = asked_all.recommend(query, k=[5])
    assert ids[0].tolist() == alone[0].tolist()
    assert (ids[1] == "").all()


def test_values_within_the_range_are_as_they_were(kinds_log):
    """To the bit; beyond it they end at its width (1 to 5) on either side."""
    scale = value_scale(kinds_log)
    known = tf.constant(np.unique(kinds_log.values))
    mean, factor = kinds_log.values.mean(), 1.0 / kinds_log.values.std(dtype=float)
    np.testing.assert_array_equal(scale(known), (known - float(mean)) * float(factor))
    beyond = scale(tf.constant([-3.0, -3.4e38, -np.inf, 9.0, 3.4e38, np.inf]))
    np.testing.assert_allclose(beyond, scale(tf.constant([-3.0] * 3 + [9.0] * 3)), 1e-6)
    assert scale(tf.constant([np.nan])).numpy().tolist() == [0.0]


@pytest.mark.parametrize(
    "values", [[3.4e38, 3.4e38, -3.4e38, 1.0], [7.0] * 4, [np.nan] * 4, [0, 1, 1e30, 0]]
)
def test_logs_of_any_values_have_a_scale(kinds_log, values):
    places = np.arange(len(kinds_log)) % 4
    log = dataclasses.replace(kinds_log, values=np.array(values, np.float32)[places])
    asked = tf.constant([0.0, 1.0, 3.4e38, -3.4e38, np.nan, np.inf, -np.inf])
    assert (np.abs(value_scale(log)(asked)) <= 1e3).all()


def test_a_step_that_is_no_number_changes_nothing():
    interest, item = tf.constant([[1.0, 0.0]]), tf.constant([[0.0, 2.0]])
    for reward, rate in ((np.nan, 1.0), (1.0, np.nan), (0.0, np.nan)):
        moved = update_interest(interest, item, [reward], [rate], 100.0)
        np.testing.assert_array_equal(moved, interest)
    # A step of 1e9 at most, scaled back to a length of 3: all of it in the item.
    moved = update_interest(interest, item, [1.0], [np.inf], 3.0)
    np.testing.assert_allclose(moved, [[0.0, 3.0]], atol=1e-5)
