"""Tests of tfrec.text.bert."""

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.contracts.text_encoder import TEXTS, TextEncoderContract
from tests.text.slow_bert import slow_bert, unit_mean
from tfrec.errors import ConfigError
from tfrec.text.bert import BertEncoder
from tfrec.text.bert_preset import minilm_folder
from tfrec.text.vocabulary import learn_vocabulary

SENTENCES = [
    "A 24-year-old man, works as a technician.",
    "",
    "Café Ünder — 東京, naïve",
]


def make_tiny(trainable_layers=-1, **kwargs):
    keras.utils.set_random_seed(0)
    vocabulary = learn_vocabulary(TEXTS * 9, 60)
    encoder = BertEncoder(
        {"vocabulary": vocabulary, "max_length": 8},
        len(vocabulary),
        num_layers=3,
        num_heads=2,
        dim=8,
        intermediate_dim=16,
        trainable_layers=trainable_layers,
        **kwargs,
    )
    rng = np.random.default_rng(0)
    weights = encoder.get_weights()
    encoder.set_weights([w + rng.normal(scale=0.3, size=w.shape) for w in weights])
    return encoder


class TestBertEncoder(TextEncoderContract):
    def make_encoder(self):
        return make_tiny()


@pytest.fixture(scope="module")
def minilm():
    encoder = BertEncoder.from_preset("minilm")
    assert encoder.trainable_layers == 0
    return encoder


def test_minilm_equals_the_original(minilm):
    """Approximate GELU is off by 3.5e-4, a forgotten mask by far more."""
    weights = load_file(minilm_folder() / "model.safetensors")
    vocabulary = (minilm_folder() / "vocab.txt").read_text("utf-8").split("\n")
    words = [
        "a 24 - year - old man , works as a technician .",
        "",
        "cafe under — 東 京 , naive",
    ]
    expected = []
    for text in words:
        pieces = ["[CLS]", *text.split(), "[SEP]"]
        tokens = [vocabulary.index(piece) for piece in pieces]
        expected.append(unit_mean(slow_bert(tokens, weights)))
    assert np.abs(minilm(SENTENCES) - np.array(expected)).max() < 1e-5


def test_minilm_knows_what_is_alike(minilm):
    love, romance, ship = minilm(
        ["Love letters in Paris", "A romantic comedy", "A starship's crew"]
    ).numpy()
    assert love @ romance > love @ ship + 0.2


def test_minilm_is_frozen(minilm):
    assert not minilm.is_trainable
    assert minilm.trainable_variables == []
    np.testing.assert_array_equal(minilm(TEXTS, training=True), minilm(TEXTS))


# === What learns ===


@pytest.mark.parametrize(
    ("trainable_layers", "blocks"), [(0, []), (1, [2]), (2, [1, 2])]
)
def test_only_the_last_blocks_learn(trainable_layers, blocks):
    encoder = make_tiny(trainable_layers)
    expected = [v.path for i in blocks for v in encoder.blocks[i].weights]
    assert [v.path for v in encoder.trainable_variables] == expected
    assert encoder.is_trainable == bool(blocks)


def test_everything_learns():
    encoder = make_tiny(-1)
    assert len(encoder.trainable_variables) == len(encoder.weights)


def test_dropout_acts_only_where_something_learns():
    frozen, learning = make_tiny(0, dropout=0.5), make_tiny(1, dropout=0.5)
    np.testing.assert_array_equal(frozen(TEXTS, training=True), frozen(TEXTS))
    assert np.abs(learning(TEXTS, training=True) - learning(TEXTS)).max() > 1e-3


@pytest.mark.parametrize("trainable_layers", [-2, 4])
def test_trainable_layers_out_of_range(trainable_layers):
    with pytest.raises(ConfigError, match=f"-1 and 3.*Received: {trainable_layers}"):
        make_tiny(trainable_layers)


def test_bfloat16_gives_float32_close_by():
    exact = make_tiny()
    rounded = make_tiny(dtype="mixed_bfloat16")
    assert rounded(TEXTS).dtype == "float32"
    np.testing.assert_allclose(rounded(TEXTS), exact(TEXTS), atol=0.1)
