"""Tests of serving.gateway.served_items with a model that is what the test says."""

import grpc
import pytest

from serving.gateway import served_items
from serving.gateway.served_items import ServedItems
from tfrec.data.item_changes import ItemChange
from tfrec.export.item_log import ItemLog
from tfrec.protocol.status import RequestError


class Model:
    """Has some items, and counts what it is asked."""

    def __init__(self):
        self.problem = self.items_problem = ""
        self.items, self.asked, self.error = set(), [], None

    def score_interest(self, item_ids):
        self.asked += item_ids
        if self.error:
            raise self.error
        return [0.5 if each in self.items else 0.0 for each in item_ids]


@pytest.fixture
def log(tmp_path):
    return ItemLog.of(tmp_path)


@pytest.fixture
def model():
    return Model()


@pytest.fixture
def served(log, model, monkeypatch):
    monkeypatch.setattr(served_items, "SETTLE_S", -1)
    return ServedItems(log, model)


def put(*item_ids):
    return [ItemChange(item_id=each) for each in item_ids]


def gone(*item_ids):
    return [ItemChange(item_id=each, is_removed=True) for each in item_ids]


def test_a_server_that_follows_has_no_problem(served, log, model):
    assert served.problem() == ""
    log.append(put("a", "b") + gone("c"))
    model.items = {"a", "b"}
    assert served.problem() == ""
    assert model.asked == ["a", "b", "c"]
    served.problem()
    assert len(model.asked) == 3  # each change is asked for until it is there


def test_a_server_that_does_not_follow_is_told_of(served, log, model):
    model.items = {"c"}
    log.append(put("a", "b") + gone("c", "d"))
    words = served.problem()
    assert words.startswith(f"Items that are not served as {log.path} says")
    assert words.endswith("did not follow it: 3 ('a', 'b', 'c').")
    model.items = {"a", "b"}
    assert served.problem() == ""


def test_the_last_change_of_an_item_counts(served, log, model):
    """Whoever made it."""
    log.append(gone("a"))
    ItemLog(log.path).append(put("a"))
    model.items = {"a"}
    assert served.problem() == ""


def test_what_came_a_moment_ago_is_not_asked_for(served, log, model, monkeypatch):
    monkeypatch.setattr(served_items, "SETTLE_S", 60)
    log.append(put("a"))
    assert served.problem() == ""
    assert model.asked == []


def test_only_so_many_are_asked_for(served, log, model, monkeypatch):
    monkeypatch.setattr(served_items, "MAX_UNSURE", 2)
    log.append(put("a", "b", "c", "a"))
    model.items = {"a", "c"}
    assert served.problem() == ""
    assert model.asked == ["c", "a"]


def test_what_the_server_says_comes_first(served, log, model):
    model.items_problem = "Items of the log that cannot be served: 1 ('x')."
    assert served.problem() == model.items_problem


def test_a_server_that_is_away_is_no_problem_of_items(served, log, model):
    log.append(put("a"))
    model.problem = "away"
    assert served.problem() == ""
    assert model.asked == []


@pytest.mark.parametrize("has_log", [True, False])
def test_what_cannot_be_known_is_said(served, log, model, has_log):
    if has_log:
        log.append(put("a"))
        model.error = RequestError(grpc.StatusCode.UNAVAILABLE, "no answer")
        assert "is not known: " in served.problem()
    else:
        log.path.mkdir()
        assert "Is a directory" in served.problem()


def test_a_gateway_without_a_log_knows_what_the_server_says(model):
    served = ServedItems(None, model)
    assert served.problem() == ""
    model.items_problem = "words"
    assert served.problem() == "words"
