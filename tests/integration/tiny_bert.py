"""A random BERT of a few kilobytes as a Hugging Face folder, made without any hub."""

import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

DIM, LAYERS, HEADS, WIDE, POSITIONS = 16, 1, 2, 24, 32


def write_tiny_bert(folder, words, seed=0, num_layers=LAYERS):
    """Writes `config.json`, `tokenizer_config.json`, `vocab.txt` and the weights.

    Args:
        folder: path; it is made.
        words: what the vocabulary holds beside the special tokens and letters.
        seed: int, of the weights.
        num_layers: int, blocks.

    Returns:
        The folder.
    """
    folder = pathlib.Path(folder)
    folder.mkdir()
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    pieces = [*letters, *"0123456789.", *(f"##{letter}" for letter in letters)]
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = list(dict.fromkeys([*special, *pieces, *words]))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    own = {"model_type": "bert", "num_hidden_layers": num_layers}
    _write_model(folder, len(vocabulary), seed, **own)
    return folder


def write_tiny_xlm_roberta(folder, sentence_pieces, num_pieces, seed=0):
    """The same of an XLM-R, whose weights have the names of a model with a head.

    Args:
        folder: path; it is made.
        sentence_pieces: bytes of a SentencePiece model.
        num_pieces: int, pieces that it has.
        seed: int, of the weights.

    Returns:
        The folder.
    """
    folder = pathlib.Path(folder)
    folder.mkdir()
    (folder / "sentencepiece.bpe.model").write_bytes(sentence_pieces)
    own = {"model_type": "xlm-roberta", "layer_norm_eps": 1e-5, "type_vocab_size": 1}
    _write_model(folder, num_pieces + 2, seed, prefix="roberta.", **own)
    return folder


def _write_model(folder, vocab_size, seed, prefix="", **own):
    config = {
        "hidden_act": "gelu",
        "hidden_size": DIM,
        "intermediate_size": WIDE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "vocab_size": vocab_size,
        "hidden_dropout_prob": 0.0,
    } | own
    (folder / "config.json").write_text(json.dumps(config))
    rng = np.random.default_rng(seed)
    weights = _weights(config, rng)
    named = {f"{prefix}{name}": value for name, value in weights.items()}
    save_file(named, folder / "model.safetensors")


def _weights(config, rng):
    def draw(*shape):
        return rng.normal(scale=0.3, size=shape).astype(np.float32)

    def dense(name, wide, narrow):
        return {f"{name}.weight": draw(wide, narrow), f"{name}.bias": draw(wide)}

    def norm(name):
        one = np.ones(DIM, np.float32)
        return {f"{name}.weight": one, f"{name}.bias": 0 * one}

    weights = {
        "embeddings.word_embeddings.weight": draw(config["vocab_size"], DIM),
        "embeddings.position_embeddings.weight": draw(POSITIONS, DIM),
        "embeddings.token_type_embeddings.weight": draw(config["type_vocab_size"], DIM),
        **norm("embeddings.LayerNorm"),
        **dense("pooler.dense", DIM, DIM),
    }
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            weights |= dense(f"{at}.attention.self.{part}", DIM, DIM)
        weights |= dense(f"{at}.attention.output.dense", DIM, DIM)
        weights |= norm(f"{at}.attention.output.LayerNorm")
        weights |= dense(f"{at}.intermediate.dense", WIDE, DIM)
        weights |= dense(f"{at}.output.dense", DIM, WIDE)
        weights |= norm(f"{at}.output.LayerNorm")
    return weights
