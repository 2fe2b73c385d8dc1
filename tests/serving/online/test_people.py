"""People as items at the gateway: nobody is recommended to themselves."""

import json

import grpc
import numpy as np
import pandas as pd
import pytest

from serving.gateway.list_options import ListOptions
from serving.gateway.metrics import Metrics
from serving.gateway.recommendations import Recommending
from serving.gateway.titles import ItemTitles
from serving.sentences.selection import Selection
from serving.user_states.memory import MemoryStates
from tests.contracts.user_states import event
from tfrec.client.answers import Recommendation
from tfrec.protocol.status import RequestError

DOMAINS = {"post": "posts", "ann": "people", "bob": "people"}


class Everybody:
    """Recommends all that is not excluded."""

    version, is_away, probability_of = 1, False, ""

    def read_features(self, columns):
        return {}

    def recommend(self, history=(), exclude=(), **options):
        if self.is_away:
            raise RequestError(grpc.StatusCode.UNAVAILABLE, "away")
        return self.cold_list(0, exclude), self.version

    def recommend_from_interest(self, vector, exclude=(), **options):
        return self.cold_list(0, exclude)

    def embed_query(self, history, **texts):
        return np.ones(2, "float32")

    def cold_list(self, now, exclude=()):
        return [Recommendation(i, 1.0, 0.5) for i in DOMAINS if i not in exclude]


@pytest.fixture
def model():
    return Everybody()


@pytest.fixture(params=["people", ""])
def found(request, tmp_path, model):
    """Gives ids that a user gets, and whether people are items."""
    rows = [(item_id, "", domain) for item_id, domain in DOMAINS.items()]
    frame = pd.DataFrame(rows, columns=["item_id", "title", "domain"])
    frame.to_parquet(tmp_path / "items.parquet")
    manifest = {"config": {"data": {"people": request.param}}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    states = MemoryStates()
    states.append([event("ann", 1, "x"), event("bob", 1, "x"), event("post", 1, "x")])
    catalogue = ItemTitles(tmp_path / "items.parquet")
    recommending = Recommending(states, model, catalogue, Metrics())

    def found(user_id, selection=None, **options):
        options = ListOptions(**options)
        if selection:
            answer, _ = recommending.for_request(user_id, options, selection)
        else:
            answer, _ = recommending.for_user(user_id, options)
        return {item.item_id for item in answer.items}

    found.has_people = request.param == "people"
    return found


@pytest.mark.parametrize("user_id", ["ann", "post", "cleo"])
def test_who_asks_is_not_recommended(found, user_id):
    """A post is no person, though a user has its id; nobody knows cleo."""
    gone = {user_id} & {"ann"} if found.has_people else set()
    everybody = set(DOMAINS)
    assert found(user_id) == everybody - gone
    assert found(user_id, Selection()) == everybody - gone
    assert found(user_id, mode="interest") == everybody - gone


def test_nor_while_the_model_server_is_away(found, model):
    model.is_away = True
    gone = {"ann"} if found.has_people else set()
    assert found("ann") == set(DOMAINS) - gone


def test_a_person_without_events_is_not_asked_for_as_nobody(found):
    """Users without events share an answer; a person must not be in their own."""
    assert found("nobody") == set(DOMAINS)
    assert ("bob" in found("bob")) == (not found.has_people)
