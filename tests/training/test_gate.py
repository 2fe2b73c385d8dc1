"""Tests of the gate between a trained model and its publication."""

import json

import numpy as np
import pytest

from tfrec.training.comparison import FILE
from training.gate import main


def write(folder, values, *, error=0.01, users=None):
    """A report as `training.evaluate` and a run write it, as far as the gate reads."""
    folder.mkdir()
    interest = {"auc": 0.8, "expected_calibration_error": error, "zeros": "refused"}
    model = {"metrics": {"ndcg@10": {"mean": float(np.mean(values))}}, "coverage": 0.4}
    report = {"models": [model], "interest": None if error is None else interest}
    (folder / "report.json").write_text(json.dumps(report))
    users = np.arange(len(values)) if users is None else users
    with open(folder / FILE, "wb") as file:
        np.savez(file, users=users, names=["tfrec"], values=np.stack([values]))
    return folder


@pytest.fixture
def run(monkeypatch, capsys):
    """Gives exit code and what is printed."""

    def run(*flags):
        monkeypatch.setattr("sys.argv", ["gate", *map(str, flags)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code, " ".join((printed.out + printed.err).split())

    return run


@pytest.fixture
def values():
    return np.random.default_rng(0).random(500)


def test_a_model_that_is_as_good_is_let_through(tmp_path, run, values):
    noise = np.random.default_rng(1).normal(0, 0.05, 500)
    new, old = write(tmp_path / "new", values + noise), write(tmp_path / "old", values)
    code, words = run(new, "--against", old, "--out", tmp_path / "gate.json")
    assert code == 0
    assert "no certain loss" in words
    assert "is let through" in words
    result = json.loads((tmp_path / "gate.json").read_text())
    assert result["passed"]
    assert len(result["checks"]) == 2


def test_a_model_that_lost_is_refused(tmp_path, run, values):
    new = write(tmp_path / "new", 0.9 * values)
    old = write(tmp_path / "old", values)
    code, words = run(new, "--against", old, "--out", tmp_path / "gate.json")
    assert code == 1
    assert "a loss beyond 0" in words
    assert "is not let through: 1 of 2 checks failed" in words
    assert not json.loads((tmp_path / "gate.json").read_text())["passed"]
    limits = tmp_path / "gate.toml"
    limits.write_text("max_loss = 0.2\n")
    assert run(new, "--against", old, "--thresholds", limits)[0] == 0


def test_limits_of_figures(tmp_path, run, values):
    new, limits = write(tmp_path / "new", values), tmp_path / "gate.toml"
    limits.write_text('[least]\n"ndcg@10" = 0.4\ncoverage = 0.5\n')
    code, words = run(new, "--thresholds", limits)
    assert code == 1
    assert "FAILED coverage is 0.4000, at least 0.5 is asked for" in words
    assert "passed ndcg@10" in words
    limits.write_text('[most]\n"interest.auc" = 0.9\n')
    assert run(new, "--thresholds", limits)[0] == 0


def test_calibration_may_not_become_worse(tmp_path, run, values):
    new = write(tmp_path / "new", values, error=0.08)
    old = write(tmp_path / "old", values, error=0.07)
    worse = write(tmp_path / "worse", values, error=0.1)
    assert run(new)[0] == 1
    assert run(new, "--against", old)[0] == 0
    assert run(worse, "--against", old)[0] == 1
    assert run(write(tmp_path / "lists", values, error=None))[0] == 0


def test_what_cannot_be_compared_is_refused_in_words(tmp_path, run, values):
    new = write(tmp_path / "new", values)
    other = write(tmp_path / "other", values, users=np.arange(500)[::-1])
    short = write(tmp_path / "short", values[:10])
    for against in (other, short):
        code, words = run(new, "--against", against)
        assert code == 1
        assert "only on the same questions" in words
    limits = tmp_path / "gate.toml"
    for text, rule in (
        ('[least]\n"ndcg@5" = 0.1\n', "must be of a figure of the report"),
        ('[least]\n"ndcg@10" = "high"\n', "must be a number"),
        ("leest = 1\n", "Did you mean `least`"),
    ):
        limits.write_text(text)
        code, words = run(new, "--thresholds", limits)
        assert code == 1
        assert rule in words
    assert "cannot be read as a report" in run(tmp_path)[1]
    (new / "report.json").write_text('{"models": []}')
    assert "cannot be read as a report" in run(new)[1]
