"""Tests of tfrec.inference.inference: padded and partly absent histories."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import SOON, Asked, make_query, names
from tests.model.checkerboard import CLOSED, NUM_ITEMS, first_settings, small_config
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.weights import Weights
from tfrec.inference.inference import Inference, build_indexes
from tfrec.linear.registry import make_scorers
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.training.building import make_towers

KINDS = np.array(["buy", "view"], object)
ALL = names(*range(NUM_ITEMS))
EVENTS = [("i03", "view", 1.0, 100), ("i07", "", 2.0, 200), ("i01", "view", 0.5, 300),
          ("i09", "buy", np.nan, 400)]  # fmt: skip
GAP = ("", "", 0.0, 0)
STRANGERS = [("no such item", "view", 5.0, 250), ("i03", "no such kind", 5.0, 250)]


def request_of(*rows):
    """`Query` of rows of equal width of `(item, event, value, time)`."""
    ids, events, values, times = (
        [[event[part] for event in row] for row in rows] for part in range(4)
    )
    return make_query(
        ids, times, history_events=events, history_values=values, now=[500] * len(rows)
    )


@pytest.fixture(scope="module")
def log(board):
    """The board's, with two kinds of events, mostly views, and three values."""
    places = np.arange(len(board[1]))
    return dataclasses.replace(
        board[1],
        event_names=KINDS,
        event_rows=(places % 3 > 0).astype(np.int32),
        values=(1.0 + places % 3).astype(np.float32),
    )


@pytest.fixture(scope="module")
def asked(board, log):
    """Not trained, so that all that enters a query sways it."""
    keras.utils.set_random_seed(0)
    model = make_towers(small_config()).adapt(log, board[0].items)
    texts = model.texts.items.vectors
    scorers = [
        b.fit(log, model.catalogue, texts)
        for b in make_scorers(CLOSED, first_settings())
    ]
    hybrid = HybridScorer(
        model, scorers, Weights(of_known_items=np.ones(4, np.float32))
    )
    indexes = build_indexes(hybrid, BruteForceIndex)
    return Asked(Inference(hybrid, indexes, max_interest_norm=50.0))


@pytest.fixture(scope="module")
def plain(asked):
    return asked.embed(request_of(EVENTS))


@pytest.mark.parametrize(
    "row",
    [
        [GAP, *EVENTS],  # as the client sends it
        [*EVENTS, *[GAP] * 9],
        [EVENTS[0], GAP, GAP, *EVENTS[1:3], GAP, EVENTS[3], GAP],
        [
            EVENTS[0],
            *STRANGERS,
            *EVENTS[1:],
            *STRANGERS,
        ],  # ignored, wherever they stand
        [GAP, *STRANGERS, *EVENTS[::-1]],  # in any order: placed by time
    ],
)
def test_padding_and_strangers_change_nothing(asked, plain, row):
    """Nor does a longer neighbour in the batch."""
    query = request_of(row)
    np.testing.assert_allclose(asked.embed(query), plain, atol=1e-5)
    wide = [*row, *[GAP] * 3]
    other = [("i05", "view", 1.0, 10 * place) for place in range(len(wide))]
    both = request_of(other, wide)
    np.testing.assert_allclose(asked.embed(both)[1:], plain, atol=1e-5)
    found, scores, _ = asked.recommend(both, k=[16])
    alone, scores_alone, _ = asked.recommend(request_of(EVENTS), k=[16])
    assert found[1].tolist() == alone[0].tolist()
    np.testing.assert_allclose(scores[1], scores_alone[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("part", "value"), [(0, "i05"), (1, "buy"), (2, 3.0), (3, 299)]
)
def test_each_part_of_an_event_is_heard(asked, plain, part, value):
    """So that the tests above compare what matters."""
    event = list(EVENTS[1])
    event[part] = value
    found = asked.embed(request_of([EVENTS[0], event, *EVENTS[2:]]))
    assert np.abs(found - plain).max() > 1e-4


def test_absent_kinds_and_values_are_typical_ones(asked, log):
    mean = log.values.mean()
    strange = [("i03", "", np.nan, 100), ("i05", "", mean, 200)]
    typical = [("i03", "view", mean, 100), ("i05", "view", np.nan, 200)]
    np.testing.assert_allclose(
        asked.embed(request_of(strange)), asked.embed(request_of(typical)), atol=1e-5
    )


def test_only_the_latest_events_count(asked):
    """The scorers read ten, the towers eight of them."""
    events = [(item_id, "view", 1.0, 10 + place) for place, item_id in enumerate(ALL)]
    every, ten, eight = (
        asked.embed(request_of(events[-n:])) for n in (len(ALL), 10, 8)
    )
    np.testing.assert_allclose(every, ten, atol=1e-5)
    np.testing.assert_allclose(ten[:, :16], eight[:, :16], atol=1e-5)
    assert np.abs(ten[:, 16:] - eight[:, 16:]).max() > 1e-4


def test_no_history_and_no_columns(asked):
    empty = asked.embed(make_query([[]]))
    none = {"history_item_ids": tf.zeros([1, 0], tf.string)}
    assert np.isfinite(empty).all()
    np.testing.assert_allclose(asked.embed(make_query([[]], **none)), empty, atol=1e-6)


def test_defaults_are_as_good_as_full_inputs(asked):
    histories = [names(2, 4), names(3), names(1, 5)]
    short = make_query(histories)
    full = make_query(
        histories,
        query_text=[""] * 3,
        history_events=[[""] * 2] * 3,
        history_values=[[np.nan] * 2] * 3,
        now=[0] * 3,
    )
    options = {"k": [4] * 3, "now": [SOON] * 3, "categories": [[""]] * 3,
              "exclude_item_ids": [[""]] * 3, "min_probability": [0.0] * 3}  # fmt: skip
    found = asked.recommend(short, k=[4])
    expected = asked.recommend(full, [False] * 3, **options)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
