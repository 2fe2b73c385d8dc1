"""Tests of serving.stream.__main__ with files, pipes and stores that fail."""

import json
import subprocess
import sys
import threading

import pytest

from serving.stream import __main__ as consumer
from serving.stream import consume as consuming
from serving.stream.jsonl import JsonlSource
from serving.stream.opening import open_source
from serving.user_states.memory import MemoryStates
from serving.user_states.sqlite import SqliteStates
from serving.user_states.store import StoreError, StoreFullError
from tests.contracts.user_states import timestamps
from tests.serving.online.gateway_process import eventually
from tests.serving.programs import run_program
from tfrec.errors import ConfigError


def line(user_id, timestamp, item_id="a"):
    return json.dumps({"user_id": user_id, "item_id": item_id, "timestamp": timestamp})


@pytest.fixture
def log(tmp_path):
    """A file of two good lines, two bad ones, a blank and no newline at its end."""
    path = tmp_path / "log.jsonl"
    lines = [line("ann", 2), "{", "", '{"user_id": "ann"}', line("é", 1)]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def run(monkeypatch, capsys):
    def run(*arguments):
        code = run_program(monkeypatch, consumer.main, *arguments)
        return code, *capsys.readouterr()

    return run


def test_a_file_is_applied_once(run, log, tmp_path):
    flags = ("--source", f"jsonl:{log}", "--store", f"sqlite:///{tmp_path}/states.db")
    code, out, _ = run(*flags)
    assert code == 0
    words = "2 events applied, 0 known already, 2 messages that are no events."
    assert words in out
    assert "0 events applied, 2 known already" in run(*flags)[1]
    states = SqliteStates(tmp_path / "states.db")
    assert (states.get("ann").version, states.get("é").version) == (1, 1)
    states.close()


def test_bad_lines_are_put_aside(run, log, tmp_path):
    run("--source", f"jsonl:{log}", "--store", "memory:")
    aside = tmp_path / "log.jsonl.rejected.jsonl"
    broken, empty = map(json.loads, aside.read_text().splitlines())
    assert (broken["place"], broken["line"]) == ("log.jsonl:2", "{")
    assert "must be JSON" in broken["reason"]
    assert empty["place"] == "log.jsonl:4"
    assert empty["reason"] == "`item_id` must be given. `timestamp` must be given."
    log.write_text(line("ann", 2))
    run("--source", f"jsonl:{log}", "--store", "memory:")
    assert not aside.exists()


def test_lines_may_lie_across_chunks(log, monkeypatch):
    lines = [line(f"user {n}", n) for n in range(50)]
    log.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr("serving.stream.jsonl.CHUNK", 37)
    source = JsonlSource(log, threading.Event())
    read = [message for batch in source.batches() for message in batch]
    source.close()
    assert [message.body.decode() for message in read] == lines
    assert [message.place for message in read[:2]] == ["log.jsonl:1", "log.jsonl:2"]


def test_a_pipe_is_applied_as_it_comes(tmp_path):
    """What has come is applied before more comes, and SIGTERM ends the waiting."""
    store = tmp_path / "states.db"
    command = [sys.executable, "-m", "serving.stream", "--source", "-"]
    process = subprocess.Popen(
        [*command, "--store", f"sqlite:///{store}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "Consuming - ...\n"
    process.stdin.write(f"{line('ann', 1)}\n{{\n")
    process.stdin.flush()
    states = SqliteStates(store)
    eventually(lambda: states.get("ann").version == 1)
    states.close()
    process.terminate()
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "1 events applied, 0 known already, 1 messages that are no" in out
    assert "stdin:2 is no event: An event must be JSON" in err


class Failing(MemoryStates):
    """Fails some times before it works."""

    def __init__(self, *errors):
        super().__init__()
        self._errors = list(errors)

    def append(self, events):
        if self._errors:
            raise self._errors.pop(0)
        return super().append(events)


def test_a_store_that_comes_back_is_waited_for(log, monkeypatch, caplog):
    monkeypatch.setattr(consuming, "FIRST_WAIT_S", 0)
    errors = [StoreError("away"), StoreFullError("full"), StoreError("away")]
    states = Failing(*errors)
    source = JsonlSource(log, threading.Event())
    assert consuming.consume(source, states).accepted == 2
    assert timestamps(states.get("ann")) == [2]
    source.close()
    told = [record.message for record in caplog.records]
    assert told[0] == "away Waiting for the store."
    assert told[1] == "The store accepts events again."
    assert len(told) == 2  # and not one for each attempt


@pytest.mark.parametrize("error", [StoreFullError("full"), StoreError("away")])
def test_nothing_is_committed_that_the_store_has_not(log, monkeypatch, error):
    stopped = threading.Event()
    stopped.set()
    source = JsonlSource(log, threading.Event())
    monkeypatch.setattr(source, "commit", lambda: pytest.fail("committed"))
    with pytest.raises(StoreError, match=str(error)):
        consuming.consume(source, Failing(error), stopped=stopped)
    source.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "jsonl:",
        "log.jsonl",
        "kafka://127.0.0.1:9092/events",
        "kafka://127.0.0.1:9092/?group=g",
        "kafka:///events?group=g",
        "kafka://127.0.0.1:9092/events?group=g&speed=high",
    ],
)
def test_other_sources(url):
    words = "`--source` must be kafka://HOST:PORT/TOPIC.group=NAME"
    with pytest.raises(ConfigError, match=words):
        open_source(url, threading.Event())


def test_program_exit_codes(run, tmp_path):
    code, _, err = run("--source", f"jsonl:{tmp_path}/none", "--store", "memory:")
    assert (code, "No such file" in err) == (1, True)
    assert run("--source", "-")[0] == 2
