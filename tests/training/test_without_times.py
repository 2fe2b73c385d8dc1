"""Tests of a whole run on a log without times: from CSV to answers."""

import json
import logging
import pathlib

import numpy as np
import pandas as pd
import pytest

import tfrec
from serving.batch_score import main as batch_score
from tests.serving.programs import run_program
from tests.toy_log import toy_config, toy_events, toy_items
from tfrec.config import load_config
from tfrec.training.run import run
from training.freshness import main as freshness
from training.train import main as train

CONFIG = pathlib.Path(__file__).parents[2] / "training" / "configs" / "default.toml"
LOG = toy_events().drop(columns="timestamp")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a log that is a table of users and items, a training and its model."""
    folder = tmp_path_factory.mktemp("untimed")
    (folder / "data").mkdir()
    LOG.drop(columns="event").to_csv(folder / "data" / "events.csv", index=False)
    toy_items().to_csv(folder / "data" / "items.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def done(folder):
    """What the run gave, and its log lines."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("tfrec")
    logger.addHandler(handler)
    small = ["model.text_encoder=none", "train.max_epochs=1", "train.refit=train"]
    small += ["model.scorers=['item_to_item']", "evaluation.baselines=false"]
    result = run(load_config(overrides=toy_config(folder, folder / "data", *small)))
    logger.removeHandler(handler)
    return result, lines


def test_one_line_says_what_is_lost(done):
    found = [line for line in done[1] if "time" in line]
    assert found == [
        "No event has a time. The model learns which items go together, and nothing of "
        "order, recency and what comes next; it is evaluated on events of each user "
        "held out at random. If a column has the times, map it with `data.columns`."
    ]


def test_report_and_manifest_say_it(done):
    report, (model,) = done[0].report, done[0].models
    assert report["details"]["data"]["has_times"] is False
    assert report["protocol"]["split"] == "random"
    assert report["protocol"]["cut"] == "none"
    assert report["protocol"]["question"].startswith("No event has a time.")
    assert report["details"]["training"]["learns_order"] is False
    assert report["protocol"]["num_users_asked"] > 100
    page = (done[0].folder / "report.md").read_text(encoding="utf-8")
    assert "- split: random\n- cut: none\n- question: No event has a time." in page
    manifest = json.loads((model / "assets.extra" / "manifest.json").read_text())
    assert manifest["has_times"] is False
    assert manifest["config"]["evaluation"]["split"] == "random"


def test_it_has_learnt_the_tastes(done):
    """By chance, the mean recall at 10 of 45 unknown items is 10 / 45."""
    (ours,) = done[0].report["models"]
    assert ours["metrics"]["recall@10"]["mean"] > 2 * 10 / 45


def test_served_answers_do_not_depend_on_order_and_times(done):
    model = tfrec.load(done[0].models[0])
    items = LOG.loc[LOG["user_id"] == "u003", "item_id"].tolist()
    timed = [
        (item, "view", 1.0, 1_700_000_000 + 99 * n) for n, item in enumerate(items)
    ]
    found = model.recommend([items, items[::-1], timed, timed[::-1]], k=10)
    lists = [frame["item_id"].tolist() for _, frame in found.groupby("query")]
    assert len(lists[0]) == 10
    assert lists[1:] == [lists[0]] * 3
    chances = found["probability"].to_numpy().reshape(4, 10)
    np.testing.assert_allclose(chances[1:], chances[[0] * 3], atol=1e-5)


@pytest.mark.parametrize("queries", [None, ["u003", "u007"]])
def test_batch_scoring(done, folder, tmp_path, monkeypatch, queries):
    """All that a user did is the history, whoever is asked for."""
    arguments = ["--model", done[0].models[0], "--k", 5, "--out", tmp_path / "out.csv"]
    if queries:
        table = pd.DataFrame({"query_id": queries, "user_id": queries})
        table.to_csv(tmp_path / "queries.csv", index=False)
        arguments += ["--queries", tmp_path / "queries.csv"]
    events = folder / "data" / "events.csv"
    assert run_program(monkeypatch, batch_score, "--events", events, *arguments) == 0
    found = pd.read_csv(tmp_path / "out.csv").groupby("user_id")["item_id"].agg(list)
    assert sorted(found.index) == (queries or sorted(set(LOG["user_id"])))
    items = LOG.loc[LOG["user_id"] == "u007", "item_id"].tolist()
    expected = tfrec.load(done[0].models[0]).recommend([items], k=5)
    assert found["u007"] == expected["item_id"].tolist()


@pytest.mark.parametrize("name", ["rolling", "global", "leave-last-out", "cold-items"])
def test_other_splits_are_refused(folder, tmp_path, monkeypatch, capsys, name):
    settings = toy_config(tmp_path, folder / "data", f"evaluation.split={name}")
    options = [part for each in settings for part in ("--set", each)]
    assert run_program(monkeypatch, train, CONFIG, *options) == 1
    words = " ".join(capsys.readouterr().err.split())
    assert (
        '`evaluation.split` must be "random", because no event of the log has a time. '
        f'Received: "{name}"'
    ) in words


def test_freshness_needs_times(folder, tmp_path, monkeypatch, capsys):
    settings = toy_config(tmp_path, folder / "data")
    options = [part for each in settings for part in ("--set", each)]
    where = ("--model", tmp_path, "--out", tmp_path / "out")
    assert run_program(monkeypatch, freshness, CONFIG, *where, *options) == 1
    assert "no event of the log has a time" in " ".join(capsys.readouterr().err.split())


def test_times_under_another_name_are_refused(tmp_path, monkeypatch, capsys):
    (tmp_path / "data").mkdir()
    frame = toy_events().rename(columns={"timestamp": "time_stmp"})
    frame.to_csv(tmp_path / "data" / "events.csv", index=False)
    options = [
        part for e in toy_config(tmp_path, tmp_path / "data") for part in ("--set", e)
    ]
    assert run_program(monkeypatch, train, CONFIG, *options) == 1
    words = " ".join(capsys.readouterr().err.split())
    assert "Did you mean `time_stmp`?" in words
