"""Tests of tfrec.inference.boosts: boosts and freshness, against NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import (
    QUERY_SPECS,
    SOON,
    WISH_SPECS,
    answers,
    make_options,
    make_query,
    names,
)
from tests.model.checkerboard import START
from tests.model.fresh_items import ALL, NEW, Judged, make_inference, specs_of
from tests.model.test_new_item_tier import catalogue_of, may_come, scores_of, tiers
from tests.model.test_new_item_tier import requests as plain_requests
from tfrec.values import MAX_BOOST

EVEN = make_query([names(2, 4, 6)])
LATER = START + 10 * 86400
WIDTH = 10
NO = tf.constant([False])


@pytest.fixture(scope="module")
def judged(faithful):
    return Judged(faithful)


@pytest.fixture(scope="module", params=["exact", "scann"])
def recommend(request, faithful):
    """`Inference.recommend` as a graph that takes the tier as an input."""
    tier, repeats = specs_of(faithful), tf.TensorSpec([None], tf.bool)
    return tf.function(
        make_inference(faithful, request.param).recommend,
        input_signature=[QUERY_SPECS, WISH_SPECS, repeats, tier],
    )


label = st.sampled_from(["even", "odd", "strange", "novel", "", "nothing"])
boosts = st.lists(
    st.tuples(label, st.sampled_from([-40.0, -0.5, 0.0, 0.1, 2.0, 40.0])), max_size=4
)
freshness = st.tuples(
    st.sampled_from([0.0, 0.0, -1.0, 0.5, 20.0]), st.sampled_from([0.0, 1.0, 48.0])
)
requests = st.tuples(plain_requests, boosts, freshness)


def started(item_id):
    """When an item came, 0 if nobody knows."""
    number = int(item_id[1:]) if item_id in ALL else 1
    return (START - 3600 * (number + 1)) * (number % 3 == 0)


def added(item_id, labels, start, request):
    """What boosts and freshness add, by plain Python."""
    plain, own_boosts, (weight, half_life_hours) = request
    total = sum(value for name, value in own_boosts if name in labels)
    if start and half_life_hours:
        age_hours = max(plain["now"] - start, 0) / 3600
        total += weight * 0.5 ** (age_hours / half_life_hours)
    return total


def options_of(batch):
    plain, all_boosts, all_freshness = zip(*batch, strict=True)
    column = {name: [each[name] for each in plain] for name in plain[0]}

    def padded(rows, fill=""):
        return [[*row, *[fill] * (WIDTH - len(row))] for row in rows]

    query = make_query(padded(column["history"]), now=column["now"])
    options = make_options(
        now=column["now"],
        k=column["k"],
        exclude_item_ids=padded(column["excluded"]),
        categories=padded(column["categories"]),
        min_probability=column["min_probability"],
        boost_labels=padded([[name for name, _ in each] for each in all_boosts]),
        boost_values=padded([[v for _, v in each] for each in all_boosts], 0.0),
        freshness_weight=[each[0] for each in all_freshness],
        freshness_half_life_hours=[each[1] for each in all_freshness],
    )
    return query, options, tf.constant(column["allow_repeats"])


@settings(max_examples=40, deadline=None)
@given(tier=tiers, batch=st.lists(requests, min_size=1, max_size=2))
def test_the_best_by_score_and_boosts_come(recommend, judged, tier, batch):
    """Of the index and of new items, under all filters, own items among them."""
    ids, removed = tier
    removed = [each for each in removed if each not in ids]
    made = judged.tier(ids, removed)
    query, *how = options_of(batch)
    found = recommend(query, *how, made)
    found_ids = np.vectorize(bytes.decode, otypes=[object])(found[0].numpy())
    items = catalogue_of(ids, removed)
    interests, chances = judged.judge(query, [list(items)] * len(batch), made)
    for row, request in enumerate(batch):
        plain = request[0]
        scores = scores_of(judged, interests[row], items, ids, plain["history"])
        for each, (labels, start, _) in items.items():
            start = start if each in ids else started(each)
            scores[each] += added(each, labels, start, request)
        chance = dict(zip(items, chances[row], strict=True))
        least = plain["min_probability"]
        expected = [
            scores[each]
            for each, about in items.items()
            if may_come(each, about, plain) and (least <= 0 or chance[each] >= least)
        ]
        own = answers(found_ids[row])
        best = sorted(expected, reverse=True)[: plain["k"]]
        assert len(own) == len(best)
        for values, truth in (
            (found[1], best),
            (found[1], [scores[each] for each in own]),
            (found[2], [chance[each] for each in own]),
        ):
            np.testing.assert_allclose(
                values[row, : len(own)], truth, rtol=1e-4, atol=1e-4
            )


def test_nothing_is_as_if_nothing_were_given(recommend, judged):
    """To the bit: a boost of 0, of no label, of no half-life."""
    tier = judged.tier(["n0", "n4"])
    usual = recommend(EVEN, make_options(), NO, tier)
    for given_options in (
        {"boost_labels": [["even", ""]], "boost_values": [[0.0, 9.0]]},
        {"freshness_weight": [5.0]},
        {"freshness_weight": [5.0], "freshness_half_life_hours": [-1.0]},
        {"freshness_half_life_hours": [1.0]},
    ):
        found = recommend(EVEN, make_options(**given_options), NO, tier)
        for ours, theirs in zip(found, usual, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_label_that_no_item_has_adds_nothing(recommend, judged):
    tier = judged.tier(["n0", "n4"])
    usual = recommend(EVEN, make_options(), NO, tier)
    how = {"boost_labels": [["nothing"]], "boost_values": [[7.0]]}
    found = recommend(EVEN, make_options(**how), NO, tier)
    assert found[0].numpy().tolist() == usual[0].numpy().tolist()
    np.testing.assert_allclose(found[1], usual[1], rtol=1e-5)


def test_interest_vectors_are_ranked_alike(judged):
    """`recommend_from_interest`, beside `recommend` of the same person."""
    how = {"boost_labels": [["odd"]], "boost_values": [[0.7]], "k": [16]}
    options = make_options(**how)
    tier = judged.tier(["n0", "n4"])
    inference = judged.inference
    vector = inference.embed_query(EVEN, tier)
    expected = inference.recommend(EVEN, options, tf.constant([True]), tier)
    found = inference.recommend_from_interest(vector, options, tier)
    history = {b"i02", b"i04", b"i06"}  # which have a bonus of their own there
    lists = [[i for i in ids.numpy()[0] if i not in history] for ids in
             (found[0], expected[0])]  # fmt: skip
    assert lists[0][:10] == lists[1][:10]
    plain = inference.recommend_from_interest(vector, make_options(k=[18]), tier)
    scores = dict(zip(plain[0].numpy()[0], plain[1].numpy()[0], strict=True))
    for item_id, score in zip(found[0].numpy()[0], found[1].numpy()[0], strict=True):
        name = item_id.decode()
        is_odd = "odd" in NEW[name][1] if name[0] == "n" else int(name[1:]) % 2
        lift = 0.7 if is_odd else 0.0
        assert score == pytest.approx(scores[item_id] + lift, abs=1e-5)


def test_a_diverse_list_begins_with_the_best_of_score_and_boost(recommend, judged):
    tier = judged.tier([])
    how = {"boost_labels": [["odd"]], "boost_values": [[9.0]], "k": [3]}
    plain = recommend(EVEN, make_options(**how), NO, tier)
    diverse = recommend(EVEN, make_options(diversity=[0.3], **how), NO, tier)
    assert diverse[0].numpy()[0, 0] == plain[0].numpy()[0, 0]
    assert set(diverse[0].numpy()[0]) <= {name.encode() for name in ALL}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_numbers_that_are_none_or_too_large(recommend, judged, value):
    """NaN adds nothing; larger ones count as the largest. No answer has a NaN."""
    how = {
        "boost_labels": [["even", "strange", "odd"]],
        "boost_values": [[value, value, 1.0]],
        "freshness_weight": [value],
        "freshness_half_life_hours": [value],
    }
    tier = judged.tier(["n0", "n4"])
    _, scores, chances = recommend(EVEN, make_options(**how), NO, tier)
    assert np.isfinite(scores.numpy()).all()
    assert ((chances.numpy() >= 0) & (chances.numpy() <= 1)).all()
    assert np.abs(scores.numpy()).max() < 4 * MAX_BOOST


def test_times_beyond_all_others(recommend, judged):
    """The age of an item that is to come is 0; no time overflows."""
    weight = {"freshness_weight": [2.0], "freshness_half_life_hours": [1e-3]}
    for now in (1, 2**63 - 1):
        found = recommend(
            EVEN, make_options(now=[now], **weight), NO, judged.tier(["n0"])
        )
        assert not np.isnan(found[1].numpy()).any()


def test_labels_and_values_go_together(recommend, judged):
    options = make_options(boost_labels=[["a", "b"]], boost_values=[[1.0]])
    words = "`boost_values` must be as wide as `boost_labels`"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        recommend(EVEN, options, NO, judged.tier([]))


def test_a_row_has_its_own_boosts(recommend, judged):
    """And a neighbour's are nothing to it."""
    queries = make_query([names(2, 4, 6)] * 2)
    how = {
        "boost_labels": [["odd"], [""]],
        "boost_values": [[50.0], [50.0]],
        "now": [SOON] * 2,
    }
    tier = judged.tier(["n0"])
    found = recommend(queries, make_options(**how), NO, tier)[0].numpy()
    usual = recommend(EVEN, make_options(), NO, tier)[0].numpy()
    assert all(int(each[1:]) % 2 for each in found[0][:8])
    assert found[1].tolist() == usual[0].tolist()
