"""Texts of events: which are read, and what they do to an answer."""

import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import answers, make_query, names
from tests.model.checkerboard import START
from tfrec.data.history_texts import latest_texts

ITEMS = ["i03", "i05", ""]
SEARCH = ["", "", "even thing"]
TIMES = [[START, START + 60, START + 120]]


def written(texts, items=ITEMS, **given):
    """`QueryInputs` of one user, an event each minute."""
    times = [[START + 60 * place for place in range(len(items))]]
    return make_query([items], times, history_texts=[texts], **given)


# === Which are read ===


def slow_texts(texts, rows, times):
    """`[(text, column, weight)]` of one history, one after another."""
    real = [i for i in range(len(texts)) if texts[i] or rows[i] >= 0]
    real.sort(key=lambda i: (times[i], i))
    found = [
        (texts[i], i, 0.5 ** ((len(real) - 1 - place) / 5))
        for place, i in enumerate(real)
        if texts[i]
    ][-8:]
    total = max(1.0, sum(weight for *_, weight in found))
    return [(text, column, weight / total) for text, column, weight in found]


def test_by_hand():
    texts = tf.constant([["sea", "", "boat", ""]])
    rows, times = tf.constant([[-1, 4, 5, -1]]), tf.constant([[30, 10, 20, 0]], "int64")
    found = latest_texts(texts, rows, times)
    assert found.texts.numpy().tolist() == [[b"boat", b"sea"]]
    assert found.columns.numpy().tolist() == [[2, 0]]
    older = 0.5**0.2  # one event later
    expected = [[older / (1 + older), 1 / (1 + older)]]
    np.testing.assert_allclose(found.weights, expected, rtol=1e-6)


def test_agrees_with_one_after_another():
    rng = np.random.default_rng(0)
    shape = (50, 14)
    texts = rng.choice(["", "", "sea", "boat", "海"], shape).astype(object)
    rows, times = rng.integers(-1, 3, shape), rng.integers(0, 9, shape)
    texts[:2] = ""
    found = latest_texts(
        tf.constant(texts), tf.constant(rows, tf.int32), tf.constant(times)
    )
    for row in range(len(texts)):
        expected = slow_texts(texts[row], rows[row], times[row])
        size = len(expected)
        parts = [tensor[row].numpy().tolist() for tensor in found]
        given = [(text.decode(), *rest) for text, *rest in zip(*parts, strict=True)]
        assert [each[:2] for each in given[:size]] == [e[:2] for e in expected]
        assert [each[:2] for each in given[size:]] == [("", -1)] * (len(given) - size)
        weights = [weight for *_, weight in expected] + [0.0] * (len(given) - size)
        np.testing.assert_allclose(parts[2], weights, rtol=1e-5)


def test_nothing_was_written():
    found = latest_texts(
        tf.constant([["", ""]] * 3),
        tf.zeros([3, 2], tf.int32),
        tf.zeros([3, 2], "int64"),
    )
    assert [tuple(tensor.shape) for tensor in found] == [(3, 0)] * 3


# === What they do ===


def test_the_latest_search_says_what_a_free_text_says(asked):
    said = asked.embed(written(SEARCH))
    plain = make_query([ITEMS], TIMES)
    np.testing.assert_allclose(
        said, asked.embed(plain._replace(query_text=tf.constant(["even thing"]))), 1e-5
    )
    assert np.abs(said - asked.embed(plain)).max() > 1e-3


def test_it_moves_the_list(asked_all):
    """Towards items whose words it has, less with each event that comes after."""

    def even_items_gain(items, texts):
        scored = [
            dict(zip(ids[0], scores[0], strict=True))
            for ids, scores, _ in (
                asked_all.recommend(written(given, items), k=[16])
                for given in (texts, [""] * len(texts))
            )
        ]
        gains = {name: scored[0][name] - scored[1][name] for name in scored[0] if name}
        even = np.mean([gain for name, gain in gains.items() if int(name[1:]) % 2 == 0])
        odd = np.mean([gain for name, gain in gains.items() if int(name[1:]) % 2])
        return even - odd

    at_once = even_items_gain(ITEMS, SEARCH)
    later = even_items_gain(["i03", "", "i05"], ["", "even thing", ""])
    assert at_once > later > 0
    assert later == pytest.approx(at_once * 0.5**0.2, rel=0.05)


def test_a_search_alone_is_a_request(asked):
    ids, scores, _ = asked.recommend(written(["even thing"], [""]), k=[4])
    free = make_query([[]], query_text=["even thing"])
    expected = asked.recommend(free, k=[4])
    assert answers(ids[0]) == answers(expected[0][0])
    np.testing.assert_allclose(scores, expected[1], rtol=1e-4)


@pytest.mark.parametrize("texts", [[""], ["", "", "", ""]])
def test_no_text_changes_nothing(asked, texts):
    items = ["i03", "", "i05", ""]
    plain = make_query([items])
    given = plain._replace(history_texts=tf.constant([texts]))
    np.testing.assert_array_equal(asked.embed(given), asked.embed(plain))


def test_others_of_the_batch_change_nothing(asked):
    both = make_query(
        [["i03", "i05", ""], ["i02", "", "i04"]],
        [TIMES[0], TIMES[0]],
        history_texts=[SEARCH, ["odd thing", "even", "even strange"]],
    )
    alone = asked.embed(written(SEARCH))
    np.testing.assert_allclose(asked.embed(both)[:1], alone, rtol=1e-5, atol=1e-6)


def test_a_review_counts_if_its_event_may_be_interest(asked_all):
    """Of the kinds, a skip never is; nor do strangers say anything."""

    def is_read(item, kind):
        items, kinds = ["i05", item], [["view", kind]]
        texts = ["", "even thing"]
        told = written(texts, items, history_events=kinds)
        plain = told._replace(history_texts=tf.constant([[""]]))
        return np.abs(asked_all.embed(told) - asked_all.embed(plain)).max() > 1e-4

    assert is_read("i03", "view")
    assert is_read("", "view")
    assert is_read("", "search")  # no kind of the log
    assert not is_read("i03", "skip")
    assert not is_read("i03", "no such kind")
    assert not is_read("no such item", "view")


# === Reasons ===


def test_a_text_is_a_reason(asked_all):
    """In its own column, for the items whose words it has."""
    query = written(["even thing", "", ""], ["", "i03", "i05"])
    even, odd = asked_all.explain(query, [names(8, 9)])[0]
    np.testing.assert_allclose(even.sum(), 1, rtol=1e-5)
    assert even[0] > 0.05
    assert even[0] > odd[0]
    plain = query._replace(history_texts=tf.constant([[""]]))
    without = asked_all.explain(plain, [names(8)])[0, 0]
    assert without[0] == 0
    np.testing.assert_allclose(even[1:], without[1:] * (1 - even[0]), atol=1e-5)
