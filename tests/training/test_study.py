"""Tests of training.study and its page on the toy log."""

import json

import numpy as np
import pytest

from tests.toy_log import toy_config, write_toy_log
from tfrec.config import load_config
from tfrec.errors import ConfigError, DataError, TrainingError
from training import run as program
from training import study as studies
from training.comparison import read_queries
from training.study import Cell, Study, cells, read_study, run_study

FAST = ["model.text_encoder=none", "train.max_epochs=1"]
STUDY = """
config = "toy.toml"
seeds = [1, 2]
splits = ["rolling", "cold-items"]
overrides = {overrides}

[variants]
"no blocks" = ["model.blocks=[]"]
"""


def in_this_process(command, stdout, stderr):
    """Stands for `subprocess.run`: starting TensorFlow eight times takes minutes."""
    overrides = [word for word in command[4:] if word != "--set"]
    program.run(load_config(command[3], overrides))
    return type("Done", (), {"returncode": 0})


@pytest.fixture(scope="module")
def study_file(tmp_path_factory):
    """A study of eight runs on the toy log."""
    folder = tmp_path_factory.mktemp("study")
    data = write_toy_log(folder / "data")
    overrides = [*toy_config(folder, data), *FAST]
    (folder / "toy.toml").write_text("")
    (folder / "study.toml").write_text(STUDY.format(overrides=json.dumps(overrides)))
    return folder / "study.toml"


@pytest.fixture(scope="module")
def page(study_file):
    """`(folder, text)` of the finished study."""
    folder = study_file.parent / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(studies.subprocess, "run", in_this_process)
        return folder, run_study(study_file, folder).read_text()


def section(text, name):
    return text.split(f"## {name}\n")[1].split("\n## ")[0]


def test_rows(page):
    _, text = page
    for split in ("rolling", "cold-items"):
        part = section(text, split)
        assert part.startswith("\n| recommender")
        assert "| **tfrec** " in part
        assert "| no blocks " in part
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
        return in_this_process(command, **streams)

    monkeypatch.setattr(studies.subprocess, "run", watched)
    (folder / "rolling.no-blocks.2" / "report.json").unlink()
    again = run_study(study_file, folder).read_text()
    assert len(ran) == 1
    assert len(again.splitlines()) == len(text.splitlines())


def test_other_questions_are_refused(page, study_file):
    folder, _ = page
    path = folder / "rolling.no-blocks.1" / "queries.npz"
    kept = path.read_bytes()
    try:
        np.savez(path, users=[1], names=["tfrec"], values=[[1.0]])
        with pytest.raises(DataError, match="must answer the same queries"):
            run_study(study_file, folder)
    finally:
        path.write_bytes(kept)


def test_a_failed_run_is_named(study_file, tmp_path, monkeypatch):
    failed = type("Done", (), {"returncode": 3})
    monkeypatch.setattr(studies.subprocess, "run", lambda *args, **streams: failed)
    with pytest.raises(TrainingError, match=r"rolling.tfrec.1 failed with exit code 3"):
        run_study(study_file, tmp_path)


@pytest.mark.parametrize("text", ["seeds = [", "", "config = 'a'\nseed = 3"])
def test_no_study(tmp_path, text):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="is no study"):
        read_study(path)


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
def test_as_processes(study_file, tmp_path):
    text = study_file.read_text().replace("[1, 2]", "[1]").replace(', "cold-items"', "")
    path = study_file.parent / "one.toml"
    path.write_text(text)
    assert "| no blocks " in run_study(path, tmp_path / "out").read_text()
