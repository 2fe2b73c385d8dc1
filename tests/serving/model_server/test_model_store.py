"""Tests of serving.model_server.model_store with a loader that loads nothing."""

import gc
import pathlib
import types
import weakref

import pytest

from serving.model_server.model_store import ModelSettings, ModelStore, State
from serving.model_server.models import Models, Poller
from serving.model_server.server_settings import Loading
from tests.serving.fake_servable import FakeServable
from tfrec.errors import ArtefactError
from tfrec.protocol.status import RequestError


def make_store(folder, **settings):
    return ModelStore(ModelSettings("toy", folder, **settings), load=FakeServable)


def states(store):
    return {version.number: version.state.name for version in store.statuses()}


def add(folder, *versions):
    for version in versions:
        (folder / str(version)).mkdir()


def test_newest_version_serves_and_the_old_one_goes(tmp_path):
    store = make_store(tmp_path)
    add(tmp_path, 9)
    store.poll()
    assert store.get().number == 9
    add(tmp_path, 10)
    store.poll()
    assert store.get().number == 10
    assert states(store) == {9: "END", 10: "AVAILABLE"}
    with pytest.raises(RequestError, match=r"NOT_FOUND.*Specific\(toy, 9\)"):
        store.get(9)


def test_held_servable_outlives_its_version(tmp_path):
    store = make_store(tmp_path)
    add(tmp_path, 1)
    store.poll()
    held = store.get().servable
    add(tmp_path, 2)
    store.poll()
    assert held.folder.name == "1"


def test_gone_version_is_freed_by_the_round_that_drops_it(tmp_path, monkeypatch):
    """Though it holds itself in a cycle; rounds that drop nothing collect nothing."""
    collected = []
    collect = gc.collect
    monkeypatch.setattr(gc, "collect", lambda: collected.append(collect()))
    store = make_store(tmp_path)
    add(tmp_path, 1)
    store.poll()
    servable = store.get().servable
    servable.itself = servable
    gone = weakref.ref(servable)
    del servable
    store.poll()
    assert not collected
    assert gone() is not None
    add(tmp_path, 2)
    store.poll()
    assert len(collected) == 1
    assert gone() is None


def test_broken_version_is_refused_while_the_old_one_serves(tmp_path):
    store = make_store(tmp_path)
    add(tmp_path, 1, 2)
    bad = tmp_path / "2" / "bad"
    bad.touch()
    add(tmp_path, 3)
    (tmp_path / "3" / "bad").touch()
    store = make_store(tmp_path, latest=3)
    store.poll()
    assert store.get().number == 1
    assert states(store) == {1: "AVAILABLE", 2: "END", 3: "END"}
    assert store.statuses()[1].error == "2 is bad."


def test_latest_policy_falls_back_to_what_served_before(tmp_path):
    store = make_store(tmp_path)
    add(tmp_path, 1)
    store.poll()
    add(tmp_path, 2)
    (tmp_path / "2" / "bad").touch()
    store.poll()
    assert store.get().number == 1


def test_refused_version_is_tried_again_only_when_its_files_change(tmp_path):
    loads = []

    def load(folder):
        loads.append(folder.name)
        return FakeServable(folder)

    store = ModelStore(ModelSettings("toy", tmp_path), load=load)
    add(tmp_path, 1)
    (tmp_path / "1" / "bad").touch()
    store.poll()
    store.poll()
    assert loads == ["1"]
    (tmp_path / "1" / "bad").unlink()  # the copy is complete now
    store.poll()
    assert loads == ["1", "1"]
    assert store.get().number == 1


def test_refused_version_is_tried_again_as_it_is_so_many_times(tmp_path):
    """What failed may have been the disk, or the memory."""
    loads = []

    def load(folder):
        loads.append(folder.name)
        raise OSError("stale file handle")

    add(tmp_path, 1)
    at_once = Loading(max_retries=2, retry_wait_s=0)
    store = ModelStore(ModelSettings("toy", tmp_path), load, at_once)
    for _ in range(5):
        store.poll()
    assert len(loads) == 3
    (tmp_path / "1" / "file").touch()  # as if new: it has its tries again
    for _ in range(5):
        store.poll()
    assert len(loads) == 6


