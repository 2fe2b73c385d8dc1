"""Tests of serving.gateway.popular_now: which counts go with every list."""

import logging

import pytest

from serving.gateway import popular_now as module
from serving.gateway.feedback import Reactions
from serving.gateway.list_options import ListOptions
from serving.gateway.metrics import Metrics
from serving.gateway.model_client import ModelClient
from serving.gateway.popular_now import PopularNow
from serving.gateway.recommendations import Recommending
from serving.gateway.titles import ItemTitles
from serving.user_states.memory import MemoryStates
from serving.user_states.store import StoreError
from tests.serving.online.test_lists import KINDS, NOW, views, write_items
from tests.serving.online.test_model_client import Client
from tests.serving.online.test_recommendations import Clock, Model
from tfrec.client.popular import Popular
from tfrec.data.fading import FAST_S
from tfrec.protocol.signature import Signature, TensorSpec


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    clock.now = NOW + 0.5
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def states():
    return MemoryStates()


@pytest.fixture
def popular(states, tmp_path, clock):
    catalogue = ItemTitles(write_items(tmp_path))
    return PopularNow(states, catalogue, Reactions(lambda: KINDS))


def counts(popular):
    """Item id -> its counts, as they were found."""
    found = popular.find()
    pairs = zip(found.counts.tolist(), found.recent.tolist(), strict=True)
    return dict(zip(found.item_ids.tolist(), pairs, strict=True))


def test_counts_are_of_interest_in_what_can_be_had(states, popular):
    """The total is of all signs of interest, also in items that are gone."""
    states.append(views("sea", [NOW] * 3 + [NOW - FAST_S] * 2))
    states.append(views("late", [NOW] * 7) + views("nobody knows it", [NOW] * 9))
    states.append(views("mid", [NOW] * 5, "skip"))
    assert counts(popular) == {"sea": pytest.approx((5, 4), rel=0.01)}
    assert popular.find().total == pytest.approx(3 + 2 + 7 + 9, rel=0.01)


def test_nothing_was_counted_yet(popular):
    assert counts(popular) == {}
    assert popular.find().total == 0


def test_the_store_is_read_once_a_second(states, popular, clock):
    assert counts(popular) == {}
    states.append(views("sea", [NOW]))
    clock.now = NOW + 0.9
    assert counts(popular) == {}
    clock.now = NOW + 1.0
    assert [*counts(popular)] == ["sea"]


def test_the_largest_counts_and_the_largest_rises_are_named(states, clock, monkeypatch):
    """The old item was had most, the second one most of late; the third neither."""
    monkeypatch.setattr(module, "NUM_NAMED", 1)
    states.append(views("old", [NOW - 9 * FAST_S] * 30))
    states.append(views("new", [NOW] * 20) + views("third", [NOW] * 10))
    popular = PopularNow(states, ItemTitles(), Reactions(lambda: KINDS))
    assert counts(popular).keys() == {"old", "new"}


def test_a_store_that_does_not_answer_leaves_the_counts(states, popular, clock, caplog):
    states.append(views("sea", [NOW]))
    before = popular.find()

    def fail():
        raise StoreError("away")

    states.counted_kinds = fail
    clock.now += 5
    with caplog.at_level(logging.WARNING):
        assert popular.find() is popular.find() is before
    assert caplog.messages == ["Lists have earlier counts: away"]


@pytest.mark.parametrize("mode", ["history", "interest"])
def test_every_list_has_the_counts(states, mode, monkeypatch):
    states.append(views("sea", [NOW - 9] * 2))
    model, asked = Model(), []

    def recommend_from_interest(vector, **options):
        asked.append(options)
        return []

    model.recommend_from_interest = recommend_from_interest
    recommending = Recommending(states, model, ItemTitles(), Metrics())
    monkeypatch.setattr(recommending._keeping, "query_vector", lambda *_: [0.0])
    recommending.for_user("view 0", ListOptions(mode=mode))
    (given,) = asked if mode == "interest" else [model.wishes]
    assert given["popular"].item_ids.tolist() == ["sea"]


class OldClient(Client):
    """Of a model that was saved before live counts."""

    def recommend_from_interest(self, interest, **options):
        return self.recommend_with_version([options])[0][0]


POPULAR = Popular.of({"sea": 3})


def test_an_older_model_is_asked_without_counts():
    client = OldClient()
    link = ModelClient(client)
    link.look()
    client.asked.clear()
    items, version = link.recommend(k=3, popular=POPULAR)
    assert (items[0].item_id, version) == ("ends this day", 1)
    assert link.recommend_from_interest([0.0], popular=POPULAR)
    assert not any("popular" in each for each in client.asked)
    ids = TensorSpec("string", (-1, -1))
    signature = Signature({"popular_item_ids": ids}, {}, {})
    client.metadata = lambda: {"recommend": signature}
    client.version = 2
    link.look()
    link.recommend(popular=POPULAR)
    assert client.asked[-1]["popular"] is POPULAR
