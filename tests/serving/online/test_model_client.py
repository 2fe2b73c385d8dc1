"""Tests of serving.gateway.model_client with a client that does as it is told."""

import grpc
import pytest

from serving.gateway import model_client as model_link
from serving.gateway.model_client import ModelClient
from tfrec.client.answers import Recommendation, VersionStatus
from tfrec.protocol.signature import Signature, TensorSpec
from tfrec.protocol.status import RequestError

AGE = TensorSpec("float32", (-1,))


class Client:
    """Answers with its version, or raises what it is given."""

    def __init__(self):
        self.version, self.error, self.asked = 1, None, []
        self.kinds = "kinds of version 1"

    def status(self):
        if self.error:
            raise self.error
        loading = VersionStatus(9, "LOADING", "")
        return [loading, VersionStatus(self.version, "AVAILABLE", "")]

    def event_kinds(self):
        if isinstance(self.kinds, Exception):
            raise self.kinds
        return self.kinds

    def probability_of(self):
        return "liked"

    def metadata(self):
        return {"recommend": Signature({"user_age": AGE}, {}, {})}

    def recommend_with_version(self, requests):
        self.asked += requests
        if self.error:
            raise self.error
        item = Recommendation(f"of version {self.version}", 1.0, 0.5)
        ending = Recommendation("ends this day", 2.0, 0.5)
        begins = Recommendation("begins this day", 2.0, 0.5)
        lists = [[ending, item], [begins, item]]
        return lists[: len(requests)], self.version


@pytest.fixture
def client():
    return Client()


@pytest.fixture
def link(client):
    link = ModelClient(client)
    link.look()
    return link


def cold(link, later_s=0):
    now = link_time(link) + later_s
    return [item.item_id for item in link.cold_list(now)]


def link_time(link):
    """When the cold list was asked for."""
    return link._client.asked[-2]["now"]


def test_the_newest_version_that_answers_counts(link, client):
    assert (link.version, link.problem, cold(link)) == (1, "", ["of version 1"])
    link.look()
    assert len(client.asked) == 2  # the cold list, of two times, is young
    client.version = 2
    link.look()
    assert (link.version, cold(link)) == (2, ["of version 2"])


def test_kinds_of_events_are_those_of_the_version(link, client):
    assert link.kinds == "kinds of version 1"
    assert link.probability_of == "liked"
    client.version, client.kinds = 2, "kinds of version 2"
    link.look()
    assert link.kinds == "kinds of version 2"
    no_such_signature = grpc.StatusCode.FAILED_PRECONDITION
    client.version, client.kinds = 3, RequestError(no_such_signature, "not found")
    link.look()
    assert (link.version, link.kinds, link.problem) == (3, None, "")
    client.version = 4
    client.kinds = RequestError(grpc.StatusCode.UNAVAILABLE, "away")
    link.look()
    assert (link.version, link.problem) == (3, "UNAVAILABLE: away")
    client.kinds = "kinds of version 4"
    link.look()  # and not only when there is a version 5
    assert (link.version, link.kinds) == (4, "kinds of version 4")


def test_an_old_cold_list_is_renewed(link, client, monkeypatch):
    monkeypatch.setattr(model_link, "COLD_LIST_AGE_S", 0)
    link.look()
    assert len(client.asked) == 4
    assert client.asked[0]["k"] == model_link.COLD_LIST_LENGTH


def test_a_cold_list_has_what_is_on_offer_for_a_day(link):
    """What ends sooner is not in it, and after that nobody knows."""
    day_s = 86_400
    assert [cold(link, s) for s in (-1, 0, day_s - 1, day_s)] == [
        [],
        ["of version 1"],
        ["of version 1"],
        [],
    ]


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED"])
def test_a_server_that_is_away_is_left_alone_for_a_moment(link, client, code):
    client.error = RequestError(grpc.StatusCode[code], "away")
    for words in ("away", "did not answer a moment ago", "did not answer a moment ago"):
        with pytest.raises(RequestError, match=words):
            link.recommend(history=[])
    assert len(client.asked) == 3  # two of `look`, one here
    client.error = None
    link.look()
    assert link.recommend(history=[])[1] == 1


def test_a_refusal_is_no_absence(link, client):
    client.error = RequestError(grpc.StatusCode.INVALID_ARGUMENT, "no such input")
    for _ in range(2):
        with pytest.raises(RequestError, match="no such input"):
            link.recommend(history=[])


def test_what_is_wrong_is_remembered_and_the_cold_list_stays(link, client):
    client.error = RequestError(grpc.StatusCode.UNAVAILABLE, "away")
    link.look()
    assert link.problem == "UNAVAILABLE: away"
    assert cold(link) == ["of version 1"]


def test_a_server_without_a_version(link, client, monkeypatch):
    monkeypatch.setattr(client, "status", lambda: [VersionStatus(1, "LOADING", "")])
    link.look()
    assert link.problem == "UNAVAILABLE: No version of the model is available."


def test_columns_of_a_person_are_those_that_the_version_reads(link, caplog):
    """One of another kind than the model's costs nobody the answer."""
    assert link.read_features({"age": 31, "group": "b"}) == {"age": 31}
    assert link.read_features({"age": "old"}) == {}
    assert "`age` must be a number" in caplog.text
