"""Tests of tfrec.export.item_log."""

import dataclasses
import errno
import json
import multiprocessing
import re

import pytest

from tfrec.data.item_changes import ItemChange
from tfrec.errors import ServingError
from tfrec.export import item_log as log_module
from tfrec.export.item_log import ItemLog, Reading

FILM = ItemChange(item_id="né 新", title="Été", category="drama|war", available_from=5)
GONE = ItemChange(item_id="50", is_removed=True)


@pytest.fixture
def log(tmp_path):
    return ItemLog.of(tmp_path)


def without_time(changes):
    return [dataclasses.replace(each, time=0.0) for each in changes]


def test_what_is_written_is_read(log):
    assert log.read() == Reading([])
    log.append([FILM, GONE])
    read = log.read()
    assert without_time(read.changes) == [FILM, GONE]
    assert 1.7e9 < read.changes[0].time == read.changes[1].time
    assert read.place == log.size() == log.path.stat().st_size
    assert log.read(read.place) == Reading([], read.place, [], read.place)
    log.append([FILM])
    assert without_time(log.read(read.place).changes) == [FILM]


def test_changes_made_together_are_read_together(log, tmp_path):
    """However much of them reached the disk before it was full."""
    log.append([FILM, GONE, FILM])
    whole = log.path.read_bytes()
    log.append([GONE])
    assert without_time(log.read().changes) == [FILM, GONE, FILM, GONE]
    for size in range(0, len(whole) - 1, 11):
        log.path.write_bytes(whole[:size])
        assert log.read().changes == []
        log.append([GONE])
        assert without_time(log.read().changes) == [GONE]


def test_a_torn_line_waits_and_does_not_spoil_the_next(log, caplog):
    """As after a power cut in mid-write."""
    log.append([GONE])
    whole = log.path.read_bytes()
    with open(log.path, "ab") as file:
        file.write(b'{"item_id": "to')
    changes, place, *_ = log.read()
    assert (without_time(changes), place) == ([GONE], len(whole))
    log.append([FILM])
    assert without_time(log.read(place).changes) == [FILM]
    assert "a line is skipped" in caplog.text


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[{}]", "change 1 of 1: `item_id` must not be empty"),
        ("{}", "`item_id` must not be empty"),
        ("5", "A change must be an object. Received: 5."),
        ('[{"item_id": "a"}, 5]', "change 2 of 2: A change must be an object"),
        ('{"item_id": "a", "colour": 1}', r"no other fields .* Received: \['colour'\]"),
        ('{"item_id": ["a"]}', "`item_id` must be text or a number"),
        (
            '{"item_id": "a", "title": "\\ud800"}',
            "`title` must be Unicode; it has half",
        ),
        (
            '{"item_id": "a", "available_from": 1e400}',
            "`available_from` must be UTC sec",
        ),
        ('{"item_id": "a", "available_until": 9223372036854775808}', "milliseconds"),
        ('{"item_id": "a", "is_removed": 0}', "`is_removed` must be true or false"),
        ('{"item_id": "a"} {"item_id": "b"}', "Extra data"),
        ("\xff", "decode"),
        ("[" * 100_000, "recursion"),
        ("9" * 5000, "limit"),
        (f'{{"item_id": "a", "text": "{"x" * 1_000_001}"}}', "at most 1000000 char"),
    ],
)
def test_what_is_no_change_is_passed_over(log, caplog, line, words):
    """Whatever the line is: once reported, and never in the way of another."""
    log.append([FILM])
    place = log.size()
    with open(log.path, "a", encoding="latin-1") as file:
        file.write(line + "\n")
    log.append([GONE])
    read = log.read()
    assert without_time(read.changes) == [FILM, GONE]
    (problem,) = read.problems
    assert problem.startswith(f"from byte {place} on: ")
    assert re.search(words, problem)
    assert len(problem) < 400
    assert len(caplog.records) == 1


def test_a_file_that_cannot_be_read_says_so(log):
    log.path.mkdir()
    with pytest.raises(IsADirectoryError):
        log.read()


def test_nothing_is_accepted_where_nothing_can_be_written(log):
    log.path.symlink_to("/dev/full")  # every write fails: no space left on device
    with pytest.raises(
        ServingError, match="No space left .* None of 2 changes was acc"
    ):
        log.append([FILM, GONE])
    log.path.unlink()
    log.path.mkdir()
    with pytest.raises(ServingError, match="cannot be written: .*directory"):
        log.append([FILM])


def test_half_a_line_of_a_full_disk_is_no_change(log, monkeypatch):
    """What was refused is not there, and what comes after it is."""
    whole = log_module.os.write

    def fill(file, content):
        whole(file, content[:9])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log_module.os, "write", fill)
    with pytest.raises(ServingError, match="None of 1 changes was accepted"):
        log.append([FILM])
    monkeypatch.undo()
    log.append([GONE])
    assert without_time(log.read().changes) == [GONE]


def test_another_file_is_read_from_its_beginning(log):
    log.append([FILM, FILM])
    place = log.read().place
    log.path.unlink()
    log.append([GONE])
    assert without_time(log.read(place).changes) == [GONE]


def write_some(path, name):
    for number in range(50):
        ItemLog(path).append([ItemChange(item_id=f"{name}{number}")] * 2)


def test_writers_do_not_disturb_one_another(log):
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=write_some, args=(log.path, name)) for name in "ab"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    ids = [change.item_id for change in log.read().changes]
    for name in "ab":
        own = [item_id for item_id in ids if item_id.startswith(name)]
        assert own == [f"{name}{n // 2}" for n in range(100)]


def test_a_line_is_plain_json(log):
    """Other programs may write it."""
    log.append([GONE])
    line = json.loads(log.path.read_text())
    assert (line["item_id"], line["is_removed"]) == ("50", True)
