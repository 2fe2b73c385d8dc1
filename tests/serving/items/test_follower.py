"""The follower of a log of items, with a model that fails once."""

import types

from serving.items import live
from serving.items.log import ItemLog
from tests.serving.online.gateway_process import eventually
from tfrec.data.item_changes import Change


class FailsOnce:
    """Stands for `FreshItems`: the first change cannot be made at first."""

    def __init__(self, functions, folder):
        self.made, self.failures = [], 0

    def warm_up(self):
        """There is nothing to prepare."""

    def functions(self):
        return list(self.made)

    def apply(self, changes):
        if not self.failures:
            self.failures += 1
            raise MemoryError("no room for vectors")
        self.made += [each.item_id for each in changes]


class Servable:
    def __init__(self, folder):
        self.live, self.answers = {}, None
        self.artefact = types.SimpleNamespace(folder=folder)

    def answer_by(self, functions):
        self.answers = functions


def test_a_change_that_fails_is_made_later(tmp_path, monkeypatch):
    monkeypatch.setattr(live, "FreshItems", FailsOnce)
    monkeypatch.setattr(live, "PAUSE_S", 0.01)
    servable, log = Servable(tmp_path / "1"), ItemLog.of(tmp_path)
    live.Follower(servable, log).start()
    log.append([Change(item_id="a", title="A")])
    log.append([Change(item_id="b", title="B")])
    eventually(lambda: servable.answers == ["a", "b"])
