"""Tests of training.study and its page on the toy log."""

import json
import pathlib
import types

import numpy as np
import pytest

from tests.toy_log import toy_config, write_toy_log
from tfrec.config import load_config
from tfrec.errors import ConfigError, DataError, TrainingError
from tfrec.evaluation.evaluate import Evaluation
from tfrec.evaluation.interest import InterestEvaluation
from tfrec.evaluation.report import write_report
from tfrec.training.comparison import read_queries, write_queries
from training import study as studies
from training.study import (
    Cell,
    Study,
    cells,
    check_variants,
    read_study,
    run_study,
)

STUDIES = sorted(pathlib.Path(studies.__file__).parent.glob("studies/*.toml"))

STUDY = """
config = "toy.toml"
seeds = {seeds}
splits = {splits}
overrides = {overrides}

[variants]
"no scorers" = ["model.scorers=[]"]
"""
FACTS = {
    "seconds": {"choose": 2.0, "learn": 1.0},
    "best_epoch": 3,
    "peak_memory_mb": {"choose": 900.0, "learn": 800.0},
}


def judged(name, seed, has_cold):
    values = np.random.default_rng(seed).random(40)
    means, bounds = {"ndcg@10": values.mean()}, {"ndcg@10": (0.1, 0.9)}
    for other in ("recall@10", "mrr@10", "hit_rate@10"):
        means[other], bounds[other] = 0.5, (0.1, 0.9)
    users, per_query = np.repeat(np.arange(10), 4), {"ndcg@10": values}
    cold = Evaluation(name, per_query, users, means, bounds)
    slices = {"among cold items": cold} if has_cold else {}
    return Evaluation(name, per_query, users, means, bounds, {"coverage@10": 1}, slices)


def made_up_run(command, stdout, stderr):
    """Stands for the process that trains, beside `test_as_processes`."""
    config = load_config(command[3], [word for word in command[4:] if word != "--set"])
    folder = pathlib.Path(config.run.folder) / config.run.name
    how, seed = config.evaluation, config.train.seed + len(config.model.scorers)
    names = ["tfrec"] + ["popularity"] * how.baselines
    found = [judged(name, seed, how.split == "cold-items") for name in names]
    chances = {"tfrec": np.array([0.9, 0.2])}
    interest = InterestEvaluation(np.array([True, False]), np.arange(2), chances, True)
    details = {"training": FACTS}
    write_report(
        folder, found, title="toy", protocol={}, interest=interest, details=details
    )
    write_queries(folder, found)
    return types.SimpleNamespace(returncode=0)


def write_study(folder, seeds, splits, overrides):
    (folder / "toy.toml").write_text("")
    path = folder / "study.toml"
    filled = (json.dumps(each) for each in (seeds, splits, overrides))
    values = dict(zip(("seeds", "splits", "overrides"), filled, strict=True))
    path.write_text(STUDY.format(**values))
    return path


@pytest.fixture(scope="module")
def study_file(tmp_path_factory):
    """A study of eight runs."""
    folder = tmp_path_factory.mktemp("study")
    return write_study(folder, [1, 2], ["rolling", "cold-items"], ["data.folder=log"])


@pytest.fixture(scope="module")
def page(study_file):
    """`(folder, text)` of the finished study."""
    folder = study_file.parent / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies.subprocess, "run", made_up_run)
        return folder, run_study(study_file, folder).read_text()


def section(text, name):
    return text.split(f"## {name}\n")[1].split("\n## ")[0]


def test_rows(page):
    _, text = page
    for split in ("rolling", "cold-items"):
        part = section(text, split)
        assert part.startswith("\n| recommender")
        assert "| **tfrec** " in part
        assert "| no scorers " in part
        assert "| popularity " in part
    assert "among cold items" in section(text, "cold-items")
    assert "among cold items" not in section(text, "rolling")


