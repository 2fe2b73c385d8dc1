"""Tests of tfrec.config."""

import dataclasses
import json
import pathlib
import re

import pytest

from tfrec.config import Config, from_dict, load_config, to_json
from tfrec.errors import ConfigError

CONFIGS = pathlib.Path(__file__).parents[1] / "training" / "configs"


def test_override_beats_file_beats_default(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[train]\nmax_epochs = 3\nbatch_size = 8\n")
    config = load_config(path, ["train.max_epochs=5", "model.text_encoder=lstm"])
    assert (config.train.max_epochs, config.train.batch_size) == (5, 8)
    assert (config.model.text_encoder, config.train.seed) == ("lstm", 42)


def test_overrides_are_toml_values_or_bare_words():
    config = load_config(
        overrides=[
            'data.positive=["rating>=4"]',
            "train.learning_rate=1",
            "train.deterministic=true",
            "run.name=a=b",
        ]
    )
    assert config.data.positive == ["rating>=4"]
    assert config.train.learning_rate == 1.0
    assert type(config.train.learning_rate) is float
    assert config.train.deterministic is True
    assert config.run.name == "a=b"


def test_stored_form_gives_the_same_config_back():
    config = load_config(overrides=["train.seed=7", "model.scorers=[]"])
    assert from_dict(json.loads(to_json(config))) == config
    assert from_dict(dataclasses.asdict(config)) == config


def test_a_stored_form_without_newer_keys_has_their_defaults():
    stored = dataclasses.asdict(load_config(overrides=["train.seed=7"]))
    del stored["linear"], stored["model"]["new_item_cost"]
    assert from_dict(stored) == load_config(overrides=["train.seed=7"])


def test_default_lists_are_not_shared():
    Config().data.positive.append("view")
    assert Config().data.positive == []


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda p: p.name)
def test_shipped_configurations_are_valid(path):
    assert load_config(path).run.name


def test_fixed_keys_are_there():
    overrides = [
        "data.folder=log",
        "run.name=shop",
        "run.folder=runs",
        "export.folder=models",
        "export.index=scann",
        "model.text_encoder=none",
        "model.history_encoder=lstm",
    ]
    config = load_config(CONFIGS / "default.toml", overrides)
    found = (config.data.folder, config.run.name, config.export.index)
    assert found == ("log", "shop", "scann")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "train.max_epoch=3",
            "Unknown key `train.max_epoch`. Did you mean `max_epochs`?",
        ),
        ("trian.seed=3", "Unknown section `trian`. Did you mean `train`?"),
        ("train.zzz=3", "Unknown key `train.zzz`. Known: batch_size, "),
        ("train.seed=3.5", "`train.seed` must be int. Received: 3.5 (float)."),
        ("train.seed=true", "`train.seed` must be int. Received: True (bool)."),
        ("train.batch_size=1", "`train.batch_size` must be at least 2"),
        ("model.half_life_days=-1", "`model.half_life_days` must be at least 0"),
        ("model.half_life_days=inf", "must be at least 0 and finite. Received: inf."),
        ("model.half_life_days=nan", "must be at least 0 and finite. Received: nan."),
        ("model.half_life_days=week", "`model.half_life_days` must be float"),
        ("model.temperature=0", "must be positive, because scores are divided by it"),
        ("model.embedding_dim=63", "`model.embedding_dim` must be a multiple of heads"),
        (
            'model.scorers=["lexicl"]',
            "`model.scorers` must be some of item_to_item, bm25, popularity, rating",
        ),
        ("model.dropout=1.0", "`model.dropout` must be at least 0 and below 1"),
        ("linear.ease_ridge=0", "`linear.ease_ridge` must be positive and finite"),
        ("linear.text_ridge=inf", "`linear.text_ridge` must be positive and finite"),
        ("linear.logistic_l2=nan", "`linear.logistic_l2` must be positive and finite"),
        ("linear.bm25_k1=-0.1", "`linear.bm25_k1` must be at least 0 and finite"),
        ("linear.bm25_b=1.5", "`linear.bm25_b` must be between 0 and 1"),
        ("text.max_length=2", "at least 3: [CLS], a word and [SEP]"),
        ("evaluation.test_fraction=1.0", "between 0 and 1, both excluded"),
        (
            "export.index=fast",
            "`export.index` must be one of auto, none, exact, scann.",
        ),
        ("train.seed", "An override must read `section.key=value`."),
        ("seed=3", "An override must read `section.key=value`."),
    ],
)
def test_errors_name_the_key(override, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_config(overrides=[override])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"must be a TOML file\. Received: .*none"):
        load_config(tmp_path / "none.toml")


def test_a_file_that_is_not_toml(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[train\n")
    with pytest.raises(ConfigError, match=r"run\.toml is not valid TOML"):
        load_config(path)


def test_a_section_that_is_a_value(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("train = 3\n")
    with pytest.raises(ConfigError, match="`train` must be a section. Received: 3."):
        load_config(path)
