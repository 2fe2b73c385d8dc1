"""Tests of tfrec.inference.inference: what may be recommended."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import SOON, answers, make_options, make_query, names
from tests.model.checkerboard import NUM_ITEMS, NUM_USERS, START, withheld
from tfrec.linear.repeat_consumption import HALF_LIVES

ALL = names(*range(NUM_ITEMS))
EVEN = make_query([names(2, 4, 6)])
ALL_BUT_EXPIRED = set(ALL) - {"i00"}
item = st.sampled_from([*ALL, "", "no such item"])
often = settings(max_examples=25, deadline=None)


# === What comes back ===


def test_finds_what_was_withheld(asked, board):
    log = board[1]
    histories = [
        list(log.item_ids[log.item_rows[log.offsets[user] : log.offsets[user + 1]]])
        for user in range(NUM_USERS)
    ]
    found = asked.recommend(make_query(histories), k=[1])[0]
    expected = np.array(names(*(withheld(user) for user in range(NUM_USERS))))
    assert (found[:, 0] == expected).mean() >= 0.8  # by chance: 0.11


def colour(item_id):
    return "even" if int(item_id[1:]) % 2 == 0 else "odd"


def oracle(request, scores, chances):
    """Ids that may come, best first, by plain Python."""
    allowed = []
    for row, item_id in enumerate(ALL):
        wanted = {"even": {"even"}, "odd": {"odd", "strange"}}[colour(item_id)]
        categories = set(request["categories"]) - {""}
        least = request["min_probability"]
        if (
            not (item_id in request["history"] and not request["allow_repeats"])
            and item_id not in request["excluded"]
            and (item_id != "i00" or request["now"] == SOON)
            and (not categories or categories & wanted)
            and (least <= 0 or chances[row] >= least)
        ):
            allowed.append(row)
    allowed.sort(key=lambda row: -scores[row])
    return [ALL[row] for row in allowed[: request["k"]]]


requests = st.fixed_dictionaries(
    {
        "history": st.lists(item, max_size=12),
        "excluded": st.lists(item, max_size=9),
        "categories": st.lists(
            st.sampled_from(["even", "odd", "strange", "", "nothing"]), max_size=2
        ),
        "min_probability": st.sampled_from([0.0, 0.0, 0.01, 0.6, 0.95]),
        "k": st.integers(1, 20),
        "now": st.sampled_from([SOON, START + 10 * 86400, 0]),
        "allow_repeats": st.booleans(),
    }
)


@often
@given(st.lists(requests, min_size=1, max_size=3))
def test_agrees_with_numpy_under_all_filters(asked, hybrid, batch):
    """Each row of a batch as its own request says."""
    check_against_numpy(asked, hybrid, batch)


@often
@given(st.lists(requests, min_size=1, max_size=3))
def test_so_it_does_where_the_own_past_counts(asked_faithful, faithful, batch):
    check_against_numpy(asked_faithful, faithful, batch)


def own_past(hybrid, history, items=tuple(ALL)):
    """Bonus of every item by plain Python, for a history without padding."""
    ranks = range(len(history) - 1, -1, -1)
    bonus = np.zeros(len(items))
    for weight, half_life in zip(hybrid.weights.repeat, HALF_LIVES, strict=True):
        counts = np.zeros(len(items))
        for item_id, rank in zip(history, ranks, strict=True):
            counts[items.index(item_id)] += 0.5 ** (rank / half_life)
        bonus += weight * np.log1p(counts)
    return bonus


def check_against_numpy(asked, hybrid, batch):
    width = 12
    rows = {
        name: [[*each[name], *[""] * (width - len(each[name]))] for each in batch]
        for name in ("history", "excluded", "categories")
    }
    column = {name: [each[name] for each in batch] for name in batch[0]}
    query = make_query(rows["history"], now=column["now"])
    found, scores, chances = asked.recommend(
        query,
        column["allow_repeats"],
        now=column["now"],
        k=column["k"],
        exclude_item_ids=rows["excluded"],
        categories=rows["categories"],
        min_probability=column["min_probability"],
    )
    assert (
        found.shape == scores.shape == chances.shape == (len(batch), max(column["k"]))
    )
    every_score = asked.embed(query) @ hybrid.candidates.numpy().T
    for row, request in enumerate(batch):
        history = [item_id for item_id in request["history"] if item_id in ALL]
        every_score[row] += own_past(hybrid, history)
    every_chance = asked.score(query, [ALL] * len(batch))
    for row, request in enumerate(batch):
        expected = oracle(request, every_score[row], every_chance[row])
        assert answers(found[row]) == expected
        places = [ALL.index(item_id) for item_id in expected]
        end = len(expected)
        np.testing.assert_allclose(
            scores[row, :end], every_score[row, places], rtol=1e-4, atol=1e-4
        )
        np.testing.assert_allclose(
            chances[row, :end], every_chance[row, places], rtol=1e-4, atol=1e-4
        )
        assert np.isneginf(scores[row, end:]).all()
        assert (chances[row, end:] == 0).all()


def test_expired_items_never_come_back(asked):
    """Item 0 is on offer until ten days after the start; now = 0 is today."""
    last = START + 10 * 86400
    for now, is_there in ((last - 1, True), (last, False), (0, False)):
        ids = asked.recommend(EVEN, now=[now], k=[16])[0][0]
        assert ("i00" in ids) == is_there


def test_what_the_window_does_not_reach_is_excluded_all_the_same(asked):
    """The model looks back on 10 events; the history has 12."""
    history = ALL[1:13]
    found = asked.recommend(make_query([history]), k=[16])[0][0]
    assert set(answers(found)) == set(ALL) - set(history)


def test_repeats_where_they_are_wanted(asked):
    query = make_query([names(2, 4), names(2, 4)])
    found = asked.recommend(query, [True, False], k=[16])[0]
    assert set(answers(found[0])) == set(ALL)
    assert set(answers(found[1])) == set(ALL) - {"i02", "i04"}


def test_plain_lists_for_python(asked, inference):
    """Today, and nobody gets what is excluded."""
    histories = [names(2, 4), [], ["no such item"]]
    found = inference.recommend_ids(histories, 5, names(6, 7))
    query = make_query(histories, [[0] * len(each) for each in histories])
    expected = asked.recommend(query, now=[0], k=[5], exclude_item_ids=[names(6, 7)])
    assert found[0].tolist() == expected[0].tolist()
    for ours, theirs in zip(found[1:], expected[1:], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


# === k ===


def test_k_above_the_catalogue_pads(asked):
    ids, scores, chances = asked.recommend(EVEN, now=[0], k=[40])
    assert ids.shape == scores.shape == chances.shape == (1, 40)
    assert set(ids[0, :12]) == ALL_BUT_EXPIRED - {"i02", "i04", "i06"}
    assert (ids[0, 12:] == "").all()
    assert np.isneginf(scores[0, 12:]).all()
    assert (chances[0, 12:] == 0).all()
    assert np.isfinite(scores[0, :12]).all()
    assert (np.diff(scores[0, :12]) <= 0).all()


def test_each_row_has_its_own_k(asked):
    query = make_query([names(2), names(3), names(4)])
    ids, scores, chances = asked.recommend(query, k=[2, 5, 1])
    assert ids.shape == (3, 5)
    assert [len(answers(row)) for row in ids] == [2, 5, 1]
    assert np.isneginf(scores[0, 2:]).all()
    assert (chances[2, 1:] == 0).all()


@pytest.mark.parametrize(
    ("k", "words"),
    [([0], "`k` must be at least 1"), ([3, -2], "`k` must be at least 1"),
     ([10_001], "`k` must be at most 10000")],
)  # fmt: skip
def test_k_that_cannot_be(asked, k, words):
    query = make_query([names(2)] * len(k))
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        asked.recommend(query, k=k)


def test_the_largest_k(asked):
    assert asked.recommend(EVEN, k=[10_000])[0].shape == (1, 10_000)


# === Filters one by one ===


def test_categories_are_alternatives(asked):
    def found(*categories):
        return set(
            answers(asked.recommend(EVEN, k=[16], categories=[categories])[0][0])
        )

    evens, odds = set(names(0, 8, 10, 12, 14)), set(names(*range(1, 16, 2)))
    assert found("even") == evens
    assert found("", "strange") == odds
    assert found("odd", "even") == evens | odds
    assert found("odd", "unheard of") == odds


def test_an_unknown_category_finds_nothing(asked):
    ids, scores, _ = asked.recommend(EVEN, categories=[["unheard of"]])
    assert (ids == "").all()
    assert np.isneginf(scores).all()


def test_min_probability(asked):
    chances = asked.score(EVEN, [ALL])[0]
    least = float(np.median(chances))
    found = asked.recommend(EVEN, (True,), k=[16], min_probability=[least])[0][0]
    assert set(answers(found)) == {
        item_id for item_id, chance in zip(ALL, chances, strict=True) if chance >= least
    }
    assert 0 < len(answers(found)) < 16


def test_nobody_is_that_sure(asked):
    assert (asked.recommend(EVEN, min_probability=[1.0])[0] == "").all()


def test_recommending_from_a_stored_interest(asked, inference):
    """The same but for the history, which is not known."""
    interest = tf.constant(asked.embed(EVEN))
    options = make_options(k=[16], exclude_item_ids=[["i08", "nothing", ""]])
    ids, scores, chances = inference.recommend_from_interest(interest, options)
    expected = asked.recommend(EVEN, (True,), k=[16], exclude_item_ids=[["i08"]])
    assert answers(ids.numpy().astype(str)[0]) == answers(expected[0][0])
    np.testing.assert_allclose(scores, expected[1], rtol=1e-4)
    np.testing.assert_allclose(chances, expected[2], rtol=1e-4)


def test_an_interest_of_another_width(inference):
    interest, options = tf.zeros([2, 3]), make_options(k=[4])
    words = rf"`interest` must be {inference.hybrid.dim} numbers wide.*\[3\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        inference.recommend_from_interest(interest, options)
    items, one = tf.constant(["i02", "i03"]), tf.ones([2])
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        inference.update_interest(interest, items, one, one)
