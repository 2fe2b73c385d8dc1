"""A random BERT of a few kilobytes as a Hugging Face folder, made without any hub."""

import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

DIM, LAYERS, HEADS, WIDE, POSITIONS = 16, 1, 2, 24, 32


def write_tiny_bert(folder, words, seed=0):
    """Writes `config.json`, `tokenizer_config.json`, `vocab.txt` and the weights.

    Args:
        folder: path; it is made.
        words: what the vocabulary holds beside the special tokens and letters.
        seed: int, of the weights.

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
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "hidden_act": "gelu",
        "hidden_size": DIM,
        "intermediate_size": WIDE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "vocab_size": len(vocabulary),
        "hidden_dropout_prob": 0.0,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}))
    weights = _weights(len(vocabulary), np.random.default_rng(seed))
    save_file(weights, folder / "model.safetensors")
    return folder


def _weights(num_pieces, rng):
    def draw(*shape):
        return rng.normal(scale=0.3, size=shape).astype(np.float32)

    def dense(name, wide, narrow):
        return {f"{name}.weight": draw(wide, narrow), f"{name}.bias": draw(wide)}

    def norm(name):
        one = np.ones(DIM, np.float32)
        return {f"{name}.weight": one, f"{name}.bias": 0 * one}

    weights = {
        "embeddings.word_embeddings.weight": draw(num_pieces, DIM),
        "embeddings.position_embeddings.weight": draw(POSITIONS, DIM),
        "embeddings.token_type_embeddings.weight": draw(2, DIM),
        **norm("embeddings.LayerNorm"),
        **dense("pooler.dense", DIM, DIM),
    }
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            weights |= dense(f"{at}.attention.self.{part}", DIM, DIM)
        weights |= dense(f"{at}.attention.output.dense", DIM, DIM)
        weights |= norm(f"{at}.attention.output.LayerNorm")
        weights |= dense(f"{at}.intermediate.dense", WIDE, DIM)
        weights |= dense(f"{at}.output.dense", DIM, WIDE)
        weights |= norm(f"{at}.output.LayerNorm")
    return weights
