"""Tests of serving.items.log and of the changes that it holds."""

import dataclasses
import json
import multiprocessing

import pytest

from serving.items.log import ItemLog
from tfrec.data.item_changes import Change
from tfrec.errors import DataError

FILM = Change(item_id="né 新", title="Été", category="drama|war", available_from=5)
GONE = Change(item_id="50", is_removed=True)


@pytest.fixture
def log(tmp_path):
    return ItemLog.of(tmp_path)


def without_time(changes):
    return [dataclasses.replace(each, time=0.0) for each in changes]


def test_what_is_written_is_read(log):
    assert log.read() == ([], 0)
    log.append([FILM, GONE])
    changes, place = log.read()
    assert without_time(changes) == [FILM, GONE]
    assert 1.7e9 < changes[0].time == changes[1].time
    assert place == log.path.stat().st_size
    assert log.read(place) == ([], place)
    log.append([FILM])
    assert without_time(log.read(place)[0]) == [FILM]


def test_changes_made_together_are_read_together(log, tmp_path):
    """However much of them reached the disk before it was full."""
    log.append([FILM, GONE, FILM])
    whole = log.path.read_bytes()
    log.append([GONE])
    assert without_time(log.read()[0]) == [FILM, GONE, FILM, GONE]
    for size in range(0, len(whole) - 1, 11):
        log.path.write_bytes(whole[:size])
        assert log.read()[0] == []
        log.append([GONE])
        assert without_time(log.read()[0]) == [GONE]


def test_a_torn_line_waits_and_does_not_spoil_the_next(log, caplog):
    """As after a power cut in mid-write."""
    log.append([GONE])
    whole = log.path.read_bytes()
    with open(log.path, "ab") as file:
        file.write(b'{"item_id": "to')
    changes, place = log.read()
    assert (without_time(changes), place) == ([GONE], len(whole))
    log.append([FILM])
    assert without_time(log.read(place)[0]) == [FILM]
    assert "a line that is no change" in caplog.text


@pytest.mark.parametrize(
    "line",
    [
        "[{}]",
        "{}",
        "5",
        '[{"item_id": "a"}, 5]',
        '{"item_id": "a", "colour": 1}',
        '{"item_id": 7}',
        "\xff",
    ],
)
def test_what_is_no_change_is_passed_over(log, caplog, line):
    log.path.write_text(line + "\n", encoding="latin-1")
    log.append([GONE])
    assert without_time(log.read()[0]) == [GONE]
    assert len(caplog.records) == 1


def test_another_file_is_read_from_its_beginning(log):
    log.append([FILM, FILM])
    place = log.read()[1]
    log.path.unlink()
    log.append([GONE])
    assert without_time(log.read(place)[0]) == [GONE]


def write_some(path, name):
    for number in range(50):
        ItemLog(path).append([Change(item_id=f"{name}{number}")] * 2)


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
    ids = [change.item_id for change in log.read()[0]]
    for name in "ab":
        own = [item_id for item_id in ids if item_id.startswith(name)]
        assert own == [f"{name}{n // 2}" for n in range(100)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"item_id": ""}, "that is the padding"),
        ({"item_id": 7}, "`item_id` of an item must be a str. Received: 7"),
        ({"item_id": "a", "title": None}, "`title` of an item must be a str"),
        ({"item_id": "a", "available_from": True}, "must be a int. Received: True"),
        (
            {"item_id": "a", "available_from": 9, "available_until": 9},
            r"could never be had. Received: 9 and 9, of 'a'",
        ),
    ],
)
def test_items_that_cannot_be(fields, words):
    with pytest.raises(DataError, match=words):
        Change(**fields)


def test_a_line_is_plain_json(log):
    """Other programs may write it."""
    log.append([GONE])
    line = json.loads(log.path.read_text())
    assert (line["item_id"], line["is_removed"]) == ("50", True)
