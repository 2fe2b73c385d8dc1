"""Tests of training.tune."""

import math
import re

import pytest

from tests.toy_log import toy_config, write_toy_log
from tfrec.config import load_config
from training.tune import SPACE, search, to_toml, tune


def objective(config, watch):
    """Best at a learning rate of 0.003 and a dropout of 0.2; made up."""
    train, model = config.train, config.model
    distance = abs(math.log(train.learning_rate / 0.003)) + abs(model.dropout - 0.2)
    for epoch in range(5):
        watch(0.2 * epoch / (1 + distance))
    return 1 / (1 + distance)


@pytest.fixture
def config(tmp_path):
    overrides = [f"run.folder={tmp_path}", "run.name=toy", "model.dropout=0.45"]
    return load_config(overrides=overrides)


def test_begins_with_the_configuration_itself(config):
    asked = []

    def watched(config, watch):
        asked.append(config)
        return 1.0

    best, metric = search(config, 1, watched)
    assert asked == [config]
    assert (best, metric) == (config, 1.0)


def test_finds_better_settings_and_goes_on(config):
    first, so_far = search(config, 12, objective)
    assert so_far > objective(config, lambda metric: None)
    best, metric = search(config, 12, objective)
    assert metric >= so_far
    assert objective(best, lambda metric: None) == metric
    low, high = SPACE["train.learning_rate"]
    assert low <= best.train.learning_rate <= high
    assert best.train.seed == config.train.seed


def test_hopeless_trials_end_early(config):
    lengths = []

    def counted(config, watch):
        seen = []
        lengths.append(seen)
        return objective(config, lambda metric: (seen.append(metric), watch(metric)))

    search(config, 12, counted)
    assert {len(seen) for seen in lengths} > {5}


def test_what_is_written_can_be_read(config, tmp_path):
    best, _ = search(config, 3, objective)
    path = tmp_path / "tuned.toml"
    path.write_text(to_toml(best))
    assert load_config(path) == best


@pytest.mark.slow
def test_on_the_toy_log(tmp_path, capsys):
    data = write_toy_log(tmp_path / "data")
    fast = ("model.text_encoder=none", "train.max_epochs=1", "run.name=tuned")
    path = tmp_path / "toy.toml"
    path.write_text(to_toml(load_config(overrides=toy_config(tmp_path, data, *fast))))
    for _ in range(2):
        tune(path, trials=1)
    words = capsys.readouterr().out
    assert len(re.findall(r"NDCG@10 0\.\d+ on validation", words)) == 2
    tuned = load_config(tmp_path / "runs" / "tuned" / "tuned.toml")
    assert tuned.data.folder == str(data)
