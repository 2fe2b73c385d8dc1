"""Tests of serving.gateway.recommendations and its cache, without servers."""

import grpc
import pytest

from serving.gateway import recommendations as module
from serving.gateway.cache import AnswerCache
from serving.gateway.list_options import ListOptions
from serving.gateway.metrics import Metrics
from serving.gateway.recommendations import NoAnswerError, Recommending
from serving.gateway.titles import ItemTitles
from serving.profile import Profile
from serving.sentences.selection import Selection
from serving.user_states.memory import MemoryStates
from tests.contracts.user_states import event
from tfrec.client.answers import Recommendation
from tfrec.client.histories import QueryError
from tfrec.protocol.status import RequestError


class Model:
    """Recommends what is in the history, and counts how often it is asked."""

    def __init__(self):
        self.version, self.error, self.asked, self.cold_items = 1, None, 0, []
        self.told = []  # profiles
        self.probability_of = "chosen"
        self.wishes = {}  # the latest

    def cold_list(self, now):
        return self.cold_items

    def read_features(self, columns):
        return {n: value for n, value in columns.items() if n == "age"}

    def recommend(self, history, user_text, **wishes):
        self.asked += 1
        self.told.append(user_text)
        self.wishes = wishes
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


class Clock:
    """In the place of `time`."""

    now = 1000.25

    def time(self):
        return self.now

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def recommending(states, model, clock):
    return Recommending(states, model, ItemTitles(), Metrics())


def ids(recommending, user_id, **wishes):
    found, _ = recommending.for_user(user_id, ListOptions(**wishes))
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


def test_no_answer_outlives_its_second(recommending, states, model, clock):
    """For in the next one an item may be gone, or another one there."""
    for clock.now, asked in ((1000.25, 1), (1000.99, 1), (1001.0, 2), (1000.99, 3)):
        ids(recommending, "ann")
        assert model.asked == asked
        assert model.wishes["now"] == int(clock.now)


def test_the_model_is_told_the_wishes(recommending, states, model):
    ids(recommending, "ann", min_probability=0.25, diversity=0.75, k=3, category="a|b")
    assert not len(model.wishes.pop("popular").item_ids)  # nobody has any events
    assert model.wishes == {
        "k": 3,
        "categories": ["a", "b"],
        "domain": [],
        "min_probability": 0.25,
        "diversity": 0.75,
        "allow_repeats": False,
        "exclude": [],
        "now": 1000,
        "query_text": "",
        "filters": {},
        "user_features": {},
        "context": {},
    }


def test_users_without_events_are_one_and_the_same(recommending, model):
    assert ids(recommending, "ann") == ids(recommending, "bob") == ["popular"]
    assert model.asked == 1


def test_the_model_is_told_the_profile_of_who_asks(states, model):
    profiles = {"ann": Profile("a gardener", {"age": 31, "group": "b"})}
    recommending = Recommending(
        states, model, ItemTitles(), Metrics(), profiles=profiles
    )
    for user_id in ("bob", "ann", "carl"):
        ids(recommending, user_id)
    assert model.told == ["", "a gardener"]  # nobody knows bob, and nobody knows carl
    states.append([event("ann", 1), event("bob", 2)])
    for user_id in ("bob", "ann"):
        ids(recommending, user_id)
    assert model.told[2:] == ["", "a gardener"]
    assert model.wishes["user_features"] == {"age": 31}
    ids(recommending, "ann", user_features=(("age", 5),))
    assert model.wishes["user_features"] == {"age": 5}


def test_the_model_is_told_limits_and_context(recommending, model):
    limits = (("price_max", "10"),)
    ids(recommending, "ann", limits=limits, context=(("device", "phone"),))
    assert model.wishes["filters"] == {"price_max": "10"}
    assert model.wishes["context"] == {"device": "phone"}


def test_the_fallback_knows_no_attributes(recommending, model):
    """An item that may be outside of a limit does not come."""
    model.cold_items = [Recommendation("popular", 1.0, 0.5)]
    model.error = RequestError(grpc.StatusCode.UNAVAILABLE, "away")
    assert ids(recommending, "ann") == ["popular"]
    with pytest.raises(NoAnswerError, match="has what is asked for"):
        ids(recommending, "ann", limits=(("price_max", "10"),))


@pytest.mark.parametrize("of", ["user_features", "context"])
def test_a_vector_takes_no_features(recommending, states, of):
    states.append([event("ann", 1)])
    with pytest.raises(QueryError, match="must be left out with `mode=interest`"):
        ids(recommending, "ann", mode="interest", **{of: (("age", 5),)})


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
    model.cold_items = [Recommendation(i, 1.0, 0.5) for i in ("a", "b", "c", "d")]
    assert ids(recommending, "ann", k=2) == ["b", "c"]  # a was seen
    assert ids(recommending, "ann", k=2, allow_repeats=True) == ["a", "b"]
    model.cold_items[1] = Recommendation("b", 1.0, 0.4)
    assert ids(recommending, "ann", k=2, min_probability=0.5) == ["c", "d"]
    model.error = None
    assert ids(recommending, "ann", k=2) == ["like a"]


def test_a_fallback_keeps_to_a_selection(recommending, model):
    model.error = RequestError(grpc.StatusCode.UNAVAILABLE, "away")
    model.cold_items = [Recommendation(each, 1.0, 0.5) for each in "dacb"]
    allowed = Selection(is_allowed=lambda item_id: item_id != "a", sort_by=ord)
    found, _ = recommending.for_request("ann", ListOptions(k=2), allowed)
    assert found.reason_code == "fallback"
    assert [item.item_id for item in found.items] == ["b", "c"]
    nothing = Selection(is_allowed=lambda item_id: False)
    with pytest.raises(NoAnswerError):
        recommending.for_request("ann", ListOptions(), nothing)


def test_what_the_model_refuses_is_no_case_for_the_fallback(recommending, model):
    model.cold_items = [Recommendation("a", 1.0, 0.5)]
    model.error = RequestError(grpc.StatusCode.INVALID_ARGUMENT, "no such input")
    with pytest.raises(RequestError, match="no such input"):
        ids(recommending, "ann")


def test_without_reasons_there_is_still_an_answer(recommending, states):
    states.append([event("ann", 1)])
    found, _ = recommending.for_user("ann", ListOptions(explain=True))
    assert [item.reason for item in found.items] == [None]


def test_the_cache_is_bounded_and_forgets_the_longest_unused():
    cache = AnswerCache(max_answers=2)
    cache.put("a", 7, 1)
    cache.put("b", 7, 2)
    assert cache.get("a", 7) == 1
    cache.put("c", 7, 3)
    assert [cache.get(key, 7) for key in "abc"] == [1, None, 3]


def test_answers_of_another_second_are_none():
    cache = AnswerCache()
    cache.put("a", 7, 1)
    assert [cache.get("a", second) for second in (6, 7, 8)] == [None, 1, None]
