"""Tests of serving.online.reactions, and of what hides items from the model."""

import pytest

from serving.online.catalogue import Catalogue
from serving.online.interests import Interests
from serving.online.metrics import Metrics
from serving.online.reactions import Reaction, Reactions
from serving.online.recommending import Recommending, Wishes
from tests.serving.online.interest_model import InterestModel
from tfrec.errors import ConfigError

HIDING = Reactions(hiding=frozenset({"skip"}))
HISTORY = [("a", "view", 1.0, 1), ("b", "skip", 1.0, 2), ("c", "view", 1.0, 3)]


@pytest.mark.parametrize("text", ["rating=many", "rating=", "rating=nan", "a=inf"])
def test_values_are_numbers(text):
    with pytest.raises(ConfigError, match="must be KIND or KIND=NUMBER.*Received: "):
        Reaction.parse(text)


def test_kinds_without_values():
    assert Reaction.parse("") == Reaction("", None)
    assert Reaction.parse("rating=0.5") == Reaction("rating", 0.5)


def test_the_model_is_not_told_of_what_hides():
    model = InterestModel()
    recommending = Recommending(None, model, Catalogue(), Metrics(), HIDING)
    found = recommending.for_history(HISTORY, Wishes(explain=True))
    assert found.reason_code == "history"
    assert [each[0] for each in model.told["history"]] == ["a", "c"]
    assert model.told["exclude"] == ["b"]
    # Shares of the first item are 0.25 and 0.75, of the second 1 and 0.
    assert [item.reason for item in found.items] == [
        "because you viewed “c”",
        "because you viewed “a”",
    ]


def test_who_only_skipped_is_a_cold_user_without_these_items():
    model = InterestModel()
    recommending = Recommending(None, model, Catalogue(), Metrics(), HIDING)
    found = recommending.for_history(HISTORY[1:2], Wishes())
    assert found.reason_code == "cold_user"
    assert (model.told["history"], model.told["exclude"]) == ([], ["b"])
    assert Interests(model, Catalogue(), HIDING).of_history(HISTORY[1:2]) == ([], [])


def test_all_events_are_told_unless_they_hide():
    assert Reactions().split(HISTORY) == (HISTORY, [])
