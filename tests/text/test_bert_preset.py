"""Tests of tfrec.text.bert_preset and of the files that it reads."""

import json
import shutil

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.contracts.text_encoder import TEXTS
from tfrec.errors import ConfigError
from tfrec.text.bert import BertEncoder


def load(folder):
    return BertEncoder.from_preset(str(folder), max_length=16)


@pytest.fixture
def folder(tiny_folder, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(tiny_folder, tmp_path / "copy")


@pytest.fixture(scope="module")
def whole(tiny_folder):
    return load(tiny_folder)


def edit_json(path, **changes):
    """Sets keys of a JSON object; None removes one."""
    content = json.loads(path.read_text("utf-8")) | changes
    kept = {key: value for key, value in content.items() if value is not None}
    path.write_text(json.dumps(kept), "utf-8")


def edit_weights(folder, edit):
    path = folder / "model.safetensors"
    save_file(edit(load_file(path)), path)


def assert_same(folder, whole):
    """The same encoder, to the last bit."""
    found = load(folder)
    assert found.fingerprint == whole.fingerprint


# === Where a weight goes ===


def test_each_weight_has_its_place(tiny_folder, whole):
    """Matrices are `[out, in]` there and `[in, out]` here; first segments only."""
    theirs = load_file(tiny_folder / "model.safetensors")
    at = "encoder.layer.0.attention.self"
    parts = [theirs[f"{at}.{part}.weight"].T for part in ("query", "key", "value")]
    kernel, bias = whole.blocks[0].query_key_value.get_weights()
    np.testing.assert_array_equal(np.split(kernel, 3, axis=1), parts)
    np.testing.assert_array_equal(bias[16:32], theirs[f"{at}.key.bias"])
    np.testing.assert_array_equal(
        whole.position_embedding.get_weights()[0],
        theirs["embeddings.position_embeddings.weight"][:16]
        + theirs["embeddings.token_type_embeddings.weight"][0],
    )
    assert whole.dropout == 0.0  # `hidden_dropout_prob` of its config.json


# === Forms of the same model ===


def test_a_model_with_a_head(folder, whole):
    def edit(weights):
        body = {f"bert.{name}": value for name, value in weights.items()}
        position_ids = np.arange(32)[None, :]
        extra = {"bert.embeddings.position_ids": position_ids, "cls.bias": np.ones(2)}
        return body | extra

    edit_weights(folder, edit)
    assert_same(folder, whole)


def test_norms_as_tensorflow_calls_them(folder, whole):
    def rename(name):
        if "LayerNorm" not in name:
            return name
        return name.replace(".weight", ".gamma").replace(".bias", ".beta")

    edit_weights(folder, lambda weights: {rename(k): v for k, v in weights.items()})
    assert "embeddings.LayerNorm.gamma" in load_file(folder / "model.safetensors")
    assert_same(folder, whole)


def test_weights_in_several_files(folder, whole):
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    places = {name: f"part-{row % 2}" for row, name in enumerate(weights)}
    for part in set(places.values()):
        own = {name: weights[name] for name in weights if places[name] == part}
        save_file(own, folder / part)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    assert_same(folder, whole)
    index.write_text(json.dumps({"weight_map": {"a": "../part-0"}}))
    with pytest.raises(ConfigError, match=r"`weight_map` of .*index\.json must give"):
        load(folder)
    index.write_text(json.dumps({"weight_map": {"a": "part-9"}}))
    with pytest.raises(ConfigError, match="part-9 must be a file of safetensors"):
        load(folder)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_weights_of_another_precision_become_float32(folder, dtype):
    edit_weights(
        folder, lambda weights: {k: v.astype(dtype) for k, v in weights.items()}
    )
    theirs = load_file(folder / "model.safetensors")
    assert theirs["embeddings.word_embeddings.weight"].dtype == dtype
    encoder = load(folder)
    (tokens,) = encoder.token_embedding.get_weights()
    assert tokens.dtype == np.float32
    expected = theirs["embeddings.word_embeddings.weight"].astype(np.float32)
    np.testing.assert_array_equal(tokens, expected)


def tokenizer_json(folder, **normalizer):
    pieces = (folder / "vocab.txt").read_text("utf-8").split()
    vocabulary = {piece: row for row, piece in enumerate(pieces)}
    content = {"model": {"type": "WordPiece", "vocab": vocabulary}}
    content |= {"normalizer": {"type": "BertNormalizer", **normalizer}}
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")


def test_a_fast_tokenizer_alone(folder, whole):
    tokenizer_json(folder, lowercase=True, strip_accents=None)
    (folder / "vocab.txt").unlink()
    (folder / "tokenizer_config.json").unlink()
    assert_same(folder, whole)


@pytest.mark.parametrize("where", ["tokenizer_config.json", "tokenizer.json", "both"])
def test_a_cased_model_keeps_case(folder, where):
    """Of the two files, the first counts, as in the original."""
    config = folder / "tokenizer_config.json"
    if where == "tokenizer.json":
        tokenizer_json(folder, lowercase=False)
        edit_json(config, do_lower_case=None)
    else:
        edit_json(config, do_lower_case=False, strip_accents=False)
    if where == "both":
        tokenizer_json(folder, lowercase=True, strip_accents=True)
    encoder = load(folder)
    token_ids, _ = encoder.tokenizer(["Xyz xyz"])
    unknown = encoder.tokenizer.settings["vocabulary"].index("[UNK]")
    assert (token_ids[0].numpy() == unknown).tolist() == [False, True, *[False] * 4]


def test_lines_are_cut_at_line_feeds_only(folder):
    """U+2028 is a word piece of some BERTs, not the end of a line."""
    lines = (folder / "vocab.txt").read_text("utf-8").replace("\nm\n", "\n\u2028\n")
    (folder / "vocab.txt").write_text(lines, "utf-8")
    vocabulary = load(folder).tokenizer.settings["vocabulary"]
    assert vocabulary == lines.removesuffix("\n").split("\n")
    assert "\u2028" in vocabulary


def test_an_embedding_may_have_rows_that_round_up_its_size(folder, whole):
    def pad(weights):
        name = "embeddings.word_embeddings.weight"
        return weights | {name: np.pad(weights[name], [(0, 100), (0, 0)])}

    num_pieces = len(whole.tokenizer.settings["vocabulary"])
    edit_json(folder / "config.json", vocab_size=num_pieces + 100)
    edit_weights(folder, pad)
    assert_same(folder, whole)


# === Folders that are wrong ===


def remove(name):
    return lambda folder: (folder / name).unlink()


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def configure(name="config.json", **changes):
    return lambda folder: edit_json(folder / name, **changes)


def append(name, text):
    def edit(folder):
        with open(folder / name, "a", encoding="utf-8") as file:
            file.write(text)

    return edit


def weigh(edit):
    return lambda folder: edit_weights(folder, edit)


def drop_norm(weights):
    return {k: v for k, v in weights.items() if not k.startswith("embeddings.Layer")}


def unigrams(folder):
    (folder / "vocab.txt").unlink()
    content = {"model": {"type": "Unigram", "vocab": [["a", -1.0]]}}
    (folder / "tokenizer.json").write_text(json.dumps(content))


def gap_in_ids(folder):
    tokenizer_json(folder)
    (folder / "vocab.txt").unlink()
    path = folder / "tokenizer.json"
    model = json.loads(path.read_text("utf-8"))["model"]
    model["vocab"]["[MASK]"] = 9999
    edit_json(path, model=model)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (remove("config.json"), "config.json must be a file with a JSON object"),
        (write("config.json", b"[]"), r"config.json must be .*Received: a list"),
        (write("config.json", b"{"), r"config.json must be .*Received: Expecting"),
        (write("config.json", b"\xff"), r"config.json must be .*Received: 'utf-8'"),
        (
            configure(model_type="distilbert"),
            r"`model_type` of .*config.json must be 'bert' or 'xlm-rob.*'distilbert'",
        ),
        (configure(hidden_act="relu"), "`hidden_act` of .*must be 'gelu'.*'relu'"),
        (configure(layer_norm_eps="x"), "`layer_norm_eps` of .*below 1.*'x'"),
        (
            configure(model_type="roberta"),
            "`model_type` of .*'roberta'. No op .* byte pairs",
        ),
        (configure(is_decoder=True), "`is_decoder` of .*must be False"),
        (
            configure(position_embedding_type="relative_key"),
            "`position_embedding_type` of .*must be 'absolute'",
        ),
        (configure(hidden_size=None), "`hidden_size` of .*positive integer.*None"),
        (configure(hidden_size="16"), "`hidden_size` of .*positive integer.*'16'"),
        (configure(num_hidden_layers=True), "`num_hidden_layers` of .*integer.*True"),
        (configure(num_attention_heads=3), "a multiple of .*Received: 16 and 3"),
        (configure(hidden_dropout_prob=1.5), "`hidden_dropout_prob` of .*below 1.*1.5"),
        (remove("vocab.txt"), "must hold vocab.txt or tokenizer.json"),
        (write("vocab.txt", b"\xff"), "vocab.txt must be UTF-8 text"),
        (append("vocab.txt", "a\n"), r"vocab.txt must hold each .*'a' 2 times"),
        (append("vocab.txt", "\n\n"), r"vocab.txt must hold each .*'' 2 times"),
        (append("vocab.txt", "new\n"), r"vocab.txt must list as many .*Received: \d"),
        (write("vocab.txt", b"[PAD]\na\n"), r"vocab.txt must hold the special tokens"),
        (configure(vocab_size=9999), r"as many word pieces as `vocab_size` .*9999"),
        (unigrams, r"`model` of .*tokenizer.json must be a WordPiece.*'Unigram'"),
        (gap_in_ids, r"`vocab` of .*tokenizer.json must number its"),
        (remove("tokenizer_config.json"), "tokenizer_config.json must be a file"),
        (
            configure("tokenizer_config.json", do_lower_case=None),
            "`do_lower_case` of .*tokenizer_config.json must be True or False",
        ),
        (
            configure("tokenizer_config.json", strip_accents=False),
            "`strip_accents` of .*must be None or True",
        ),
        (
            configure("tokenizer_config.json", tokenize_chinese_chars=False),
            "`tokenize_chinese_chars` of .*must be None or True",
        ),
        (remove("model.safetensors"), "must hold model.safetensors"),
        (
            write("model.safetensors", b"not tensors"),
            r"model.safetensors must be a file of safetensors.*Received: .*header",
        ),
        (
            configure(intermediate_size=25),
            r"intermediate.dense.weight: expected \(25, 16\), found \(24, 16\); .*"
            r"bias: expected \(25,\), found \(24,\); ",
        ),
        (
            configure(num_hidden_layers=2),
            r"encoder.layer.1.attention.self.query.weight: expected \(16, 16\), found "
            r"none; .*; 13 more",
        ),
        (
            weigh(drop_norm),
            r"Received: embeddings.LayerNorm.weight: expected \(16,\), found none; "
            r"embeddings.LayerNorm.bias: expected \(16,\), found none. Copy",
        ),
        (
            weigh(lambda w: w | {"encoder.layer.0.lora": np.zeros((2, 3), "float32")}),
            r"encoder.layer.0.lora: expected none, found \(2, 3\)",
        ),
        (
            weigh(lambda w: {k: v.astype(np.int8) for k, v in w.items()}),
            r"embeddings.word_embeddings.weight: expected .*, 16\) of I8; ",
        ),
    ],
)
def test_what_is_wrong_is_named(folder, spoil, words):
    spoil(folder)
    with pytest.raises(ConfigError, match=words):
        load(folder)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(
        ConfigError, match="`preset` must be .*where there is no folder"
    ):
        load(tmp_path / "none")


def test_longer_than_the_model_knows(tiny_folder):
    with pytest.raises(ConfigError, match="at most 32.*Received: 33"):
        BertEncoder.from_preset(str(tiny_folder), max_length=33)


def test_texts_differ(whole):
    """So that equal encoders say something."""
    vectors = whole(TEXTS[:3]).numpy()
    assert np.abs(vectors[0] - vectors[1]).max() > 0.01
