"""Tests of the report and its figures."""

import json

import numpy as np
import pytest

from tests.evaluation.logs import ask_all, make_log, make_split_of
from tests.evaluation.test_evaluate import Fixed
from tfrec.evaluation.deletion import Deletions
from tfrec.evaluation.evaluate import evaluate
from tfrec.evaluation.interest import InterestEvaluation, judge_probabilities
from tfrec.evaluation.protocol import describe_protocol
from tfrec.evaluation.report import write_report
from tfrec.files import replacing

PNG = b"\x89PNG"


@pytest.fixture
def split():
    log = make_log([(u, 0, 1) for u in range(4)], num_items=6, num_users=4)
    is_cold = np.array([False] * 5 + [True])
    queries = ask_all(log, [[1], [2], [3], [5]])
    return make_split_of("rolling", log, queries, is_cold)


def judged(split, name, table):
    recommender = Fixed(table)
    recommender.name = name
    return evaluate(recommender, split, bootstrap_samples=50)


@pytest.fixture
def report(split, tmp_path):
    """Ours knows the answers, `constant` nothing, `half` two of four."""
    perfect = np.eye(6)[[1, 2, 3, 5]]
    evaluations = [
        judged(split, "ours", perfect),
        judged(split, "constant", np.ones((4, 6))),
        judged(split, "half", perfect * [[1], [1], [0], [0]]),
    ]
    return write_report(
        tmp_path / "run",
        evaluations,
        title="Test",
        protocol=describe_protocol(split),
        interest=InterestEvaluation(
            np.array([True, False]),
            np.arange(2),
            {"ours": np.array([0.9, 0.2]), "base rate": np.array([0.5, 0.5])},
            is_explicit=True,
        ),
        deletions=Deletions(np.array([3.0, 1.0]), np.ones(2), np.arange(2), 7),
        history=[{"loss": 2.0, "ndcg@10": 0.1}, {"loss": float("nan"), "ndcg@10": 0.2}],
        details={"seed": 7},
        bootstrap_samples=50,
    )


def test_ours_first_then_the_best_baselines(report):
    assert [model["name"] for model in report["models"]] == ["ours", "half", "constant"]
    assert report["models"][0]["metrics"]["ndcg@10"]["mean"] == 1.0


def test_probabilities_beside_those_of_others(report):
    theirs = report["interest"]["baselines"]["base rate"]
    assert (theirs["auc"], theirs["log_loss"]) == (0.5, pytest.approx(np.log(2)))
    ours = -(np.log(0.9) + np.log(0.8)) / 2
    gain = theirs["against"]["difference"]
    np.testing.assert_allclose(gain, np.log(2) - ours, atol=1e-12)


def test_reasons_stand_beside_chance(report, tmp_path):
    assert report["reasons"]["ratio"]["mean"] == 2.0
    text = (tmp_path / "run/report.md").read_text(encoding="utf-8")
    assert "in 2 questions. In 7 others no event may be named." in text
    rows = [[cell.strip() for cell in row.split("|")[1:3]] for row in text.splitlines()]
    assert ["ratio", "2.0 (1.0–3.0)"] in rows
    assert ["the named event is worth more", "50.0% (0.0%–100.0%)"] in rows


def test_comparisons_are_against_ours(report):
    ours, half, _ = report["models"]
    # Constant rows rank their target last of the 5 unseen items: 1 / log2(6).
    assert half["against"]["difference"] == pytest.approx(1 - (0.5 + 0.5 / np.log2(6)))
    assert "against" not in ours


def test_json_is_the_report_without_nan(report, tmp_path):
    stored = json.loads((tmp_path / "run/report.json").read_text())
    assert stored["models"] == report["models"]
    assert stored["history"][1]["loss"] is None
    assert stored["details"] == {"seed": 7}
    assert stored["models"][0]["slices"]["cold items"]["num_queries"] == 1


def test_markdown_names_the_winner_and_the_protocol(report, tmp_path):
    page = (tmp_path / "run/report.md").read_text()
    assert "**ours** reaches NDCG@10 1.0000" in page
    assert "The best baseline, half, reaches" in page
    assert "| **ours** " in page
    assert "cold items (1)" in page
    assert "4 training events, 4 queries" in page
    assert "Equal scores count against the right item" in page


def test_figures_are_written_and_nothing_else_is_left(report, tmp_path):
    names = {path.name for path in (tmp_path / "run").iterdir()}
    figures = {"ndcg_at_10.png", "reliability.png", "training.png"}
    assert names == figures | {"report.json", "report.md", "report.html"}
    assert all((tmp_path / "run" / f).read_bytes().startswith(PNG) for f in figures)


def test_ours_alone(split, tmp_path):
    write_report(
        tmp_path, [judged(split, "ours", np.eye(6)[:4])], title="T", protocol={}
    )
    assert "**ours** reaches" in (tmp_path / "report.md").read_text()


def test_probabilities_by_hand():
    facts = judge_probabilities([True, False], np.array([0.9, 0.2]))
    assert facts["auc"] == 1.0
    assert facts["log_loss"] == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 2)
    assert facts["expected_calibration_error"] == pytest.approx((0.1 + 0.2) / 2)


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")

    def fail():
        with replacing(path) as aside:
            aside.write_text("half of the n")
            raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
