"""Tests of tfrec.inference.diversity, against the definition in plain NumPy."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import make_query, names
from tests.model.test_inference import answers
from tfrec.inference.diversity import POOL, diversify

EVEN = make_query([names(2, 4, 6)])


def mmr(scores, vectors, diversity, k):
    """Places in the order of maximal marginal relevance, one query, no padding."""
    pool = min(len(scores), POOL * k)
    if not pool:
        return []
    spread = scores[0] - scores[pool - 1]
    merits = (scores - scores[pool - 1]) / spread if spread > 0 else scores * 0
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    cosines = (vectors / lengths) @ (vectors / lengths).T
    chosen = []
    while len(chosen) < min(k, pool):
        left = [place for place in range(pool) if place not in chosen]
        like = {p: max((cosines[p, c] for c in chosen), default=0.0) for p in left}
        values = [(1 - diversity) * merits[p] - diversity * like[p] for p in left]
        chosen.append(left[int(np.argmax(np.round(values, 5)))])
    return chosen


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_order_is_that_of_the_definition(data):
    """Rows of one batch that want different numbers from pools of different sizes."""
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    batch, width, dim = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 30)), 4
    sizes = rng.integers(0, width + 1, batch)
    wanted = rng.integers(1, 9, batch).astype("int32")
    diversity = data.draw(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]))
    scores = -np.sort(-rng.normal(size=(batch, width)).astype("float32"))
    is_real = np.arange(width) < sizes[:, None]
    rows = np.where(is_real, rng.permutation(width)[None], -1).astype("int32")
    vectors = rng.normal(size=(batch, width, dim)).astype("float32")
    found, kept = diversify(
        tf.constant(rows),
        tf.constant(np.where(is_real, scores, -np.inf)),
        tf.constant(vectors),
        tf.constant(wanted),
        tf.fill([batch], diversity),
        tf.constant(wanted.max()),
    )
    for query, size in enumerate(sizes):
        k = wanted[query]
        places = mmr(scores[query, :size], vectors[query, :size], diversity, k)
        assert found[query, : len(places)].numpy().tolist() == [
            rows[query, place] for place in places
        ]
        assert kept[query, : len(places)].numpy().tolist() == [
            scores[query, place] for place in places
        ]
        assert (found[query, len(places) : k].numpy() == -1).all()
        assert np.isneginf(kept[query, len(places) : k]).all()


def test_by_hand():
    """Cosine 1 with the best one; the third, at a right angle, comes second.

    Relevance 1, 0.9, 0; at 0.5 the values of the second step are 0.45 - 0.5 = -0.05
    and 0 - 0 = 0.
    """
    vectors = tf.constant([[[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]])
    scores, rows = tf.constant([[2.0, 1.9, 1.0]]), tf.constant([[7, 8, 9]])
    wanted, k = tf.constant([3]), tf.constant(3)
    for diversity, order in ((0.0, [7, 8, 9]), (0.4, [7, 8, 9]), (0.5, [7, 9, 8])):
        found, _ = diversify(rows, scores, vectors, wanted, tf.constant([diversity]), k)
        assert found.numpy()[0].tolist() == order


def test_each_row_has_its_own(asked):
    """Rows without diversity are untouched by neighbours that want some."""
    queries = make_query([names(2, 4, 6)] * 3)
    plain = asked.recommend(EVEN, k=[5])
    found = asked.recommend(queries, k=[5, 3, 5], diversity=[0.0, 0.0, 1.0])
    assert found[0][0].tolist() == plain[0][0].tolist()
    np.testing.assert_allclose(found[1][0], plain[1][0], rtol=1e-5)
    assert answers(found[0][1]) == plain[0][0][:3].tolist()
    assert found[0][2, 0] == plain[0][0, 0]  # the best one is still the first
    assert set(found[0][2]) != set(plain[0][0])
    alone = asked.recommend(EVEN, k=[3], diversity=[0.6])
    beside = asked.recommend(queries, k=[3, 16, 2], diversity=[0.6, 0.0, 0.0])
    assert answers(beside[0][0]) == answers(alone[0][0])
