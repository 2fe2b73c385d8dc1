"""Tests of serving.gateway.feedback, and of what hides items from the model."""

import pytest

from serving.gateway.feedback import Reaction, Reactions
from serving.gateway.interest_shares import Interests
from serving.gateway.list_options import ListOptions
from serving.gateway.metrics import Metrics
from serving.gateway.recommendations import Recommending
from serving.gateway.titles import ItemTitles
from serving.user_states.memory import MemoryStates
from tests.serving.online.interest_model import InterestModel
from tfrec.client.answers import EventKind
from tfrec.errors import ConfigError

VIEW = EventKind("view", 5, 0, 1, 1.0, 0.0)
RATING = EventKind("rating", 9, 4, 0, 5.0, 1.0)
SKIP = EventKind("skip", 0, 4, 0, 0.0, 1.0)
DISLIKE = EventKind("dislike", 0, 7, 0, 0.0, 2.0)
HISTORY = [
    ("a", "view", 1.0, 1, ""),
    ("b", "skip", 1.0, 2, ""),
    ("c", "view", 1.0, 3, ""),
]


def learnt(*kinds, **chosen):
    return Reactions(lambda: kinds, **chosen)


HIDING = learnt(VIEW)


@pytest.mark.parametrize("text", ["rating=many", "rating=", "rating=nan", "a=inf"])
def test_values_are_numbers(text):
    with pytest.raises(ConfigError, match="must be KIND or KIND=NUMBER.*Received: "):
        Reaction.parse(text)


def test_kinds_without_values():
    assert Reaction.parse("") == Reaction("", None)
    assert Reaction.parse("rating=0.5") == Reaction("rating", 0.5)


def test_clicks_send_what_the_model_learnt():
    reactions = learnt(VIEW, SKIP, RATING, DISLIKE)
    assert reactions.like == Reaction("rating", 5.0)
    assert reactions.skip == Reaction("dislike", 2.0)
    chosen = {"chosen_like": Reaction(""), "chosen_skip": Reaction("rating", 1.0)}
    reactions = learnt(VIEW, SKIP, **chosen)
    assert (reactions.like, reactions.skip) == (Reaction(""), Reaction("rating", 1.0))


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([VIEW], "skip"),  # no dislike was learnt: what the model ignores
        ([RATING], "skip"),  # some ratings were negative, but most were not
        ([EventKind("skip", 3, 0, 0, 1.0, 0.0)], "not skip"),  # as interest
    ],
)
def test_without_a_learnt_dislike_a_skip_only_hides(kinds, expected):
    reactions = learnt(*kinds)
    assert reactions.skip == Reaction(expected)
    assert reactions.hides(expected)


def test_kinds_that_the_model_did_not_learn_only_hide():
    reactions = learnt(VIEW, SKIP, chosen_hiding=frozenset({"view"}))
    kinds = ["", "skip", "hide", "view"]
    assert [reactions.hides(kind) for kind in kinds] == [False, False, True, True]
    assert [reactions.reward(kind, 1.0) for kind in kinds] == [1.0, 0.0, None, None]


def test_older_models_tell_nothing():
    """They take every event for interest, so the page's skip is not sent."""
    reactions = Reactions()
    assert (reactions.like, reactions.skip) == (Reaction(), Reaction("skip"))
    assert reactions.split(HISTORY) == ([HISTORY[0], HISTORY[2]], ["b"])
    chosen = Reactions(chosen_skip=Reaction("rating", 1.0))
    assert not chosen.hides("rating")
    assert chosen.split(HISTORY) == (HISTORY, [])


def test_the_model_is_not_told_of_what_hides():
    model = InterestModel()
    recommending = Recommending(MemoryStates(), model, ItemTitles(), Metrics(), HIDING)
    found = recommending.for_session(HISTORY, ListOptions(explain=True))
    assert found.reason_code == "history"
    assert [each[0] for each in model.told["history"]] == ["a", "c"]
    assert model.told["exclude"] == ["b"]
    # Shares of the first item are 0.25 and 0.75, of the second 1 and 0.
    assert [item.reason for item in found.items] == [
        "because you viewed “c”",
        "because you viewed “a”",
    ]


def test_texts_without_an_item_are_read_whatever_their_kind():
    search = ("", "search", 1.0, 4, "quiet films")
    assert HIDING.split([*HISTORY, search])[0] == [HISTORY[0], HISTORY[2], search]
    assert HIDING.split([search]) == ([search], [])


def test_who_only_skipped_is_a_cold_user_without_these_items():
    model = InterestModel()
    recommending = Recommending(MemoryStates(), model, ItemTitles(), Metrics(), HIDING)
    found = recommending.for_session(HISTORY[1:2], ListOptions())
    assert found.reason_code == "cold_user"
    assert (model.told["history"], model.told["exclude"]) == ([], ["b"])
    shares = Interests(model, ItemTitles(), HIDING).of_history(HISTORY[1:2])
    assert not any(shares)


def test_all_events_are_told_unless_they_hide():
    assert learnt(VIEW, SKIP).split(HISTORY) == (HISTORY, [])
