"""Tests of tfrec.model.event_kinds, and of what kinds mean in every answer."""

import dataclasses

import keras
import numpy as np
import pytest

from tests.model.asking import Asked, make_query, names
from tests.model.checkerboard import CLOSED, NUM_ITEMS, small_config
from tests.model.test_live_histories import request_of
from tfrec.index.brute_force import BruteForceIndex
from tfrec.model.event_kinds import event_kinds
from tfrec.model.inference import Inference
from tfrec.model.two_tower import TwoTower
from tfrec.model.weighting import Weighting

ALL = names(*range(NUM_ITEMS))
HEARD = [
    ("i03", "view", 1.0, 100),
    ("i07", "view", 2.0, 200),
    ("i05", "view", 1.0, 400),
]
UNKNOWN = [("i02", "no such kind", 1.0, 150), ("i04", "no such kind", 5.0, 500)]
SKIPS = [("i02", "skip", 1.0, 150), ("i04", "skip", 5.0, 500)]


@pytest.fixture(scope="module")
def log(board):
    """The board's: every fourth event a skip, one in three views a neutral one."""
    places = np.arange(len(board[1]))
    return dataclasses.replace(
        board[1],
        event_names=np.array(["absent", "skip", "view"], object),
        event_rows=np.where(places % 4 == 0, 1, 2).astype(np.int32),
        labels=np.array([-1, 1, 0, 1], np.int8)[places % 4],
        values=(1.0 + places % 5).astype(np.float32),
    )


@pytest.fixture(scope="module")
def model(board, log):
    """Not trained, so that all that enters a query sways it."""
    keras.utils.set_random_seed(0)
    model = TwoTower(small_config()).adapt(log, board[0].items)
    return model.fit_blocks(log, names=[*CLOSED, "opinion"])


@pytest.fixture(scope="module")
def asked(model):
    weights = np.ones(len(model.blocks) + 1, np.float32)
    model.weighting = Weighting(blocks=weights, own=(3.0, 1.0, 0.5))
    index = BruteForceIndex().build(ALL, model.embedding().candidates)
    return Asked(Inference(model.embedding(), index, max_interest_norm=50.0))


def test_kinds_by_hand(log):
    kinds = event_kinds(log)
    assert kinds.speaks.tolist() == [False, False, True]
    assert kinds.names[kinds.usual] == "view"
    is_skip, is_liked = log.labels < 0, log.labels > 0
    table = kinds.table()
    assert list(table) == ["skip", "view"]
    assert table["skip"] == {
        "positive": 0,
        "negative": is_skip.sum(),
        "neutral": 0,
        "positive_values": 0.0,
        "negative_values": 1.0,  # of 1 to 5, alike
    }
    assert table["view"]["positive"] == is_liked.sum()
    assert table["view"]["neutral"] == (log.labels == 0).sum()
    assert table["view"]["positive_values"] == 5.0


def test_the_usual_kind_speaks_of_interest(log):
    """Though three events of four are skips."""
    rows = (np.arange(len(log)) % 4 == 0).astype(np.int32) + 1
    labels = np.where(rows == 1, -1, 1).astype(np.int8)
    kinds = event_kinds(dataclasses.replace(log, event_rows=rows, labels=labels))
    assert kinds.names[kinds.usual] == "view"


def test_unknown_kinds_are_no_interest_but_their_items_are_seen(asked):
    with_them, without = request_of(HEARD + UNKNOWN), request_of(HEARD)
    np.testing.assert_allclose(asked.embed(with_them), asked.embed(without), atol=1e-5)
    chances = asked.score(with_them, [ALL])
    np.testing.assert_allclose(chances, asked.score(without, [ALL]), atol=1e-5)
    found, scores, _ = asked.recommend(with_them, k=[16])
    expected, *_ = asked.recommend(without, k=[16], exclude_item_ids=[names(2, 4)])
    assert found.tolist() == expected.tolist()
    assert np.isfinite(scores[0]).sum() == NUM_ITEMS - 5
    shares = asked.explain(with_them, [["i09", "i08"]])
    assert (shares[..., 3:] == 0).all()
    assert shares[..., :3].sum() > 0.9


def test_who_did_only_unknown_things_is_as_one_without_events(asked):
    nobody = asked.embed(make_query([[]], now=[500]))
    np.testing.assert_allclose(asked.embed(request_of(UNKNOWN)), nobody, atol=1e-5)
    assert (asked.explain(request_of(UNKNOWN), [ALL]) == 0).all()


@pytest.mark.parametrize("repeats", [False, True])
def test_learnt_skips_are_no_interest_in_any_block_but_opinions(asked, model, repeats):
    """What the towers make of them they have learnt; the opinion falls."""
    with_them, without = request_of(HEARD + SKIPS), request_of(HEARD)
    start = model.config.model.embedding_dim
    end = start + sum(block.dim for block in model.blocks[:-1])
    embedded = asked.embed(with_them)[:, start:end]
    np.testing.assert_allclose(embedded, asked.embed(without)[:, start:end], atol=1e-5)
    assert (asked.explain(with_them, [ALL])[..., 3:] == 0).all()
    shown, *_ = asked.recommend(with_them, [repeats], k=[16])
    assert ("i04" in shown[0]) == repeats


def test_an_own_past_of_skips_is_none(asked, model):
    history = request_of(SKIPS)
    _, scores, _ = asked.recommend(history, [True], k=[16])
    model.weighting = dataclasses.replace(model.weighting, own=(0.0,) * 3)
    index = BruteForceIndex().build(ALL, model.embedding().candidates)
    plain = Asked(Inference(model.embedding(), index, max_interest_norm=50.0))
    _, expected, _ = plain.recommend(history, [True], k=[16])
    np.testing.assert_allclose(scores, expected, atol=1e-5)
