"""A pretrained BERT small enough for any test."""

import warnings

import keras
import keras_hub
import pytest

from tests.contracts.text_encoder import TEXTS
from tfrec.text.vocabulary import learn_vocabulary


@pytest.fixture(scope="session")
def tiny_preset(tmp_path_factory):
    """`(folder, backbone)`: a KerasHub preset of 16 positions and what it holds."""
    folder = str(tmp_path_factory.mktemp("tiny-bert"))
    keras.utils.set_random_seed(1)
    backbone = keras_hub.models.BertBackbone(60, 2, 2, 8, 16, max_sequence_length=16)
    backbone.set_weights(
        [w + 0.3 * keras.random.normal(w.shape) for w in backbone.weights]
    )
    tokenizer = keras_hub.models.BertTokenizer(
        [*learn_vocabulary(TEXTS * 9, 59), "[MASK]"], lowercase=True
    )
    with warnings.catch_warnings():  # Keras 3.15 saving under NumPy 2.4
        warnings.filterwarnings("ignore", "__array__ implementation")
        backbone.save_to_preset(folder)
        tokenizer.save_to_preset(folder)
    return folder, backbone
