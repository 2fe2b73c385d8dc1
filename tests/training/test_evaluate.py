"""Tests of the program training.evaluate: a saved model judged as its model was."""

import json
import pathlib

import numpy as np
import pytest

from tests.serving.programs import run_program
from tests.toy_log import toy_config
from tfrec.training.comparison import FILE
from training.evaluate import main

CONFIG = pathlib.Path(__file__).parents[2] / "training" / "configs" / "default.toml"


@pytest.fixture
def judge(trained, tmp_path, monkeypatch, capsys):
    """Runs the program on the toy log; gives its exit code and its words."""

    def run(model, *options):
        settings = toy_config(tmp_path, trained.data, "evaluation.baselines=false")
        overrides = [part for each in settings for part in ("--set", each)]
        where = ("--model", model, "--out", tmp_path / "report")
        code = run_program(monkeypatch, main, CONFIG, *where, *overrides, *options)
        printed = capsys.readouterr()
        return code, " ".join((printed.out + printed.err).split())

    return run


def test_the_exact_flavour_is_as_good_as_the_model_to_the_query(
    judge, trained, tmp_path
):
    code, words = judge(trained.models["exact"], "--against", trained.folder)
    assert code == 0, words
    with (
        np.load(tmp_path / "report" / FILE) as ours,
        np.load(trained.folder / FILE) as theirs,
    ):
        np.testing.assert_array_equal(ours["users"], theirs["users"])
        np.testing.assert_allclose(ours["values"][0], theirs["values"][0], atol=1e-6)
        assert ours["values"].max() > 0
    found = trained.report["models"][0]["metrics"]["ndcg@10"]["mean"]
    assert f"NDCG@10 {found:.4f}" in words
    assert "+0.0000" in words
    assert "100.0% are in the other one as well" in words
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    versions = report["card"]["stability"]["versions"]
    assert versions["share_moved"] == 0
    assert versions["against"] == str(trained.folder)
    theirs = trained.report["interest"]
    assert report["interest"]["auc"] == pytest.approx(theirs["auc"], abs=1e-4)
    assert report["interest"]["num_examples"] == theirs["num_examples"]
    threshold = report["card"]["interest"]["threshold"]["threshold"]
    assert threshold == trained.report["card"]["interest"]["threshold"]["threshold"]
    assert "Stability" in (tmp_path / "report" / "report.html").read_text("utf-8")


def test_a_report_that_kept_no_lists(judge, trained, tmp_path):
    """Reports of earlier versions have figures of the questions, and no lists."""
    older = tmp_path / "older"
    older.mkdir()
    with np.load(trained.folder / FILE) as kept:
        np.savez(older / FILE, **{name: kept[name] for name in ("users", "names")},
                 values=kept["values"])  # fmt: skip
    code, words = judge(trained.models["exact"], "--compare", older)
    assert code == 0, words
    assert "Lists are not compared" in words


def test_the_scann_flavour_is_nearly_as_good(judge, trained, tmp_path):
    assert judge(trained.models["scann"])[0] == 0
    with (
        np.load(tmp_path / "report" / FILE) as ours,
        np.load(trained.folder / FILE) as theirs,
    ):
        mine, other = (each["values"][0].mean() for each in (ours, theirs))
        assert mine == pytest.approx(other, abs=0.02)


def test_reports_on_other_queries_are_not_compared(judge, trained, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    arrays = {"users": np.arange(3), "names": ["tfrec"], "values": np.zeros((1, 3))}
    np.savez(other / FILE, **arrays)
    code, words = judge(trained.models["exact"], "--against", other)
    assert code == 1
    assert "can be compared only on the same queries" in words


def test_no_saved_model(judge, tmp_path):
    code, words = judge(tmp_path)
    assert code == 1
    assert "must hold `saved_model.pb` or integer version folders" in words
