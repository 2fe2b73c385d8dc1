"""Tests of the fresh tier: what comes, against NumPy, under all rules."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import (
    QUERY_SPECS,
    SOON,
    WISH_SPECS,
    make_options,
    make_query,
    names,
)
from tests.model.checkerboard import START
from tests.model.fresh_items import ALL, NEW, Judged, make_inference, specs_of
from tests.model.test_inference import answers, colour, own_past

WORDS = {"even": {"even"}, "odd": {"odd", "strange"}}


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


item = st.sampled_from([*ALL, *NEW, "", "no such item"])
tiers = st.tuples(
    st.lists(st.sampled_from(list(NEW)), unique=True),
    st.lists(st.sampled_from([*ALL[:8], "no such item"]), max_size=4),
)
requests = st.fixed_dictionaries(
    {
        "history": st.lists(item, max_size=8),
        "excluded": st.lists(item, max_size=9),
        "categories": st.lists(
            st.sampled_from(["even", "odd", "strange", "novel", "", "nothing"]),
            max_size=2,
        ),
        "min_probability": st.sampled_from([0.0, 0.0, 0.01, 0.6]),
        "k": st.integers(1, 25),
        "now": st.sampled_from([SOON, START + 10 * 86400]),
        "allow_repeats": st.booleans(),
    }
)


def catalogue_of(ids, removed):
    """Items that may be asked for: id -> categories, from, until."""
    main = {
        each: (WORDS[colour(each)], 0, START + 10 * 86400 if each == "i00" else 0)
        for each in ALL
        if each not in removed
    }
    fresh = {
        each: (set(NEW[each][1].split("|")) - {""}, *NEW[each][2:]) for each in ids
    }
    return main | fresh


def may_come(item_id, about, request):
    """Whether one request allows an item, but for its probability."""
    own, start, until = about
    wanted = set(request["categories"]) - {""}
    return (
        not (item_id in request["history"] and not request["allow_repeats"])
        and item_id not in request["excluded"]
        and start <= request["now"]
        and (not until or request["now"] < until)
        and (not wanted or bool(own & wanted))
    )


def ask(recommend, tier, batch, *popular):
    width = 10
    padded = {
        name: [[*each[name], *[""] * (width - len(each[name]))] for each in batch]
        for name in ("history", "excluded", "categories")
    }
    column = {name: [each[name] for each in batch] for name in batch[0]}
    query = make_query(padded["history"], now=column["now"])
    options = make_options(
        now=column["now"],
        k=column["k"],
        exclude_item_ids=padded["excluded"],
        categories=padded["categories"],
        min_probability=column["min_probability"],
    )
    repeats = tf.constant(column["allow_repeats"])
    found = recommend(query, options, repeats, tier, *popular)
    ids = np.vectorize(bytes.decode, otypes=[object])(found[0].numpy())
    return query, (ids, *(each.numpy() for each in found[1:]))


def scores_of(judged, interest, items, ids, history):
    """Score of each item, by plain NumPy."""
    rows = {item_id: row for row, item_id in enumerate(ALL)}
    history = [each for each in history if each in rows or each in ids]
    bonus = own_past(judged.hybrid, history, [*ALL, *NEW])
    vectors = judged.hybrid.candidates.numpy()
    return {
        each: float(
            interest @ (judged.vectors[each] if each in ids else vectors[rows[each]])
        )
        + bonus[[*ALL, *NEW].index(each)]
        for each in items
    }


@settings(max_examples=25, deadline=None)
@given(tier=tiers, batch=st.lists(requests, min_size=1, max_size=2))
def test_agrees_with_numpy_whatever_is_fresh_or_gone(recommend, judged, tier, batch):
    ids, removed = tier
    removed = [each for each in removed if each not in ids]
    made = judged.tier(ids, removed)
    query, found = ask(recommend, made, batch)
    items = catalogue_of(ids, removed)
    interests, chances = judged.judge(query, [list(items)] * len(batch), made)
    for row, request in enumerate(batch):
        scores = scores_of(judged, interests[row], items, ids, request["history"])
        chance = dict(zip(items, chances[row], strict=True))
        least = request["min_probability"]
        expected = [
            each
            for each, about in items.items()
            if may_come(each, about, request) and (least <= 0 or chance[each] >= least)
        ]
        own = answers(found[0][row])
        assert len(set(own)) == len(own)
        assert set(own) <= set(expected)
        assert len(own) == min(len(expected), request["k"])
        best = sorted((scores[each] for each in expected), reverse=True)
        np.testing.assert_allclose(
            found[1][row, : len(own)], best[: len(own)], rtol=1e-4, atol=1e-4
        )
        for values, truth in ((found[1], scores), (found[2], chance)):
            np.testing.assert_allclose(
                values[row, : len(own)],
                [truth[each] for each in own],
                rtol=1e-4,
                atol=1e-4,
            )


def test_an_item_of_that_very_text_is_found_first(recommend, judged):
    """Text in, recommended at once; the same graph without it does not know it."""
    query = make_query([names(2, 4, 6)])
    options = make_options(categories=[["novel"]])
    no = tf.constant([False])
    for ids, expected in ((["n4", "i03"], {b"n4", b"i03"}), ([], set())):
        found = recommend(query, options, no, judged.tier(ids))[0].numpy()
        assert set(found[0]) - {b""} == expected


def test_what_is_gone_has_no_probability_but_its_events_count(judged):
    """A film that is no longer on offer still tells what somebody likes."""
    query = make_query([names(2, 4, 6)])
    named = [["i02", "i04", "n0"]]
    nothing, gone = judged.tier([]), judged.tier([], ["i02"])
    interests, chances = judged.judge(query, named, gone)
    assert (chances[0] > 0).tolist() == [False, True, False]
    np.testing.assert_array_equal(interests, judged.judge(query, named, nothing)[0])


def test_new_items_are_explained_and_explain(judged):
    """One that is item 4 in all but its name has the shares of item 4."""
    scorers = [
        tf.reshape(scorer.memory[4], [-1])
        for scorer in judged.hybrid.scorers
        if scorer.memory_dim
    ]
    memory = tf.concat([judged.hybrid.unscaled[4], *scorers], axis=0)
    twin = judged.tier(["n0"])
    twin = twin._replace(
        vectors=tf.stack([judged.hybrid.candidates[4], twin.vectors[1]]),
        memories=tf.stack([memory, twin.memories[1]]),
    )
    explain = judged.inference.explain
    history = make_query([names(2, 5, 6)])
    ((four, new, *_),) = explain(history, tf.constant([["i04", "n0"]]), twin).numpy()
    assert four.sum() == pytest.approx(1)
    np.testing.assert_allclose(new, four, atol=1e-5)
    candidates = tf.constant([names(6, 7, 8)])
    shares = explain(make_query([names(2, 4, 5)]), candidates, twin).numpy()
    assert shares[..., 1].max() > 0.1
    as_new = explain(make_query([["i02", "n0", "i05"]]), candidates, twin)
    np.testing.assert_allclose(as_new, shares, atol=1e-5)


def test_what_is_gone_is_not_explained(judged):
    query, candidates = make_query([names(2, 4, 6)]), tf.constant([names(2, 8)])
    gone = judged.tier([], ["i02"])
    shares = judged.inference.explain(query, candidates, gone).numpy()
    assert (shares[0].sum(axis=1) > 0).tolist() == [False, True]


def test_everything_gone_leaves_the_fresh(recommend, judged):
    found = recommend(
        make_query([[]]),
        make_options(k=[3]),
        tf.constant([False]),
        judged.tier(["n0"], ALL),
    )
    assert found[0].numpy()[0].tolist() == [b"n0", b"", b""]
    assert np.isneginf(found[1].numpy()[0, 1:]).all()


def test_ten_thousand_wide_exclusions_reach_the_fresh(recommend, judged):
    """Unicode ids among them, and mostly padding."""
    excluded = np.full((1, 10_000), "", object)
    excluded[0, [5, 7_000, 9_999]] = ["né 新", "n0", "i04"]
    ids = ["n0", "né 新", "n4"]
    options = make_options(k=[25], exclude_item_ids=excluded)
    no = tf.constant([False])
    found = recommend(make_query([[]]), options, no, judged.tier(ids))[0].numpy()
    expected = {*ALL, "n4"} - {"i04"}
    assert set(answers(np.char.decode(found[0].astype("S")))) == expected
