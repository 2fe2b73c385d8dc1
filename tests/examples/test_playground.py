"""Tests of examples.playground: its processes begin and end together."""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from examples import playground
from serving.user_states.sqlite import SqliteStates
from tests.contracts.user_states import event
from tests.serving.online.gateway_process import eventually
from tests.serving.toy_artefact import write_toy

END_S = 60


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A toy in the place of the demo's model."""
    folder = tmp_path_factory.mktemp("saved_models") / "toy"
    write_toy(folder)
    return folder


@pytest.fixture
def start(model, tmp_path):
    """Starts a playground whose people are known already, so nothing is imported."""
    states = SqliteStates(tmp_path / "states.db")
    states.append([event(user_id, 1, "a") for user_id in playground.PEOPLE])
    states.close()
    command = [sys.executable, "-m", "examples.playground"]
    process = subprocess.Popen(
        [*command, "--model", model, "--folder", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.terminate()
    process.communicate(timeout=END_S)


def read_port(process):
    for line in process.stdout:
        if found := re.match(r"http://127\.0\.0\.1:(\d+)$", line):
            return int(found[1])
    pytest.fail(process.stderr.read())


def children(process):
    """Ids and modules of the programs that it runs."""
    told = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not told.exists():
        pytest.skip("This kernel does not tell a process's children.")
    commands = {
        int(pid): command(int(pid)) for pid in told.read_text(encoding="utf-8").split()
    }
    return {words[2]: pid for pid, words in commands.items() if len(words) > 2}


def command(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=SLOW)]
)
def test_it_serves_until_it_is_told_to_end(start, number):
    connection = http.client.HTTPConnection("127.0.0.1", read_port(start), timeout=30)
    connection.request("GET", "/v1/page")
    settings = json.loads(connection.getresponse().read())
    connection.close()
    assert settings["users"] == list(playground.PEOPLE)
    assert settings["like"] == {"event": "rating", "value": 1.0}  # as the toy has it
    assert not settings["is_skip_hidden"]
    programs = children(start)
    assert set(programs) == {"serving.server", "serving.gateway"}
    start.send_signal(number)
    out, err = start.communicate(timeout=END_S)
    assert (start.returncode, err) == (0, "")
    assert out.endswith("The playground has ended.\n")
    assert not any(map(is_alive, programs.values()))


@pytest.mark.parametrize(
    "name", ["serving.server", pytest.param("serving.gateway", marks=SLOW)]
)
def test_a_program_that_dies_is_reported_and_ends_the_rest(start, name):
    read_port(start)
    programs = children(start)
    os.kill(programs[name], signal.SIGKILL)
    _, err = start.communicate(timeout=END_S)
    assert start.returncode == 1
    assert f"Error: {name} ended with exit code -9. Its log" in err
    eventually(lambda: not any(map(is_alive, programs.values())))


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(playground.PlaygroundError, match="Received: .*none"):
        playground.trained_version(tmp_path / "none")


def test_the_demos_model_is_trained_if_there_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    version = playground.DEMO_MODEL / "1"
    monkeypatch.setattr(playground, "train", lambda: version.mkdir(parents=True))
    assert playground.trained_version(playground.DEMO_MODEL) == version
    monkeypatch.delattr(playground, "train")  # and not again
    assert playground.trained_version(playground.DEMO_MODEL) == version


def test_people_are_imported_once_with_times_of_now(tmp_path, monkeypatch):
    import pandas as pd

    from tfrec.datasets import registry as datasets

    rows = [("471", "a", 100, "rating", 5.0, 1), ("471", "b", 160, "rating", 2.0, 2)]
    rows += [("9", "c", 900_000, "rating", 5.0, 3)]  # nobody of the playground
    columns = ["user_id", "item_id", "timestamp", "event", "value", "sequence"]
    frame = pd.DataFrame(rows, columns=columns)
    log = type("Log", (), {"events": type("Events", (), {"frame": frame})})
    monkeypatch.setattr(datasets, "load_dataset", lambda name: log)
    now = 160 + 3 * playground.WEEK_S + 5
    events = playground.rating_events(["471"], now)
    assert [(e.item_id, e.timestamp) for e in events] == [
        ("a", now - 65),
        ("b", now - 5),
    ]
    store = f"sqlite:///{tmp_path}/states.db"
    playground.import_people(store)
    playground.import_people(store)
    states = SqliteStates(tmp_path / "states.db")
    assert states.get("471").version == 2
    states.close()
    assert frame["timestamp"].tolist() == [100, 160, 900_000]
