"""Tests of live counts in requests: which items come, against plain Python."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import (
    POPULAR_SPECS,
    QUERY_SPECS,
    SOON,
    WISH_SPECS,
    make_options,
    make_popular,
    make_query,
    names,
)
from tests.model.checkerboard import START
from tests.model.fresh_items import ALL, Judged, make_inference, specs_of
from tests.model.test_inference import answers
from tests.model.test_new_item_tier import (
    ask,
    catalogue_of,
    item,
    may_come,
    requests,
    scores_of,
    tiers,
)
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.linear.popularity import PopularityScorer

WEEK, HOUR = 7 * 86_400, 3600
LIVE = (0.7, 0.4)  # weights of level and rise
SCANN = pytest.mark.slow  # the exact index has the same promises
KINDS = (
    "exact, repeats",
    "exact, plain",
    pytest.param("scann, repeats", marks=SCANN),
)


def with_live(hybrid, live=LIVE):
    """The same `HybridScorer` with weights of live counts."""
    (popularity,) = (e for e in hybrid.scorers if isinstance(e, PopularityScorer))
    weighting = dataclasses.replace(hybrid.weights, live=live)
    return HybridScorer(hybrid.model, hybrid.scorers, weighting, popularity)


@pytest.fixture(scope="module", params=KINDS)
def judged_and_recommend(request, hybrid, faithful):
    """What no index has a part in, and `Inference.recommend` as a graph."""
    flavour, kind = request.param.split(", ")
    live = with_live(faithful if kind == "repeats" else hybrid)
    repeats = tf.TensorSpec([None], tf.bool)
    specs = [QUERY_SPECS, WISH_SPECS, repeats, specs_of(live), POPULAR_SPECS]
    made = make_inference(live, flavour)
    return Judged(live), tf.function(made.recommend, input_signature=specs)


def learnt_counts(log):
    """What the log says of each item by plain Python, and all that live counts need."""
    last, first = max(log.timestamps), min(log.timestamps)
    counts, weekly = dict.fromkeys(ALL, 0.0), 0.0
    for row, time in zip(log.item_rows, log.timestamps, strict=True):
        counts[ALL[row]] += 0.5 ** ((last - time) / (0.1 * (last - first)))
        weekly += 0.5 ** ((last - time) / WEEK)
    median = float(np.median(np.log1p([*counts.values()])))
    return counts, weekly, last, median


def bonuses(log, fresh, named, total, now):
    """Item id -> what its live counts add, of a list of `(item id, count, recent)`.

    Of `fresh` ids nothing but the median is expected, since no texts are read.
    """
    counts, weekly, last, median = learnt_counts(log)
    named = [each for each in named if 0 < each[1] < math.inf]
    live_total = max(total, sum(count for _, count, _ in named))
    kept = max(weekly - live_total, weekly * 0.5 ** ((now - last) / WEEK))
    found = {}
    for item_id, count, recent in named:
        is_known = item_id in counts and item_id not in fresh
        was = counts[item_id] if is_known else math.expm1(median)
        slow = count + kept * was / sum(counts.values())
        level = math.log1p(sum(counts.values()) * slow / (live_total + kept))
        recent = recent if 0 < recent < math.inf else 0
        rise = math.log1p(recent) - math.log1p(slow * HOUR / WEEK)
        moved = level - math.log1p(was)
        found[item_id] = LIVE[0] * moved + LIVE[1] * max(rise, 0)
    return found


counted = st.tuples(
    item,
    st.sampled_from([0.25, 3.0, 50.0, 1e6, 0.0, -1.0, math.nan, math.inf]),
    st.sampled_from([0.0, 2.0, 40.0, -1.0, math.nan]),
)
live_counts = st.tuples(st.lists(counted, max_size=9), st.sampled_from([0.0, 9e4]))


@settings(max_examples=25, deadline=None)
@given(
    tier=tiers,
    batch=st.lists(st.tuples(requests, live_counts), min_size=1, max_size=2),
)
def test_agrees_with_plain_python(judged_and_recommend, board, tier, batch):
    """Whatever is fresh or gone, under all rules; the last of equal ids counts."""
    judged, recommend = judged_and_recommend
    ids, removed = tier
    removed = [each for each in removed if each not in ids]
    made = judged.tier(ids, removed)
    batch, live = zip(*batch, strict=True)
    popular = make_popular(*zip(*live, strict=True))
    query, found = ask(recommend, made, [*batch], popular)
    items = catalogue_of(ids, removed)
    interests, chances = judged.judge(query, [list(items)] * len(batch), made)
    for row, request in enumerate(batch):
        history = request["history"] if judged.hybrid.has_repeats else []
        scores = frozen_scores(judged, interests[row], items, ids, history)
        more = bonuses(board[1], ids, *live[row], request["now"])
        chance = dict(zip(items, chances[row], strict=True))
        least = request["min_probability"]
        expected = [
            each
            for each, about in items.items()
            if may_come(each, about, request) and (least <= 0 or chance[each] >= least)
        ]
        scores = {each: scores[each] + more.get(each, 0.0) for each in items}
        own = answers(found[0][row])
        assert len(set(own)) == len(own) == min(len(expected), request["k"])
        assert set(own) <= set(expected)
        best = sorted((scores[each] for each in expected), reverse=True)[: len(own)]
        close = {"rtol": 1e-4, "atol": 1e-4}
        np.testing.assert_allclose(found[1][row, : len(own)], best, **close)
        for values, truth in ((found[1], scores), (found[2], chance)):
            true = [truth[each] for each in own]
            np.testing.assert_allclose(values[row, : len(own)], true, **close)


def frozen_scores(judged, interest, items, ids, history):
    """Scores without live counts, with repeat consumption where it counts."""
    if judged.hybrid.has_repeats:
        return scores_of(judged, interest, items, ids, history)
    vectors = judged.hybrid.candidates.numpy()
    vectors = dict(zip(ALL, vectors, strict=True)) | {i: judged.vectors[i] for i in ids}
    return {each: float(interest @ vectors[each]) for each in items}


QUERY = make_query([names(2, 4, 6), names(1, 3)])
OPTIONS = make_options(k=[12])
ONE = tf.constant([False])


@pytest.fixture(scope="module", params=["exact", pytest.param("scann", marks=SCANN)])
def pair(request, hybrid):
    """`Inference` with and without live counts."""
    both = hybrid, with_live(hybrid)
    return [make_inference(each, request.param) for each in both]


def test_without_counts_answers_are_bit_equal(pair):
    """But for the last bit of a sigmoid, which depends on where in memory it is."""
    for fresh in (None, "tier"):
        found = []
        for inference in pair:
            tier = fresh and Judged(inference.hybrid).tier(["n0", "i05"], ["i07"])
            ask = tf.function(inference.recommend)
            found.append([each.numpy() for each in ask(QUERY, OPTIONS, ONE, tier)])
        (*plain, chances), (*live, same) = found
        for one, other in zip(plain, live, strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(chances, same, rtol=1e-6)


def test_a_vector_gets_what_its_history_gets(pair):
    inference = pair[1]
    popular = make_popular([[("i09", 30.0, 9.0), ("i02", 9.0, 0.0)]])
    vectors = inference.embed_query(QUERY)
    repeats = tf.constant([True])
    by_history = inference.recommend(QUERY, OPTIONS, repeats, popular=popular)
    by_vector = inference.recommend_from_interest(vectors, OPTIONS, popular=popular)
    assert by_vector[0].numpy().tolist() == by_history[0].numpy().tolist()
    for one, other in zip(by_vector[1:], by_history[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    plain = inference.recommend_from_interest(vectors, OPTIONS)
    assert plain[0].numpy().tolist() != by_vector[0].numpy().tolist()


def places(inference, *named, total=0.0, **options):
    """Item id -> its place in a list of all, for somebody without a history."""
    popular = make_popular([named], [total])
    options = make_options(k=[16], **options)
    ids, *_ = inference.recommend(make_query([[]]), options, ONE, popular=popular)
    return {each.decode(): place for place, each in enumerate(ids.numpy()[0]) if each}


def test_what_is_read_now_rises_and_what_is_read_less_sinks(pair):
    """Every item was had some times; 1 event of 10,000 is less."""
    inference = pair[1]
    before = [*places(inference)]
    for moving, counts, total in (
        (before[-1], (50.0, 50.0), 0.0),
        (before[0], (1.0, 0.0), 10_000.0),
    ):
        after = [*places(inference, (moving, *counts), total=total)]
        has_risen = after.index(moving) < before.index(moving)
        assert has_risen == (moving == before[-1])
        assert after.index(moving) != before.index(moving)
        others = [each for each in before if each != moving]
        assert [each for each in after if each != moving] == others


def test_expired_and_excluded_items_do_not_come_by_their_counts(pair):
    """Item 0 is on offer until ten days after the start; now = 0 is today."""
    inference, hot = pair[1], [(each, 1e4, 1e3) for each in ("i00", "i03", "i04")]
    last = START + 10 * 86_400
    for now, is_there in ((last - 1, True), (last, False), (0, False)):
        assert ("i00" in places(inference, *hot, now=[now])) == is_there
    found = places(inference, *hot, exclude_item_ids=[["i03"]], categories=[["odd"]])
    assert not {"i03", "i04"} & found.keys()


def test_ids_and_counts_of_unlike_widths_are_refused(pair):
    popular = make_popular([[("i05", 50.0, 50.0)] * 3])
    popular = popular._replace(popular_counts=tf.ones([1, 2]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="ncompatible"):
        pair[1].recommend(QUERY, OPTIONS, ONE, popular=popular)


def test_the_clock_is_the_time_of_a_request_without_one(pair):
    """Long after the log nothing of what was learnt is left beside live events."""
    hot = [("i05", 1e5, 0.0)]
    with_clock = places(pair[1], *hot, now=[0])
    assert with_clock == places(pair[1], *hot, now=[SOON + 9 * WEEK])
