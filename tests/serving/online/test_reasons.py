"""Tests of serving.gateway.reasons, on the toy's real server where words count."""

import logging
import math

import grpc
import numpy as np
import pytest

from serving.gateway.feedback import Reactions
from serving.gateway.model_client import ModelClient
from serving.gateway.reasons import Reasons
from serving.gateway.titles import ItemTitles
from tfrec.client.answers import Recommendation
from tfrec.client.client import RecommenderClient
from tfrec.protocol.status import RequestError
from tfrec.reasons.sentences import sentence

TEXTS = {"query_text": "", "user_text": "", "now": 9}
BEST = [Recommendation(item_id, 1.0, 0.5) for item_id in "pq"]


class Model:
    """Has one share for each pair of an item and an event."""

    def __init__(self, shares):
        self.shares = np.array(shares)

    def explain(self, item_ids, history, **texts):
        return self.shares


def sentences(found):
    return [each and sentence(each) for each in found]


def reasons(shares, history, **texts):
    told = Reasons(Model(shares), ItemTitles(), Reactions())
    return sentences(told.of(BEST, history, {}, TEXTS | texts))


def event(item_id, kind="", value=math.nan, text=""):
    return item_id, kind, value, 1, text


def test_items_have_different_events_where_these_are_as_true():
    history = [event("lion", "rating", 4.0), event("psycho", "rating", 4.0)]
    assert reasons([[0.6, 0.4], [0.8, 0.2]], history) == [
        "because you rated “psycho” 4",
        "because you rated “lion” 4",
    ]


def test_what_was_disliked_is_no_reason():
    """Nor is what has little to do with the item, though it is all that is left."""
    history = [event("a", "skip"), event("b", "view")]
    assert reasons([[0.6, 0.4], [0.9, 0.1]], history) == [
        "because you viewed “b”",
        None,
    ]


def test_low_ratings_of_a_person_are_no_reasons():
    """The middle of 2, 4 and 5 is 4; a value of another kind is no rating."""
    history = [
        *(event("jedi", "rating", 2.0), event("rock", "rating", 4.0)),
        *(event("ghost", "rating", 5.0), event("dave", "view", 1.0)),
    ]
    shares = [[0.5, 0.3, 0.1, 0.1], [0.3, 0.0, 0.1, 0.6]]
    assert reasons(shares, history) == [
        "because you rated “rock” 4",
        "because you viewed “dave”",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("", 1.0, "because of “a”"),
        ("rating", 4.5, "because you rated “a” 4.5"),
        ("rating", math.nan, "because you rated “a”"),
        ("watch", 93.0, "because you watched “a”"),
        ("wishlist", 1.0, "because of “a” (wishlist)"),
    ],
)
def test_it_is_said_what_was_done(kind, value, words):
    assert reasons([[1.0], [1.0]], [event("a", kind, value)]) == [words, words]


def test_without_a_history_there_is_nothing_to_say():
    assert reasons([], []) == [None, None]


def test_a_model_that_explains_nothing(caplog):
    class Mute(Model):
        def explain(self, item_ids, history, **texts):
            raise RequestError(grpc.StatusCode.NOT_FOUND, "no such signature")

    told = Reasons(Mute([]), ItemTitles(), Reactions())
    with caplog.at_level(logging.WARNING):
        assert told.of(BEST, [event("a")], {}, TEXTS) == [None, None]
    assert "without reasons: NOT_FOUND" in caplog.text


def test_words_are_the_reason_of_what_only_they_found(target):
    """Words of 14 letters add (0, 1.4) to the history's a + skip of a sixth of d."""
    history = [("a", "view", 1.0, 9, "")]
    with RecommenderClient(target, "toy") as client:
        model = ModelClient(client)
        told = Reasons(model, ItemTitles(), Reactions())
        texts = TEXTS | {"query_text": "the  quiet sea"}
        filters = {"k": 2}
        best, _ = model.recommend(history, **filters, **texts)
        # a = (1, 0): b .8, c .6, d .2, e .05. With the words b 1.15, c 1.51, d 1.39,
        # e 1.45: c stood second, e nowhere.
        assert [item.item_id for item in best] == ["c", "e"]
        found = sentences(told.of(best, history, filters, texts))
        assert found == ["fits “the quiet sea”"] * 2
        # Half as many letters: b .975, c 1.055. b stood first.
        texts = TEXTS | {"query_text": "the sea"}
        best, _ = model.recommend(history, **filters, **texts)
        assert [item.item_id for item in best] == ["c", "b"]
        found = told.of(best, history, filters, texts)
        assert sentences(found) == ["fits “the sea”", "because you viewed “a”"]
        assert [each.is_found_by_query for each in found] == [True, False]
        best, _ = model.recommend([], **filters, **texts)  # somebody new
        found = sentences(told.of(best, [], filters, texts))
        assert found[0] == "fits “the sea”"
