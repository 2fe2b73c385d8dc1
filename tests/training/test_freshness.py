"""Tests of the program training.freshness on the toy log."""

import json
import pathlib

import pytest

from serving.gateway.online_interests import read_settings
from tests.serving.programs import run_program
from tests.toy_log import toy_config
from tfrec.evaluation.late import DELAYS_S, FROZEN, LIVE
from tfrec.training import interest_vectors
from training.freshness import main

CONFIG = pathlib.Path(__file__).parents[2] / "training" / "configs" / "default.toml"


@pytest.fixture
def judged(trained, tmp_path, monkeypatch, capsys):
    """The report, its page, what was printed, and the folder."""
    grid = {"learning_rate": (0.5, 1.0), "long_term_share": (0.3, 1.0)}
    monkeypatch.setattr(interest_vectors, "GRID", grid)
    settings = toy_config(tmp_path, trained.data)
    overrides = [part for each in settings for part in ("--set", each)]
    out = tmp_path / "report"
    where = ("--model", trained.models["exact"], "--out", out)
    code = run_program(monkeypatch, main, CONFIG, *where, *overrides)
    printed = capsys.readouterr()
    assert code == 0, printed.err
    report = json.loads((out / "report.json").read_text())
    return report, (out / "report.md").read_text(), printed.out, out


def test_every_age_of_a_history_is_judged(judged, trained):
    report, page, printed, out = judged
    ours, ease = report["recommenders"].values()
    ages = [LIVE, *DELAYS_S, FROZEN]
    assert list(ours) == [*ages, "interest vector"]
    assert list(ease) == ages
    live = trained.report["models"][0]["metrics"]["ndcg@10"]["mean"]
    assert ours[LIVE]["mean"] == pytest.approx(live, abs=1e-6)
    for row in (*ours.values(), *ease.values()):
        low, high = row["interval"]
        assert low <= row["mean"] <= high
    for rows in (ours, ease):
        difference = rows[FROZEN]["against_live"]["difference"]
        expected = rows[FROZEN]["mean"] - rows[LIVE]["mean"]
        assert difference == pytest.approx(expected, abs=1e-9)
        assert f" {rows[FROZEN]['share_of_live']:.1%} |" in page
    assert f"live {live:.4f}" in " ".join(printed.split())
    assert (out / "freshness.png").stat().st_size > 1000
    settings = read_settings(out / "interest.json")  # as the gateway does
    assert vars(settings) == report["interest_settings"]
    assert settings.learning_rate in (0.5, 1.0)
