"""From log to answers by the programs alone, for logs and models of every kind."""

import dataclasses
import json
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from tests.integration.tiny_bert import write_tiny_bert
from tests.serving.server_process import serving
from tests.toy_log import GENRES, NUM_USERS, toy_config, toy_events, write_toy_log
from tfrec.client.client import RecommenderClient
from tfrec.export.loaded import load

pytestmark = pytest.mark.slow  # two trainings in processes of their own

ROOT = pathlib.Path(__file__).parents[2]
CONFIG = "training/configs/default.toml"
TIMEOUT_S = 900
WORDS = sorted({word for about in GENRES.values() for word in about.split()})
SHORT = (
    "train.max_epochs=1",
    "train.refit=train",
    "evaluation.baselines=false",
    "evaluation.bootstrap_samples=10",
)


@dataclasses.dataclass
class Road:
    """One run of `python -m training.train` in a process of its own."""

    folder: pathlib.Path
    overrides: tuple

    def start(self, *flags):
        """The process; what it prints goes to `printed.txt`."""
        settings = toy_config(self.folder, self.folder / "data", *self.overrides)
        options = [part for each in settings for part in ("--set", each)]
        command = [sys.executable, "-m", "training.train", CONFIG, *options, *flags]
        with open(self.folder / "printed.txt", "w", encoding="utf-8") as file:
            return subprocess.Popen(
                command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT
            )

    @property
    def printed(self):
        return (self.folder / "printed.txt").read_text()

    @property
    def report(self):
        return json.loads((self.folder / "runs" / "toy" / "report.json").read_text())

    @property
    def model(self):
        return load(self.folder / "saved_models" / "toy")


