"""The follower of a log of items, with a model and a log that fail."""

import json
import types

import pytest

from serving.model_server import new_items as live
from tests.serving.online.gateway_process import eventually
from tfrec.data.item_changes import ItemChange
from tfrec.export.item_log import ItemLog


class Items:
    """Stands for `FreshItems`: items called "bad" cannot be made."""

    def __init__(self, functions, folder):
        self.made = []

    def warm_up(self):
        """There is nothing to prepare."""

    def functions(self):
        return list(self.made)

    def apply(self, changes):
        ids = [each.item_id for each in changes]
        self.made += [each for each in ids if each != "bad"]
        return [each for each in ids if each == "bad"]


class Servable:
    def __init__(self, folder):
        self.live, self.answers = {}, None
        self.artefact = types.SimpleNamespace(folder=folder)

    def answer_by(self, functions):
        self.answers = functions


@pytest.fixture
def log(tmp_path):
    return ItemLog.of(tmp_path)


@pytest.fixture
def follow(log, monkeypatch):
    """Starts to follow; gives the servable."""
    monkeypatch.setattr(live, "FreshItems", Items)
    monkeypatch.setattr(live, "MAX_PAUSE_S", 0.05)

    def start():
        servable = Servable(log.path.parent / "1")
        live.Follower(servable, log).start()
        return servable

    return start


def write(log, line):
    with open(log.path, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def test_what_cannot_be_is_counted_and_passed_over(log, follow):
    log.append([ItemChange(item_id="a")])
    write(log, '{"item_id": "b", "title": "\\ud800"}')
    log.append([ItemChange(item_id="bad")])
    log.append([ItemChange(item_id="c")])
    servable = follow()
    assert servable.answers == ["a", "c"]
    state = servable.following
    assert (state.num_made, state.num_passed_over, state.behind_s) == (2, 2, 0)
    assert "Items of the log that cannot be served: 1 ('bad')." in state.trouble
    assert "Skipped lines of the item log: 1 (from byte " in state.trouble
    log.append([ItemChange(item_id="d")])
    eventually(lambda: servable.answers == ["a", "c", "d"])
    assert state.num_made == 3


def test_trouble_ends_with_what_caused_it(log, follow):
    """A log that is new, or a change of the item that can be made."""
    write(log, "no change")
    log.append([ItemChange(item_id="bad"), ItemChange(item_id="a")])
    servable = follow()
    assert "'bad'" in servable.following.trouble
    log.path.write_text(json.dumps({"item_id": "b"}) + "\n")
    eventually(lambda: servable.answers == ["a", "b"])
    eventually(lambda: not servable.following.trouble)
    assert servable.following.num_passed_over == 2


def test_a_log_that_cannot_be_read_is_tried_on(log, follow, caplog):
    """The model is served meanwhile, and one line says so."""
    log.path.mkdir()
    servable = follow()
    assert servable.answers == []
    assert "The log of items cannot be read: " in servable.following.trouble
    eventually(lambda: servable.following.behind_s > 0.3)
    log.path.rmdir()
    log.append([ItemChange(item_id="a")])
    eventually(lambda: servable.answers == ["a"])
    eventually(lambda: not servable.following.trouble)
    assert servable.following.behind_s == 0
    assert (
        len([each for each in caplog.records if "is tried again" in each.message]) == 1
    )


def test_half_a_line_waits(log, follow):
    servable = follow()
    with open(log.path, "a", encoding="utf-8") as file:
        file.write('{"item_id": ')
        file.flush()
        assert servable.following.num_passed_over == 0
        file.write('"a"}\n')
    eventually(lambda: servable.answers == ["a"])
    assert not servable.following.trouble
