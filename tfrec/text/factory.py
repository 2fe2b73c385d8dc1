"""The text tower that a configuration asks for, and text towers as JSON."""

import json

import keras
import tensorflow as tf

from tfrec.errors import ConfigError
from tfrec.plugins import TEXT_ENCODERS
from tfrec.text.bert import BertEncoder
from tfrec.text.characters import plain, simplified
from tfrec.text.lstm import LstmEncoder
from tfrec.text.multilingual import MultilingualEncoder
from tfrec.text.readability import choose_preset
from tfrec.text.vocabulary import learn_vocabulary


def make_text_encoder(config, catalogue_texts):
    """Builds the encoder that `model.text_encoder` names.

    Args:
        config: `Config`.
        catalogue_texts: sequence of strings that the LSTM's vocabulary is learnt from,
            and `text.preset = "auto"` chosen by.

    Returns:
        A `TextEncoder`, or None for `"none"`; a BERT for `"auto"`, which
        `tfrec.training.resolving` has left where there are texts.

    Raises:
        ConfigError: `text.preset` does not name a BERT, or a value does not fit it.
        DownloadError: the pretrained model cannot be downloaded.
        MissingPackageError: tensorflow-text is not installed.
    """
    name = config.model.text_encoder
    if name == "none":
        return None
    return TEXT_ENCODERS["bert" if name == "auto" else name](config, catalogue_texts)


def make_bert(config, catalogue_texts):
    """The pretrained encoder that `text.preset` names, a BERT but for one."""
    text, preset = config.text, config.text.preset
    how = (text.max_length, text.trainable_layers)
    if preset == "auto":
        preset = choose_preset(catalogue_texts)
    if preset == "multilingual":
        return MultilingualEncoder.from_preset(*how)
    return BertEncoder.from_preset(preset, *how, text.pooling)


def make_lstm(config, catalogue_texts):
    """An LSTM whose vocabulary is learnt from the texts."""
    text = config.text
    # As the encoder prepares them.
    texts = simplified(plain(tf.constant([*catalogue_texts], tf.string)))
    return LstmEncoder(
        learn_vocabulary(texts.numpy(), text.vocabulary_size),
        config.model.embedding_dim,
        text.lstm_units,
        text.max_length,
    )


def encoder_to_json(encoder):
    """A text encoder, or None, as `encoder_from_json` takes it; weights are left out.

    Raises:
        ConfigError: the encoder is no Keras layer.
    """
    if encoder is not None and not isinstance(encoder, keras.layers.Layer):
        raise ConfigError(
            "The text encoder of a `.keras` file must be a Keras layer, because a "
            f"function has no configuration. Received: {type(encoder).__name__}. "
            "Write it as a layer with `get_config`, or export the model instead."
        )
    return json.dumps(encoder and keras.saving.serialize_keras_object(encoder))


def encoder_from_json(text):
    """The text encoder of `encoder_to_json`, its weights those of a new one."""
    config = json.loads(text)
    return config and keras.saving.deserialize_keras_object(config)
