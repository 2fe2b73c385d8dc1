"""From log to answers by the programs alone, for logs and models of every kind."""

import dataclasses
import json
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.integration.tiny_bert import write_tiny_bert
from tests.toy_log import GENRES, toy_config, toy_events, write_toy_log
from tfrec.export.loaded import load

ROOT = pathlib.Path(__file__).parents[2]
CONFIG = "training/configs/default.toml"
TIMEOUT_S = 400
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
    flags: tuple = ()
    process: subprocess.Popen | None = None

    def start(self):
        settings = toy_config(self.folder, self.folder / "data", *self.overrides)
        options = [part for each in settings for part in ("--set", each)]
        command = [sys.executable, "-m", "training.train", CONFIG, *options]
        self.process = subprocess.Popen(
            [*command, *self.flags],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return self

    def finish(self, code=0):
        """What the program printed, once it has ended with `code`."""
        out, words = self.process.communicate(timeout=TIMEOUT_S)
        assert self.process.returncode == code, words[-3000:]
        return out

    @property
    def report(self):
        return json.loads((self.folder / "runs" / "toy" / "report.json").read_text())

    @property
    def model(self):
        return load(self.folder / "saved_models" / "toy")


@pytest.fixture(scope="module")
def roads(tmp_path_factory):
    """Name -> finished `Road`; they run at the same time."""
    base = tmp_path_factory.mktemp("roads")
    words = {word for about in GENRES.values() for word in about.split()}
    bert = f"text.preset={write_tiny_bert(base / 'bert', sorted(words))}"
    kinds = {
        "bert and attention": (
            {"suffix": "csv"},
            ("model.text_encoder=bert", bert, "train.refit=all"),
        ),
        "bert and lstm": (
            {"suffix": "jsonl", "with_skips": True},
            (
                "model.text_encoder=bert",
                bert,
                "text.trainable_layers=1",
                "model.history_encoder=lstm",
                'data.negative=["skip"]',
                "evaluation.test_fraction=0.3",
            ),
        ),
        "no items": (
            {"with_items": False},
            ("model.text_encoder=bert", bert),
        ),
    }
    started = {}
    for name, (log, overrides) in kinds.items():
        folder = base / name.replace(" ", "-")
        write_toy_log(folder / "data", **log)
        started[name] = Road(folder, (*SHORT, *overrides)).start()
    for road in started.values():
        road.printed = road.finish()
    return started


KINDS = ("bert and attention", "bert and lstm", "no items")


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
        ids, scores, probabilities = roads[kind].model.recommend(histories, k=5)
        assert ids.shape == (3, 5)
        assert (ids != "").all()
        assert np.isfinite(scores).all()
        assert ((probabilities > 0) & (probabilities < 1)).all()
        for row, history in zip(ids, histories, strict=True):
            assert len(set(row)) == 5
            assert not set(row) & set(history)


def test_duplicate_free_counts(roads):
    facts = roads["bert and attention"].report["details"]["data"]
    assert facts["events"] == len(toy_events())
    assert facts["duplicates_removed"] == 0
    assert (facts["users"], facts["items"]) == (120, 60)


def test_text_cache_spares_the_second_reading(roads):
    """A frozen tower reads each text once; the other two stages find it."""
    cache = roads["bert and attention"].report["details"]["training"]["text_cache"]
    assert cache["misses"] > 0
    assert cache["hits"] >= 2 * cache["misses"]


def test_explicit_negatives_are_what_the_probabilities_are_about(roads):
    report = roads["bert and lstm"].report
    events = toy_events(with_skips=True).sort_values("timestamp", kind="stable")
    cut = events["timestamp"].iloc[-round(0.3 * len(events))]
    late = events[events["timestamp"] >= cut]
    assert report["interest"]["num_examples"] == len(late)
    # The mean of the reliability diagram is the share of events that are no skips.
    points = report["interest"]["reliability"]
    share = np.average(points["observed"], weights=points["counts"])
    np.testing.assert_allclose(share, (late["event"] != "skip").mean(), atol=1e-6)


def test_without_items_titles_are_empty(roads):
    folder = roads["no items"].model.folder
    manifest = json.loads((folder / "assets.extra" / "manifest.json").read_text())
    assert manifest["num_items"] == toy_events()["item_id"].nunique()


@pytest.mark.slow
def test_lstm_and_lstm(tmp_path):
    """The fourth pair of encoders; the fixture `trained` is lstm and attention."""
    write_toy_log(tmp_path / "data")
    road = Road(tmp_path, (*SHORT, "model.history_encoder=lstm")).start()
    road.finish()
    ids, *_ = road.model.recommend([["space-01"]], k=5)
    assert (ids != "").all()


@pytest.mark.slow
def test_minilm(tmp_path):
    write_toy_log(tmp_path / "data")
    road = Road(tmp_path, (*SHORT, "model.text_encoder=bert")).start()
    road.finish()
    ids, *_ = road.model.recommend([["space-01"]], k=5)
    assert (ids != "").all()


@pytest.mark.slow
def test_the_program_killed_and_resumed_reports_the_same(tmp_path):
    """SIGKILL once the second stage has begun; the first one is not learnt again."""
    overrides = (*SHORT, "model.text_encoder=none", "train.deterministic=true")
    whole, killed = (Road(tmp_path / name, overrides) for name in ("whole", "killed"))
    for road in (whole, killed):
        write_toy_log(road.folder / "data")
    killed.start()
    sign = killed.folder / "runs" / "toy" / "test" / "tensorboard"
    while not sign.exists():
        assert killed.process.poll() is None, killed.process.stderr.read()
        time.sleep(0.05)
    killed.process.send_signal(signal.SIGKILL)
    killed.finish(-signal.SIGKILL)
    assert not (killed.folder / "saved_models").exists()
    killed.flags = ("--resume",)
    killed.start().finish()
    whole.start().finish()
    assert killed.report["models"] == whole.report["models"]
    assert killed.report["interest"] == whole.report["interest"]
    assert killed.report["history"] == whole.report["history"]
