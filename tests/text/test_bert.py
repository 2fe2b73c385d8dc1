"""Tests of tfrec.text.bert and tfrec.text.bert_preset."""

import json
import shutil

import keras
import keras_hub
import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.special import erf

from tests.contracts.text_encoder import TEXTS, TextEncoderContract
from tfrec.errors import ConfigError
from tfrec.text import bert_preset
from tfrec.text.bert import BertEncoder
from tfrec.text.bert_preset import minilm_folder
from tfrec.text.vocabulary import learn_vocabulary, read_vocabulary

SENTENCES = [
    "A 24-year-old man, works as a technician.",
    "",
    "Café Ünder — 東京, naïve",
]


def make_tiny(trainable_layers=-1, **kwargs):
    keras.utils.set_random_seed(0)
    encoder = BertEncoder(
        learn_vocabulary(TEXTS * 9, 60),
        num_layers=3,
        num_heads=2,
        dim=8,
        intermediate_dim=16,
        max_length=8,
        trainable_layers=trainable_layers,
        **kwargs,
    )
    rng = np.random.default_rng(0)
    encoder.set_weights([rng.normal(size=w.shape) * 0.5 for w in encoder.weights])
    return encoder


class TestBertEncoder(TextEncoderContract):
    def make_encoder(self):
        return make_tiny()


# === An independent BERT in NumPy, from the file of the original ===


def norm(x, gamma, beta):
    centred = x - x.mean(axis=-1, keepdims=True)
    return (
        centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * gamma + beta
    )


def slow_bert(tokens, weights, num_layers=6, num_heads=12):
    """Unit mean vector of one text's token ids, in float64."""

    def get(name):
        return weights[name].astype("float64")

    def dense(x, name):
        return x @ get(f"{name}.weight").T + get(f"{name}.bias")

    def layer_norm(x, name):
        return norm(x, get(f"{name}.weight"), get(f"{name}.bias"))

    x = get("embeddings.word_embeddings.weight")[tokens]
    x = x + get("embeddings.position_embeddings.weight")[: len(tokens)]
    x = x + get("embeddings.token_type_embeddings.weight")[0]
    x = layer_norm(x, "embeddings.LayerNorm")
    for i in range(num_layers):
        at = f"encoder.layer.{i}"
        query, key, value = (
            np.split(dense(x, f"{at}.attention.self.{part}"), num_heads, axis=1)
            for part in ("query", "key", "value")
        )
        heads = []
        for q, k, v in zip(query, key, value, strict=True):
            scores = np.exp(q @ k.T / np.sqrt(q.shape[1]))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ v)
        x = x + dense(np.concatenate(heads, axis=1), f"{at}.attention.output.dense")
        x = layer_norm(x, f"{at}.attention.output.LayerNorm")
        wide = dense(x, f"{at}.intermediate.dense")
        wide = wide * 0.5 * (1 + erf(wide / np.sqrt(2)))
        x = layer_norm(x + dense(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


@pytest.fixture(scope="module")
def minilm():
    encoder = BertEncoder.from_preset("minilm")
    assert encoder.trainable_layers == 0
    return encoder


def test_minilm_equals_the_original(minilm):
    """Approximate GELU is off by 3.5e-4, a forgotten mask by far more."""
    weights = load_file(minilm_folder() / "model.safetensors")
    vocabulary = read_vocabulary(minilm_folder() / "vocab.txt")
    words = [
        "a 24 - year - old man , works as a technician .",
        "",
        "cafe under — 東 京 , naive",
    ]
    expected = [
        slow_bert(
            [vocabulary.index(w) for w in ["[CLS]", *text.split(), "[SEP]"]], weights
        )
        for text in words
    ]
    assert np.abs(minilm(SENTENCES) - np.array(expected)).max() < 1e-5


def test_minilm_knows_what_is_alike(minilm):
    space, ship, romance = minilm(
        ["Space opera", "A starship crew explores the galaxy", "Love letters in Paris"]
    ).numpy()
    assert space @ ship > space @ romance + 0.1


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


# === Presets ===


def test_kerashub_preset(tmp_path):
    """One that KerasHub wrote itself, compared with KerasHub's own forward pass."""
    keras.utils.set_random_seed(1)
    backbone = keras_hub.models.BertBackbone(60, 2, 2, 8, 16, max_sequence_length=16)
    for layer in backbone.transformer_layers:
        layer._feedforward_intermediate_dense.activation = keras.activations.gelu
    vocabulary = learn_vocabulary(TEXTS * 9, 60)
    backbone.save_to_preset(str(tmp_path))
    keras_hub.models.BertTokenizer(vocabulary, lowercase=True).save_to_preset(
        str(tmp_path)
    )
    encoder = BertEncoder.from_preset(str(tmp_path), max_length=8, trainable_layers=1)
    token_ids, mask = encoder.tokenizer(TEXTS)
    hidden = backbone(
        {
            "token_ids": token_ids,
            "segment_ids": np.zeros(token_ids.shape, "int32"),
            "padding_mask": mask,
        }
    )["sequence_output"].numpy()
    means = np.array(
        [h[m].mean(axis=0) for h, m in zip(hidden, mask.numpy(), strict=True)]
    )
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder(TEXTS), expected, atol=1e-5)


def test_preset_with_a_slip_of_the_pen():
    with pytest.raises(ConfigError, match=r"'minilmm' .*Did you mean 'minilm'\?"):
        BertEncoder.from_preset("minilmm")


def test_folder_without_a_model(tmp_path):
    with pytest.raises(ConfigError, match="`preset` must be .*config.json"):
        BertEncoder.from_preset(str(tmp_path))


def test_damaged_weights(tmp_path):
    for name in bert_preset.MINILM_FILES:
        shutil.copy(minilm_folder() / name, tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(ConfigError, match="`preset` must be"):
        BertEncoder.from_preset(str(tmp_path))


def test_other_activation(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"hidden_act": "relu"}))
    with pytest.raises(ConfigError, match="its activation is 'relu'"):
        BertEncoder.from_preset(str(tmp_path))


def test_longer_than_the_model_knows():
    with pytest.raises(ConfigError, match="at most 512.*Received: 513"):
        BertEncoder.from_preset("minilm", max_length=513)
