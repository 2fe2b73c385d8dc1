"""Tests of serving.online.recommending and its cache, without servers."""

import grpc
import pytest

from serving.answers import Recommendation
from serving.online.cache import AnswerCache
from serving.online.catalogue import Catalogue
from serving.online.metrics import Metrics
from serving.online.recommending import NoAnswerError, Recommending, Wishes
from serving.online.stores.memory import MemoryStates
from serving.status import RequestError
from tests.contracts.user_states import event


class Model:
    """Recommends what is in the history, and counts how often it is asked."""

    def __init__(self):
        self.version, self.error, self.asked, self.cold_list = 1, None, 0, []
        self.told = []  # profiles

    def recommend(self, history, user_text, **wishes):
        self.asked += 1
        self.told.append(user_text)
        if self.error:
            raise self.error
        ids = [f"like {each[0]}" for each in history] or ["popular"]
        return [Recommendation(item_id, 1.0, 0.5) for item_id in ids], self.version

    def explain(self, item_ids, history, **texts):
        raise RequestError(grpc.StatusCode.NOT_FOUND, "no such signature")


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def states():
    return MemoryStates()


@pytest.fixture
def recommending(states, model):
    return Recommending(states, model, Catalogue(), Metrics())


def ids(recommending, user_id, **wishes):
    found, _ = recommending.for_user(user_id, Wishes(**wishes))
    return [item.item_id for item in found.items]


def test_the_same_question_is_asked_once(recommending, states, model):
    states.append([event("ann", 1)])
    for _ in range(3):
        assert ids(recommending, "ann") == ["like a"]
    assert model.asked == 1
    ids(recommending, "ann", k=3)
    ids(recommending, "ann", now=7)
    assert model.asked == 3
    states.append([event("ann", 2, "b")])
    assert ids(recommending, "ann") == ["like a", "like b"]
    model.version = 2
    ids(recommending, "ann")
    assert model.asked == 5


def test_users_without_events_are_one_and_the_same(recommending, model):
    assert ids(recommending, "ann") == ids(recommending, "bob") == ["popular"]
    assert model.asked == 1


def test_the_model_is_told_the_profile_of_who_asks(states, model):
    profiles = {"ann": "a gardener"}
    recommending = Recommending(
        states, model, Catalogue(), Metrics(), profiles=profiles
    )
    for user_id in ("bob", "ann", "carl"):
        ids(recommending, user_id)
    assert model.told == ["", "a gardener"]  # nobody knows bob, and nobody knows carl
    states.append([event("ann", 1), event("bob", 2)])
    for user_id in ("bob", "ann"):
        ids(recommending, user_id)
    assert model.told[2:] == ["", "a gardener"]


def test_an_answer_is_kept_under_the_version_that_gave_it(recommending, states, model):
    """The server is a version on before the gateway has noticed."""
    states.append([event("ann", 1)])
    model.recommend = lambda **_: ([Recommendation("new", 1.0, 0.5)], 2)
    ids(recommending, "ann")
    model.recommend = lambda **_: ([Recommendation("old", 1.0, 0.5)], 1)
    assert ids(recommending, "ann") == ["old"]
    model.version = 2
    assert ids(recommending, "ann") == ["new"]


def test_who_was_forgotten_elsewhere_gets_no_old_answer(recommending, states):
    states.append([event("ann", 1, "secret")])
    assert ids(recommending, "ann") == ["like secret"]
    states.forget("ann")
    states.append([event("ann", 1, "b")])
    assert ids(recommending, "ann") == ["like b"]


def test_forgetting_drops_the_answers(recommending, states, model):
    states.append([event("ann", 1), event("bob", 1)])
    ids(recommending, "ann")
    ids(recommending, "bob")
    recommending.forget("ann")
    ids(recommending, "bob")
    assert model.asked == 2
    ids(recommending, "ann")
    assert model.asked == 3


def test_fallbacks_are_not_kept(recommending, states, model):
    states.append([event("ann", 1)])
    model.error = RequestError(grpc.StatusCode.UNAVAILABLE, "away")
    with pytest.raises(NoAnswerError, match=r"does not answer \(UNAVAILABLE: away\)"):
        ids(recommending, "ann")
    model.cold_list = [Recommendation(i, 1.0, 0.5) for i in ("a", "b", "c", "d")]
    assert ids(recommending, "ann", k=2) == ["b", "c"]  # a was seen
    assert ids(recommending, "ann", k=2, allow_repeats=True) == ["a", "b"]
    model.error = None
    assert ids(recommending, "ann", k=2) == ["like a"]


def test_what_the_model_refuses_is_no_case_for_the_fallback(recommending, model):
    model.cold_list = [Recommendation("a", 1.0, 0.5)]
    model.error = RequestError(grpc.StatusCode.INVALID_ARGUMENT, "no such input")
    with pytest.raises(RequestError, match="no such input"):
        ids(recommending, "ann")


def test_without_reasons_there_is_still_an_answer(recommending, states):
    states.append([event("ann", 1)])
    found, _ = recommending.for_user("ann", Wishes(explain=True))
    assert [item.reason for item in found.items] == [None]


def test_the_cache_is_bounded_and_forgets_the_longest_unused():
    cache = AnswerCache(max_answers=2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_old_answers_are_none():
    cache = AnswerCache(max_age_s=-1)
    cache.put("a", 1)
    assert cache.get("a") is None
