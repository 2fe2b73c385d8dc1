"""Tests of tfrec.evaluation.drift and of its program."""

import json

import numpy as np
import pandas as pd
import pytest

from tests.serving.programs import run_program
from tfrec.errors import DataError
from tfrec.evaluation.drift import DriftLog, distance, drift
from training.drift import main


def log(size, seed=0, *, first=0, start=0, kind="view", title="film"):
    """Events of 50 users with 20 items, in the categories x and y."""
    rng = np.random.default_rng(seed)
    items = first + rng.integers(0, 20, size)
    frame = pd.DataFrame(
        {
            "user_id": [f"u{n}" for n in rng.integers(0, 50, size)],
            "item_id": [f"i{n}" for n in items],
            "event": kind,
            "timestamp": start + np.arange(size),
            "text": "",
        }
    )
    ids = [f"i{n}" for n in range(60)]
    categories = {each: "x" if n % 2 else "x|y" for n, each in enumerate(ids)}
    return DriftLog(frame, categories, {each: f"{title} {each}" for each in ids})


def test_distances():
    assert distance(np.array([1, 1, 0]), np.array([2, 2, 0])) == 0
    assert distance(np.array([1, 0]), np.array([0, 3])) == pytest.approx(1)
    half = distance(np.array([1.0, 0.0]), np.array([0.5, 0.5]))
    # By hand: 1/2 log2(4/3) + 1/2 (1/2 log2(2/3) + 1/2 log2 2).
    expected = 0.5 * np.log2(4 / 3) + 0.25 * np.log2(2 / 3) + 0.25
    assert half == pytest.approx(np.sqrt(expected))


def test_the_same_people_do_the_same():
    found = drift(log(3000), log(1000, seed=1, start=9000))
    assert not any(shift.is_clear for shift in found.shifts.values())
    assert found.unknown == {"events with unknown items": 0, "people": 0, "words": 0}
    assert found.sizes["events"] == (3000, 1000)


def test_other_items_are_a_drift():
    now = log(1000, seed=1, first=10, start=9000)
    found = drift(log(3000), now)
    items = found.shifts["items"]
    assert items.is_clear
    assert items.distance > 0.5
    assert 0.4 < found.unknown["events with unknown items"] < 0.6
    assert not found.shifts["categories"].is_clear
    assert not found.shifts["kinds of events"].is_clear
    assert len(items.moved) == 5
    now_gone = {name: pair for name, pair in items.moved.items() if pair[1] == 0}
    assert all(int(name[1:]) < 10 for name in now_gone)


def test_other_kinds_words_and_people():
    now = log(1000, seed=1, start=9000, kind="buy", title="电影")
    now.events["user_id"] = now.events["user_id"].where(
        now.events.index % 2 == 0, "new " + now.events["user_id"]
    )
    now.events.loc[0, "text"] = "Something unheard"
    found = drift(log(3000), now)
    assert found.shifts["kinds of events"].distance == pytest.approx(1)
    assert found.unknown["people"] == pytest.approx(0.5, abs=0.05)
    # Of each title two Han letters and no known word but its number's letter `i`.
    assert found.unknown["words"] == pytest.approx(42 / 62)


def test_a_log_that_drifts_always_is_as_usual():
    """Every event has an item of its own time: the end differs from the beginning."""
    before = log(4000)
    before.events["item_id"] = [f"i{n // 100}" for n in range(4000)]
    now = log(1000, start=9000)
    now.events["item_id"] = [f"i{40 + n // 100}" for n in range(1000)]
    items = drift(before, now).shifts["items"]
    assert items.usual == pytest.approx(1)
    assert not items.is_clear


def test_logs_that_are_too_small():
    with pytest.raises(DataError, match="at least 100 events.*Received: 99"):
        drift(log(1000), log(99))
    with pytest.raises(DataError, match="The training log must have"):
        drift(log(5), log(1000))
    empty = DriftLog(log(1000).events.assign(item_id=""), {}, {})
    found = drift(empty, empty)
    assert found.shifts["items"].distance == 0
    assert found.unknown["events with unknown items"] == 0


def test_the_program(tmp_path, monkeypatch, capsys):
    for name, made in (("old", log(600)), ("new", log(300, seed=1, first=10))):
        (tmp_path / name).mkdir()
        made.events.drop(columns="text").to_csv(
            tmp_path / name / "events.csv", index=False
        )
    config = tmp_path / "config.toml"
    config.write_text(f'[data]\nfolder = "{tmp_path / "old"}"\n')
    out = tmp_path / "drift.json"
    flags = [config, "--now", tmp_path / "new", "--out", out]
    assert run_program(monkeypatch, main, *flags) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "changed" in words
    assert "Most changed items: " in words
    assert "Unknown to training: " in words
    found = json.loads(out.read_text())
    assert found["shifts"]["items"]["is_clear"]
    assert found["sizes"]["events"] == [600, 300]
