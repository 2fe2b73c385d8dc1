"""Tests of the program training.experiment."""

import json

import pytest

from examples.ab_log import simulated_log, write_log
from tests.data.interaction_logs import NOON
from tests.serving.programs import run_program
from training.experiment import main


@pytest.fixture
def compare(tmp_path, monkeypatch, capsys):
    """Runs the program on a simulated log; gives its exit code and its words."""
    log = write_log(tmp_path / "log", *simulated_log(rates={"a": 0.6, "b": 0.6}))

    def run(*options):
        named = ("--experiment", "button", *options)
        code = run_program(monkeypatch, main, log, *named)
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def test_an_experiment_is_compared(compare, tmp_path):
    out = tmp_path / "reports" / "test.json"
    options = ("--shares", "a=0.5,b=0.5", "--control", "b", "--out", out)
    code, words = compare(*options, "--satisfaction", "thumbs=1", "--clicks", "click")
    assert code == 0, words
    assert "# Experiment button" in words
    assert "## Differences from b" in words
    report = json.loads(out.read_text())
    assert report["is_trusted"]
    assert report["kinds"]["clicks"] == ["click"]
    code, words = compare("--out", tmp_path / "test.md", "--window-hours", "1")
    assert code == 0, words
    assert (tmp_path / "test.md").read_text() == words


def test_only_the_impressions_of_a_span_count(compare, tmp_path):
    out = tmp_path / "test.json"
    clicks = []
    for end in (NOON + 1181, NOON + 1190):  # clicks are 5 seconds after their list
        code, words = compare("--since", NOON + 600, "--until", end, "--out", out)
        assert code == 0, words
        report = json.loads(out.read_text())
        assert (report["since"], report["until"]) == (NOON + 600, NOON + 1180)
        clicks.append(report["metrics"][0])
    assert clicks[0] == clicks[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--out", "x.pdf"), "`--out` must end with .json or .md"),
        (("--shares", "a,b=1"), "`--shares` must give each arm a number"),
        (("--since", "soon"), "`--since` must be UTC seconds"),
        (("--window-hours", "inf"), "`--window-hours` must be from 0 to"),
        (("--control", "c"), "`control` must be an arm"),
        (("--satisfaction", "up=x"), "`--satisfaction` must be NAME"),
    ],
)
def test_wrong_options_are_refused(compare, options, words):
    code, printed = compare(*options)
    assert code == 1
    assert words in printed
