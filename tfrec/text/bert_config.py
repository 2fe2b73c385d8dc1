"""`config.json` of a Hugging Face folder: sizes of a BERT, and that it is one."""

import json
import math

from tfrec.errors import ConfigError

SIZES = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
    *("num_attention_heads", "max_position_embeddings", "type_vocab_size"),
)
# What a file that does not say so means.
USUAL = {"type_vocab_size": 2, "hidden_dropout_prob": 0.1}
# The same for what `BertEncoder` computes one kind of.
ONLY = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "position_embedding_type": "absolute",
    "is_decoder": False,
}


def read_bert_config(folder):
    """Sizes and dropout of a BERT.

    Args:
        folder: `pathlib.Path`.

    Returns:
        Dict of `SIZES` and `hidden_dropout_prob`.

    Raises:
        ConfigError: `config.json` cannot be read, or tells of another model.
    """
    path = folder / "config.json"
    config = read_object(path)
    for key, value in ONLY.items():
        if config.get(key, value) != value:
            raise ConfigError(
                f"`{key}` of {path} must be {value!r}, because text towers compute no "
                f"other BERT. Received: {config[key]!r}. Choose another model."
            )
    config = USUAL | config
    sizes = {key: _size(path, key, config.get(key)) for key in SIZES}
    dim, num_heads = sizes["hidden_size"], sizes["num_attention_heads"]
    if dim % num_heads:
        raise ConfigError(
            f"`hidden_size` of {path} must be a multiple of `num_attention_heads`, "
            f"because heads share it equally. Received: {dim} and {num_heads}. Copy "
            "the folder again."
        )
    return sizes | {"hidden_dropout_prob": _dropout(path, config)}


def read_object(path):
    """The JSON object in a file of a BERT's folder.

    Raises:
        ConfigError: there is no such file, or it holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        reason = f"a {type(content).__name__}"
    except (OSError, ValueError) as error:
        content, reason = None, str(error)
    if isinstance(content, dict):
        return content
    raise ConfigError(
        f"{path} must be a file with a JSON object, because it tells what the BERT is. "
        f"Received: {reason}. Copy the whole folder again."
    )


def _size(path, key, value):
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(
            f"`{key}` of {path} must be a positive integer, because it is a size of "
            f"the BERT. Received: {value!r}. Copy the folder again."
        )
    return value


def _dropout(path, config):
    value = config["hidden_dropout_prob"]
    is_number = isinstance(value, int | float) and math.isfinite(value)
    if not is_number or not 0 <= value < 1:
        raise ConfigError(
            f"`hidden_dropout_prob` of {path} must be at least 0 and below 1, because "
            f"it is a share. Received: {value!r}. Copy the folder again."
        )
    return float(value)
