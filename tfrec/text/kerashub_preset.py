"""BERTs that KerasHub offers or has saved; importing none of it needs KerasHub."""

import difflib

import numpy as np
from safetensors import SafetensorError

from tfrec.errors import ConfigError
from tfrec.optional import import_optional

PRESET_RULE = (
    '`preset` must be "minilm", "multilingual", a Hugging Face folder of a BERT or '
    "XLM-R, or a KerasHub preset of a BERT."
)
EPSILON = 1e-12  # of every BERT there, added to variances


def read_kerashub_preset(preset):
    """Arguments and weights of one of KerasHub's presets.

    Args:
        preset: str, its name, or a folder that KerasHub wrote.

    Returns:
        As `tfrec.text.bert_preset.load_preset`, for all positions.

    Raises:
        ConfigError: there is no such preset, or it is no BERT.
        MissingPackageError: KerasHub is not installed.
    """
    models = import_optional(
        "keras_hub",
        f"the preset {preset!r}",
        'Install `tfrec[presets]`, or take "minilm" or a BERT\'s Hugging Face folder.',
    ).models
    try:
        backbone = models.BertBackbone.from_preset(preset, dtype="float32")
        tokenizer = models.BertTokenizer.from_preset(preset)
    except (ValueError, LookupError, OSError, ImportError, SafetensorError) as error:
        known = ["minilm", "multilingual", *models.BertBackbone.presets]
        close = difflib.get_close_matches(preset, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f"{PRESET_RULE} Received: {preset!r} ({reason}).{hint}"
        ) from error
    vocabulary = list(tokenizer.get_vocabulary())
    arguments = {
        "tokenizer": {"vocabulary": vocabulary, "lower_case": tokenizer.lowercase},
        "num_pieces": len(vocabulary),
        "num_layers": backbone.num_layers,
        "num_heads": backbone.num_heads,
        "dim": backbone.hidden_dim,
        "intermediate_dim": backbone.intermediate_dim,
        "dropout": backbone.dropout,
        "epsilon": EPSILON,
    }
    (positions,) = backbone.position_embedding.get_weights()
    (segments,) = backbone.segment_embedding.get_weights()
    return arguments, [
        backbone.token_embedding.get_weights(),
        [positions + segments[0]],
        backbone.embeddings_layer_norm.get_weights(),
        *(_block_weights(layer) for layer in backbone.transformer_layers),
    ]


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
