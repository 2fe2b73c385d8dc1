"""What reaches a screen: our own lines, in any locale."""

import os
import re
import subprocess
import sys

import pytest

from serving.local import running_server
from tests.toy_log import toy_events
from tfrec.client.client import RecommenderClient

# What the runtime's own lines look like, by Abseil, TensorFlow and Python's logging.
RUNTIME = re.compile(r"^[IWEF]\d{4} |^\d{4}-\d\d-\d\d .*: [IWEF] |WARNING|oneDNN", re.M)


def run_program(*command, **variables):
    """Runs `python -m command` as people do, with no word about TensorFlow's log."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TF_CPP")}
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        capture_output=True,
        encoding="utf-8",
        env=kept | variables,
    )


def test_words_that_the_locale_cannot_write_are_escaped(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text('# Läden\nconfig = "läden.toml"\n', encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run_program("training.study", path, "--out", tmp_path, **ascii_only)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "Error: The configuration must be a TOML file. "
        f"Received: {tmp_path}/l\\xe4den.toml.\n"
    )


@pytest.mark.slow
def test_the_doctor(artefact_folders):
    done = run_program("serving.doctor", artefact_folders["scann"])
    assert done.returncode == 0
    assert done.stderr == ""
    assert not RUNTIME.search(done.stdout)


@pytest.mark.slow
def test_a_server_of_both_flavours(artefact_folders, tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    models = {name: path.parent for name, path in artefact_folders.items()}
    with running_server(models, tmp_path) as (target, _):
        for name in models:
            with RecommenderClient(target, name) as client:
                assert client.recommend(["space-01", "space-03"], k=3)
    words = (tmp_path / "server.log").read_text(encoding="utf-8")
    assert "version 1" in words
    assert not RUNTIME.search(words)


@pytest.mark.slow
def test_a_batch_says_what_it_does_in_a_file(artefact_folders, tmp_path):
    events, out = tmp_path / "events.csv", tmp_path / "out.csv"
    toy_events().to_csv(events, index=False)
    done = run_program(
        *("serving.batch_score", "--model", artefact_folders["exact"]),
        *("--events", events, "--out", out),
    )
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "Dividing events by user.",
        "Scoring shards: 1.",
        f"Writing {out}.",
    ]
    assert not RUNTIME.search(done.stdout)
