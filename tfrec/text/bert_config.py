"""`config.json` of a Hugging Face folder: what BERT or XLM-R it holds."""

import json
import math

from tfrec.errors import ConfigError

SIZES = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers"),
    *("num_attention_heads", "max_position_embeddings", "type_vocab_size"),
)
# What a file that does not say so means.
USUAL = {
    "model_type": "bert",
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
}
# Kind of model -> rows of the position embedding before that of the first token.
KINDS = {"bert": 0, "xlm-roberta": 2}
# The same for what `BertEncoder` computes one kind of.
ONLY = {
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
}


def read_bert_config(folder):
    """What kind of BERT it is, its sizes and constants.

    Args:
        folder: `pathlib.Path`.

    Returns:
        Dict of `SIZES`, `model_type`, `hidden_dropout_prob` and `layer_norm_eps`.

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
    kind = config["model_type"]
    if kind not in KINDS:
        raise ConfigError(
            f"`model_type` of {path} must be {' or '.join(map(repr, KINDS))}, because "
            f"text towers compute no other model. Received: {kind!r}.{_hint(kind)}"
        )
    sizes = {key: _size(path, key, config.get(key)) for key in SIZES}
    dim, num_heads = sizes["hidden_size"], sizes["num_attention_heads"]
    if dim % num_heads:
        raise ConfigError(
            f"`hidden_size` of {path} must be a multiple of `num_attention_heads`, "
            f"because heads share it equally. Received: {dim} and {num_heads}. Copy "
            "the folder again."
        )
    return sizes | {
        "model_type": kind,
        "hidden_dropout_prob": _number(path, config, "hidden_dropout_prob"),
        "layer_norm_eps": _number(path, config, "layer_norm_eps"),
    }


def _hint(kind):
    if kind == "roberta":
        return (
            " No op of TensorFlow cuts texts into its byte pairs. XLM-R models and "
            "Chinese RoBERTas of kind 'bert' work."
        )
    return " Choose another model."


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


def _number(path, config, key):
    value = config[key]
    is_number = isinstance(value, int | float) and math.isfinite(value)
    if not is_number or not 0 <= value < 1:
        raise ConfigError(
            f"`{key}` of {path} must be at least 0 and below 1, because it is a share "
            f"or an epsilon. Received: {value!r}. Copy the folder again."
        )
    return float(value)
