"""Word pieces of a BERT in a Hugging Face folder, and how texts are cut into them."""

from tfrec.errors import ConfigError
from tfrec.text.bert_config import read_object
from tfrec.text.tokenizer import check_vocabulary

PADDING = 128  # rows of an embedding, at most, that only round its size up
# What `tokenizer.json` calls the settings of `tokenizer_config.json`.
NORMALIZER = {
    "lowercase": "do_lower_case",
    "strip_accents": "strip_accents",
    "handle_chinese_chars": "tokenize_chinese_chars",
}


def read_vocabulary(folder, size):
    """Word pieces, in the order of their embeddings.

    Args:
        folder: `pathlib.Path`.
        size: int, rows of the embedding.

    Returns:
        Dict of `vocabulary`, a list of strings, and `lower_case`, a bool.

    Raises:
        ConfigError: a file cannot be read, holds another kind of tokenizer, or does
            not fit the embedding.
    """
    path = folder / "tokenizer.json"
    tokenizer = read_object(path) if path.is_file() else {}
    if (folder / "vocab.txt").is_file():
        path = folder / "vocab.txt"
        vocabulary = _from_lines(path)
    elif tokenizer:
        vocabulary = _from_model(path, tokenizer.get("model"))
    else:
        raise ConfigError(
            f"{folder} must hold vocab.txt or tokenizer.json, because texts are cut "
            "into the word pieces that they list. Received: neither. Copy the whole "
            "folder again."
        )
    check_vocabulary(vocabulary, path)
    if not size - PADDING < len(vocabulary) <= size:
        raise ConfigError(
            f"{path} must list as many word pieces as `vocab_size` of config.json "
            f"says, {size}, because each has an embedding. Received: "
            f"{len(vocabulary)}. Copy both from the same model."
        )
    lower_case = _is_lower_case(folder, tokenizer)
    return {"vocabulary": vocabulary, "lower_case": lower_case}


def _from_lines(path):
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} must be UTF-8 text, one word piece a line, because their order "
            f"is that of the embeddings. Received: {error}. Copy the folder again."
        ) from error
    # Not `splitlines`: characters that it cuts at are word pieces of some BERTs.
    return text.removesuffix("\n").split("\n")


def _from_model(path, model):
    model = model if isinstance(model, dict) else {}
    kind, pieces = model.get("type", "WordPiece"), model.get("vocab")
    if kind != "WordPiece" or not isinstance(pieces, dict):
        raise ConfigError(
            f"`model` of {path} must be a WordPiece tokenizer with its `vocab`, "
            f"because text towers cut texts by no other. Received: {kind!r}. Choose "
            "another model."
        )
    ids = {piece_id: piece for piece, piece_id in pieces.items()}
    if set(ids) != set(range(len(pieces))):
        raise ConfigError(
            f"`vocab` of {path} must number its {len(pieces)} word pieces from 0 on, "
            "because these are the rows of their embeddings. Received: gaps or "
            "repeats. Copy the folder again."
        )
    return [ids[row] for row in range(len(pieces))]


def _is_lower_case(folder, tokenizer):
    """Of what both files say, `tokenizer_config.json` counts."""
    normalizer = tokenizer.get("normalizer")
    normalizer = normalizer if isinstance(normalizer, dict) else {}
    said = {name: normalizer.get(key) for key, name in NORMALIZER.items()}
    path = folder / "tokenizer_config.json"
    if path.is_file() or said["do_lower_case"] is None:
        said |= read_object(path)
    lower_case = said["do_lower_case"]
    rules = {
        "do_lower_case": (True, False),
        "strip_accents": (None, lower_case),
        "tokenize_chinese_chars": (None, True),
    }
    for name, allowed in rules.items():
        if said[name] not in allowed:
            raise ConfigError(
                f"`{name}` of {path} must be {' or '.join(map(str, allowed))}, because "
                "texts are lower-cased and lose their accents, or keep both, and "
                f"each Chinese character is a token. Received: {said[name]!r}. Choose "
                "another model."
            )
    return bool(lower_case)