@pytest.mark.parametrize("num_warm_ups", [0, 3])
def test_warm_up_as_often_as_asked(tmp_path, num_warm_ups):
    add(tmp_path, 1)
    replayed = []
    servable = types.SimpleNamespace(replay_warm_up=lambda: replayed.append(1) or 7)
    loading = Loading(num_warm_ups=num_warm_ups)
    settings = ModelSettings("toy", tmp_path)
    store = ModelStore(settings, lambda folder: servable, loading)
    store.poll()
    assert len(replayed) == num_warm_ups
    assert store.get().number == 1


def test_version_that_is_being_copied_waits_until_it_is_whole(tmp_path):
    """Even where half of it would load: a vocabulary cut short is no error."""

    def load(folder):
        with (folder / "vocabulary").open("a") as copied:
            copied.write("words\n" * num_left.pop())
        return FakeServable(folder)

    num_left = [0, 1]  # lines that come while it loads: the second time none
    store = ModelStore(ModelSettings("toy", tmp_path), load=load)
    add(tmp_path, 1)
    store.poll()
    assert "changed while it was read" in store.statuses()[0].error
    assert (store.num_loaded, store.num_refused) == (0, 1)
    store.poll()
    assert store.get().number == 1
    assert (store.num_loaded, store.num_refused) == (1, 1)
    assert store.get().memory[1] > 1e6


def test_version_that_disappears_serves_until_there_is_another(tmp_path):
    store = make_store(tmp_path)
    add(tmp_path, 2)
    store.poll()
    (tmp_path / "2").rmdir()
    store.poll()
    assert store.get().number == 2
    add(tmp_path, 1)  # rolled back
    store.poll()
    assert store.get().number == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"latest": 2}, [2, 5]),
        ({"latest": 0}, [1, 2, 5]),
        ({"specific": (1, 7)}, [1]),
    ],
)
def test_version_policies(tmp_path, settings, expected):
    add(tmp_path, 1, 2, 5)
    store = make_store(tmp_path, **settings)
    store.poll()
    assert list(states(store)) == expected


def test_labels(tmp_path):
    add(tmp_path, 1, 2)
    store = make_store(tmp_path, latest=0, labels=(("stable", 1),))
    store.poll()
    assert store.get(label="stable").number == 1
    with pytest.raises(RequestError, match="INVALID_ARGUMENT: Unrecognized servable"):
        store.get(label="canary")


def test_unavailable_while_it_loads(tmp_path):
    """The loader looks at the store from inside, as a request would."""
    seen = []

    def load(folder):
        with pytest.raises(RequestError) as caught:
            store.get()
        seen.append(caught.value)
        return FakeServable(folder)

    store = ModelStore(ModelSettings("toy", tmp_path), load=load)
    add(tmp_path, 1)
    store.poll()
    assert seen[0].code.name == "UNAVAILABLE"
    assert "Latest(toy): it is loading" in seen[0].message


def test_nothing_there(tmp_path):
    store = make_store(tmp_path)
    store.poll()
    with pytest.raises(RequestError, match=r"NOT_FOUND: Servable not .* Latest\(toy\)"):
        store.get()


def test_base_path_must_exist():
    with pytest.raises(ArtefactError, match="nowhere, which does not exist"):
        make_store(pathlib.Path("nowhere"))


def test_poller_survives_a_round_that_fails(tmp_path):
    add(tmp_path, 1)
    good = make_store(tmp_path)

    class Failing:
        settings = ModelSettings("failing", tmp_path)

        def poll(self):
            raise RuntimeError("disk on fire")

    rounds = []
    poller = Poller(Models([Failing(), good]).poll, 0, lambda: rounds.append(1))
    poller.start()
    poller.join(10)
    assert rounds == [1]
    assert good.get().state == State.AVAILABLE
