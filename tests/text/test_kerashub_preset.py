"""Tests of tfrec.text.kerashub_preset; most need KerasHub."""

import json
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts.text_encoder import TEXTS
from tfrec.errors import ConfigError, MissingPackageError
from tfrec.optional import import_optional
from tfrec.text.bert import BertEncoder
from tfrec.text.bert_preset import minilm_folder, read_bert_folder
from tfrec.text.kerashub_preset import read_kerashub_preset
from tfrec.text.vocabulary import learn_vocabulary


@pytest.fixture(scope="module")
def models():
    """`keras_hub.models`."""
    try:
        return import_optional("keras_hub", "this test", "").models
    except MissingPackageError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def preset(models, tmp_path_factory):
    """`(folder, backbone)`: a preset of 16 positions that KerasHub wrote."""
    folder = str(tmp_path_factory.mktemp("kerashub"))
    keras.utils.set_random_seed(1)
    backbone = models.BertBackbone(60, 2, 2, 8, 16, max_sequence_length=16)
    backbone.set_weights(
        [w + 0.3 * keras.random.normal(w.shape) for w in backbone.weights]
    )
    tokenizer = models.BertTokenizer(
        [*learn_vocabulary(TEXTS * 9, 59), "[MASK]"], lowercase=True
    )
    with warnings.catch_warnings():  # Keras 3.15 saving under NumPy 2.4
        warnings.filterwarnings("ignore", "__array__ implementation")
        backbone.save_to_preset(folder)
        tokenizer.save_to_preset(folder)
    return folder, backbone


def test_a_preset_equals_its_own_forward_pass(preset):
    folder, backbone = preset
    for layer in backbone.transformer_layers:
        layer._feedforward_intermediate_dense.activation = keras.activations.gelu
    encoder = BertEncoder.from_preset(folder, max_length=8, trainable_layers=1)
    token_ids, mask = encoder.tokenizer(TEXTS)
    segment_ids = tf.zeros_like(token_ids)
    hidden = backbone(
        {"token_ids": token_ids, "segment_ids": segment_ids, "padding_mask": mask}
    )["sequence_output"].numpy()
    rows = zip(hidden, mask.numpy(), strict=True)
    means = np.array([states[is_real].mean(axis=0) for states, is_real in rows])
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder(TEXTS), expected, atol=1e-5)


def test_our_reader_of_folders_agrees_to_the_last_bit(models):
    """KerasHub reads them as well, and is the oracle."""
    folder = minilm_folder()
    ours, theirs = read_bert_folder(folder), read_kerashub_preset(str(folder))
    assert ours[0] == theirs[0]
    for layer, expected in zip(ours[1], theirs[1], strict=True):
        assert len(layer) == len(expected)
        for array, other in zip(layer, expected, strict=True):
            assert array.dtype == other.dtype == np.float32
            np.testing.assert_array_equal(array, other)


def test_preset_with_a_slip_of_the_pen(models):
    with pytest.raises(ConfigError, match=r"'minilmm' .*Did you mean 'minilm'\?"):
        BertEncoder.from_preset("minilmm")


def test_a_preset_of_another_model(preset, tmp_path):
    content = {"class_name": "NoSuchBackbone", "registered_name": "a>NoSuchBackbone"}
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(
        ConfigError, match="`preset` must be .*KerasHub preset of a BERT"
    ):
        BertEncoder.from_preset(str(tmp_path))


def test_without_kerashub_its_presets_say_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    words = "`keras_hub` is needed for the preset 'bert_tiny_en_uncased'.*Install `tfr"
    with pytest.raises(MissingPackageError, match=words):
        BertEncoder.from_preset("bert_tiny_en_uncased")


def test_folders_need_no_kerashub(tiny_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    assert BertEncoder.from_preset(str(tiny_folder), max_length=8).dim == 16
