"""The SentencePiece model of an XLM-R in a Hugging Face folder."""

import base64

import tensorflow as tf

from tfrec.compat import tensorflow_text
from tfrec.errors import ConfigError

MODEL = "sentencepiece.bpe.model"
FIRST = ["<unk>", "<s>", "</s>"]  # pieces of the file; the model has <pad> as well
# Numbers of <pad>, <s>, </s> and <unk> in the model; other pieces come one later.
SPECIAL, SHIFT = [1, 0, 2, 3], 1


def read_sentence_pieces(folder, size):
    """Arguments of a `SentencePieceTokenizer` but for `max_length`.

    Args:
        folder: `pathlib.Path`.
        size: int, rows of the embedding.

    Raises:
        ConfigError: the file is missing or damaged, or does not fit the embedding.
    """
    path = folder / MODEL
    try:
        content = path.read_bytes()
        model = tensorflow_text().SentencepieceTokenizer(model=content)
        first = model.id_to_string(tf.range(len(FIRST))).numpy()
        num_pieces = int(model.vocab_size())
    except (OSError, tf.errors.OpError) as error:
        raise ConfigError(
            f"{path} must be a SentencePiece model, because an XLM-R cuts texts by it. "
            f"Received: {error}. Copy the whole folder again."
        ) from error
    if [piece.decode() for piece in first] != FIRST:
        raise ConfigError(
            f"{path} must begin with {', '.join(FIRST)}, as those of XLM-R do. "
            f"Received: {b', '.join(first).decode()}. Choose another model."
        )
    if num_pieces + SHIFT > size:
        raise ConfigError(
            f"{path} must have at most {size - SHIFT} pieces, because `vocab_size` of "
            f"config.json is {size}. Received: {num_pieces}. Copy both from the same "
            "model."
        )
    return {
        "model": base64.b64encode(content).decode(),
        "special": SPECIAL,
        "shift": SHIFT,
    }