def test_figures_are_means_over_seeds(page):
    folder, text = page
    figures = [
        next(iter(read_queries(folder / f"rolling.tfrec.{seed}").values.values()))
        for seed in (1, 2)
    ]
    line = next(part for part in text.splitlines() if part.startswith("| **tfrec**"))
    low, high = sorted(each.mean() for each in figures)
    assert f"| {np.mean(figures):.4f} (" in line
    assert f" {low:.4f} to {high:.4f} " in line


def test_only_the_first_run_of_a_split_has_baselines(page):
    folder, _ = page
    counts = {
        path.parent.name: len(json.loads(path.read_text())["models"])
        for path in folder.glob("*/report.json")
    }
    assert len(counts) == 8
    assert {name for name, count in counts.items() if count > 1} == {
        "rolling.tfrec.1",
        "cold-items.tfrec.1",
    }


def test_seeds_share_the_questions_and_not_the_weights(page):
    folder, _ = page
    one, two = (read_queries(folder / f"cold-items.tfrec.{seed}") for seed in (1, 2))
    assert (one.users == two.users).all()
    assert (one.values["tfrec"] != two.values["tfrec"]).any()


def test_a_run_that_is_there_is_not_repeated(page, study_file, monkeypatch):
    folder, text = page
    ran = []

    def watched(command, **streams):
        ran.append(command)
        return made_up_run(command, **streams)

    monkeypatch.setattr(studies.subprocess, "run", watched)
    (folder / "rolling.no-scorers.2" / "report.json").unlink()
    again = run_study(study_file, folder).read_text()
    assert len(ran) == 1
    assert len(again.splitlines()) == len(text.splitlines())


def test_other_questions_are_refused(page, study_file):
    folder, _ = page
    path = folder / "rolling.no-scorers.1" / "queries.npz"
    kept = path.read_bytes()
    try:
        np.savez(path, users=[1], names=["tfrec"], values=[[1.0]])
        with pytest.raises(DataError, match="must answer the same queries"):
            run_study(study_file, folder)
    finally:
        path.write_bytes(kept)


def test_a_failed_run_is_named(study_file, tmp_path, monkeypatch):
    failed = types.SimpleNamespace(returncode=3)
    monkeypatch.setattr(studies.subprocess, "run", lambda *args, **streams: failed)
    with pytest.raises(TrainingError, match=r"rolling.tfrec.1 failed with exit code 3"):
        run_study(study_file, tmp_path)


@pytest.mark.parametrize("text", ["", "config = 'a'\nseed = 3"])
def test_no_study(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="is no study"):
        read_study(path)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_variants_of_the_studies_in_the_repository(path):
    study = read_study(path)
    check_variants(study, path.parent / study.config)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.repeats=never", "must leave `data` and `evaluation` alone"),
        ("evaluation.max_queries=9", "must leave `data` and `evaluation` alone"),
        ("model.sparkle=1", "sparkle"),
    ],
)
def test_no_run_begins_for_a_wrong_variant(tmp_path, monkeypatch, override, message):
    path = write_study(tmp_path, [1], ["rolling"], [])
    path.write_text(path.read_text().replace("model.scorers=[]", override))
    monkeypatch.setattr(studies, "train_cell", None)
    with pytest.raises(ConfigError, match=message):
        run_study(path, tmp_path / "out")


def test_order_of_runs():
    study = Study(config="a", seeds=[1, 2], splits=["s"], variants={"no ids": []})
    assert cells(study) == [
        Cell("s", "tfrec", 1),
        Cell("s", "tfrec", 2),
        Cell("s", "no ids", 1),
        Cell("s", "no ids", 2),
    ]
    assert cells(study)[2].name == "s.no-ids.1"


@pytest.mark.slow
def test_as_processes(tmp_path):
    data = write_toy_log(tmp_path / "data")
    fast = ["model.text_encoder=none", "train.max_epochs=1"]
    path = write_study(tmp_path, [1], ["rolling"], [*toy_config(tmp_path, data), *fast])
    page = run_study(path, tmp_path / "out").read_text()
    assert "| no scorers " in page
    assert "| popularity " in page
