"""Tests of which folders are versions, and of what an operator hears."""

import logging
import pathlib

import pytest

from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.reminder import Reminder
from tests.serving.fake_servable import FakeServable
from tfrec.errors import ArtefactError
from tfrec.export.version_folders import (
    find_versions,
    version_folder,
    what_is_wrong,
)


def make(folder, *names):
    for name in names:
        (folder / name).mkdir()


def test_numbers_with_zeros_before_them_are_versions(tmp_path):
    make(tmp_path, "0000001", "000", "20", "3", "x", "-4", "5.aside", "١", str(2**63))
    (tmp_path / "7").touch()
    found = {number: path.name for number, path in find_versions(tmp_path).items()}
    assert list(found.items()) == [(0, "000"), (1, "0000001"), (3, "3"), (20, "20")]
    assert version_folder(tmp_path).name == "20"
    assert what_is_wrong(tmp_path) == ""


def test_two_folders_of_one_number(tmp_path):
    make(tmp_path, "0000001", "01", "1")
    assert [path.name for path in find_versions(tmp_path).values()] == ["1"]
    assert what_is_wrong(tmp_path) == (
        f"{tmp_path} has two folders of one number; the shorter name counts, and not "
        "0000001, 01."
    )


def test_no_version(tmp_path):
    rule = f"A version must be at {tmp_path}/<integer>/saved_model.pb. "
    assert what_is_wrong(tmp_path) == f"{rule}Found there: nothing."
    make(tmp_path, "latest", "v1", "v2", "v3")
    assert what_is_wrong(tmp_path) == f"{rule}Found there: latest, v1, v2, …."


def test_the_folder_of_a_version(tmp_path):
    make(tmp_path, "1")
    (tmp_path / "1" / "saved_model.pb").touch()
    settings = ModelSettings("toy", tmp_path / "1")
    with pytest.raises(ArtefactError, match=f"Give the one above it, {tmp_path}[.]"):
        ModelStore(settings)


def test_a_folder_that_is_gone(tmp_path):
    assert "cannot be read: [Errno 2]" in what_is_wrong(tmp_path / "none")


def test_what_is_wrong_is_said_once_and_then_now_and_then(caplog):
    now = [0.0]
    reminder = Reminder(logging.getLogger("test"), clock=lambda: now[0])
    for words, seconds in [("a", 0), ("a", 1), ("b", 2), ("b", 301), ("b", 302)]:
        now[0] = seconds
        reminder.say(words)
    reminder.say("")
    reminder.say("b")
    assert [each.getMessage() for each in caplog.records] == ["a", "b", "b", "b"]


def test_a_store_says_what_it_waits_for(tmp_path, caplog):
    settings = ModelSettings("toy", tmp_path, specific=(9,))
    store = ModelStore(settings, load=FakeServable)
    store.poll()
    make(tmp_path, "0000001")
    store.poll()
    store.poll()
    make(tmp_path, "09")
    store.poll()
    assert store.get(9).servable.folder == pathlib.Path(tmp_path, "09")
    first, second = (each.getMessage() for each in caplog.records)
    assert first.endswith("Found there: nothing.")
    assert second == (
        f"toy: {tmp_path} must hold one of the versions (9,). Received: [1]."
    )