def run_all(*roads, flags=()):
    """Runs some roads at the same time, and sees to it that they arrive."""
    processes = [road.start(*flags) for road in roads]
    try:
        for road, process in zip(roads, processes, strict=True):
            assert process.wait(TIMEOUT_S) == 0, road.printed[-3000:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    """Name -> finished `Road`."""
    base = tmp_path_factory.mktemp("roads")
    preset = f"text.preset={write_tiny_bert(base / 'bert', WORDS)}"
    bert = (*SHORT, "model.text_encoder=bert", preset)
    negatives = (
        "model.history_encoder=lstm",
        "train.refit=all",
        'data.negative=["skip"]',
        "evaluation.test_fraction=0.3",
    )
    found = {
        "skips": Road(base / "skips", (*bert, *negatives)),
        "no items": Road(base / "no-items", bert),
    }
    write_toy_log(base / "skips" / "data", "csv", with_skips=True)
    write_toy_log(base / "no-items" / "data", "jsonl", with_items=False)
    run_all(*found.values())
    return found


KINDS = ("skips", "no items")


@pytest.mark.parametrize("kind", KINDS)
class TestEveryRoad:
    def test_writes_report_and_figures(self, roads, kind):
        folder = roads[kind].folder / "runs" / "toy"
        report = roads[kind].report
        assert "NDCG@10" in (folder / "report.md").read_text()
        assert set(report["figures"]) == {"metric", "reliability", "training"}
        for figure in report["figures"].values():
            assert (folder / figure).read_bytes().startswith(b"\x89PNG")
        assert list(folder.glob("choose/tensorboard/events*"))

    def test_says_where_everything_is(self, roads, kind):
        printed = "".join(roads[kind].printed.split())
        for path in ("runs/toy/report.md", "saved_models/toy/1"):
            assert str(roads[kind].folder / path) in printed

    def test_publishes_one_whole_version(self, roads, kind):
        folder = roads[kind].folder / "saved_models"
        assert [path.name for path in folder.iterdir()] == ["toy"]
        assert [path.name for path in (folder / "toy").iterdir()] == ["1"]
        assert (folder / "toy" / "1" / "saved_model.pb").exists()

    def test_answers(self, roads, kind):
        histories = [["space-01", "space-02"], ["océan-03", "garden-00"], []]
        found = roads[kind].model.recommend(histories, k=5)
        assert found["rank"].tolist() == [*range(1, 6)] * 3
        assert np.isfinite(found["score"]).all()
        assert found["probability"].between(0, 1, inclusive="neither").all()
        for query, ids in found.groupby("query")["item_id"]:
            assert ids.is_unique
            assert not {*ids} & {*histories[query]}


def test_text_cache_spares_the_second_reading(roads):
    """A frozen tower reads each text once; the two later stages find it."""
    cache = roads["skips"].report["details"]["training"]["text_cache"]
    # 60 items; profiles of two genres, and "".
    assert cache["misses"] == 60 + 3
    assert cache["hits"] == 2 * cache["misses"]


def test_few_explicit_negatives_leave_the_zeros_to_drawn_items(roads):
    """Validation has fewer than 100 skips, so neither part is judged on them."""
    interest = roads["skips"].report["interest"]
    assert interest["zeros"] == "drawn at random"
    points = interest["reliability"]
    share = np.average(points["observed"], weights=points["counts"])
    np.testing.assert_allclose(share, 0.5, atol=1e-6)  # one for each positive


def test_a_log_without_items_knows_those_it_met(roads):
    folder = roads["no items"].model.folder
    manifest = json.loads((folder / "assets.extra" / "manifest.json").read_text())
    assert manifest["num_items"] == toy_events()["item_id"].nunique()
    facts = roads["no items"].report["details"]["data"]
    assert (facts["events"], facts["users"]) == (len(toy_events()), NUM_USERS)


@pytest.mark.parametrize(
    "overrides",
    [("model.history_encoder=lstm",), ("model.text_encoder=bert",)],
    ids=["lstm and lstm", "minilm and attention"],
)
def test_other_pairs_of_encoders(tmp_path, overrides):
    """The fixture `trained` is lstm and attention."""
    write_toy_log(tmp_path / "data")
    road = Road(tmp_path, (*SHORT, *overrides))
    run_all(road)
    assert len(road.model.recommend([["space-01"]], k=5)) == 5


def test_vectors_that_came_with_the_items(tmp_path):
    path = write_toy_log(tmp_path / "data") / "items.parquet"
    items = pd.read_parquet(path)
    genres = items["category"].str.partition("|")[0].rank(method="dense") - 1
    items["vector"] = [np.eye(4)[int(genre)] for genre in genres]
    items.to_parquet(path)
    road = Road(tmp_path, (*SHORT, "model.text_encoder=precomputed"))
    run_all(road)
    assert road.report["details"]["texts"]["encoder"] == "precomputed"
    assert len(road.model.recommend([[]], query_text="stars", k=5)) == 5


@pytest.mark.parametrize("learns_text", [False, True])
def test_the_program_killed_and_resumed_reports_the_same(tmp_path, learns_text):
    """SIGKILL once the second stage has begun; the first one is not learnt again."""
    overrides = (*SHORT, "model.text_encoder=none", "train.deterministic=true")
    if learns_text:
        preset = write_tiny_bert(tmp_path / "bert", WORDS, num_layers=3)
        own = (f"text.preset={preset}", "text.trainable_layers=2")
        overrides = (*overrides, "model.text_encoder=bert", *own)
    whole, killed = (Road(tmp_path / name, overrides) for name in ("whole", "killed"))
    for road in (whole, killed):
        write_toy_log(road.folder / "data")
    process = killed.start()
    sign = killed.folder / "runs" / "toy" / "test" / "tensorboard"
    while not sign.exists():
        assert process.poll() is None, killed.printed[-3000:]
        time.sleep(0.05)
    process.kill()
    assert process.wait(TIMEOUT_S) == -signal.SIGKILL
    assert not (killed.folder / "saved_models").exists()
    run_all(killed, flags=["--resume"])
    run_all(whole)
    for part in ("models", "interest", "history"):
        assert killed.report[part] == whole.report[part]
    folder = killed.folder / "saved_models" / "toy"
    with serving("--model_name=toy", f"--model_base_path={folder}") as server:
        client = RecommenderClient(server.target, "toy")
        found = [each.item_id for each in client.recommend(query_text="stars", k=5)]
    expected = killed.model.recommend([[]], query_text="stars", k=5)
    assert found == list(expected["item_id"])
