"""Tests of training.enriching: what is said of single texts, and of groups."""

import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from tfrec.data.item_words import text_hash
from tfrec.errors import MissingPackageError
from training.enriching import cache as caching
from training.enriching import describing
from training.enriching.cache import DescribedTexts
from training.enriching.describing import clean_text, describe_texts
from training.enriching.keywords import MAX_KEYWORDS, READ, keywords_of
from training.enriching.language import language_of
from training.enriching.packages import words_package
from training.enriching.sentiment import sentiment_of
from training.enriching.topics import find_topics, name_topics, number_of_topics

ODD_TEXTS = [
    "sea " * 250_000,  # 1 MB
    "x" * 1_000_000,
    "海" * 300_000,
    "😀🎉👩‍👩‍👧",
    "\x00\x01\x1b[31m\u202e\ufeff",
    " ",
    "|||",
    "1995. 2,000",
    "ᚠᛇᚻ᛫ᛒᛦᚦ᛫ᚠᚱᚩᚠᚢᚱ",  # runes
    "\U00013000\U00013001 \ue000",  # hieroglyphs, and a letter of nobody's
]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A quiet film about the sea", "en"),
        ("El perro come en la casa", "es"),
        ("这部电影很好看", "zh"),
        ("屏幕", "zh"),  # too short for the model
        ("iPhone 手机壳 质量很好", "zh"),
        ("コーヒー が好きです", "ja"),
        ("커피를 마셔요", "ko"),
        ("1995", ""),
        ("😀", ""),
        ("", ""),
    ],
)
def test_languages(text, language):
    assert language_of(text) == language


def test_keywords_are_words_of_the_text_that_say_something():
    found = keywords_of("A quiet film about an old lighthouse by the sea. 1995", "en")
    assert "lighthouse" in " ".join(found)
    assert len(found) <= MAX_KEYWORDS
    assert not {"a", "the", "about", "1995"} & {*found}
    assert "渔夫" in keywords_of("关于海边小镇的故事，主角是一位渔夫", "zh")
    assert keywords_of("コーヒーが好きです", "ja") == []


def test_keywords_come_from_the_beginning():
    text = "lighthouse " + "and " * READ + "volcano"
    assert keywords_of(text, "en") == ["lighthouse"]


def test_sentiment_has_a_sign_where_it_can_be_told():
    assert sentiment_of("A wonderful, touching film", "en") > 0.3
    assert sentiment_of("A terrible, boring film", "en") < -0.3
    assert sentiment_of("非常喜欢，质量很好", "zh") > 0.3
    assert sentiment_of("质量太差了，非常失望", "zh") < -0.3
    assert sentiment_of("Un film merveilleux", "fr") is None


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_odd_texts_have_columns_like_all_others(text):
    (frame,) = describe_texts([text])
    (row,) = frame.to_dict("records")
    assert list(frame) == [*describing.COLUMNS]
    assert row["text_hash"] == text_hash(text)
    assert len(row["keywords"]) < 250
    assert all(each.isprintable() for each in row["keywords"])
    assert "" not in row["keywords"].split("|") or not row["keywords"]
    assert np.isnan(row["sentiment"]) or -1 <= row["sentiment"] <= 1


def test_a_text_is_read_up_to_a_length():
    assert len(clean_text("sea " * 250_000)) <= describing.READ


def test_several_processes_say_the_same_in_the_same_order(monkeypatch):
    texts = [f"The {each} film, a wonderful story" for each in ("sea", "war", "moon")]
    texts += ["非常喜欢，质量很好", "😀"]
    alone = pd.concat(describe_texts(texts), ignore_index=True)
    monkeypatch.setattr(describing, "ALONE", 0)
    monkeypatch.setattr(describing, "TASK", 2)
    monkeypatch.setattr(describing.os, "cpu_count", lambda: 2)
    together = [*describe_texts(texts)]
    assert [len(each) for each in together] == [2, 2, 1]
    pd.testing.assert_frame_equal(pd.concat(together, ignore_index=True), alone)


KILLED = """
import multiprocessing, os, signal
from training.enriching import describing
if __name__ == "__main__":
    describing.ALONE, describing.TASK = 0, 2
    frames = describing.describe_texts([f"film {n}" for n in range(1000)])
    next(frames)
    print(*(each.pid for each in multiprocessing.active_children()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="no kill")
def test_no_process_outlives_the_one_that_is_killed(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    where = {"PYTHONPATH": str(pathlib.Path(__file__).parents[2])}
    command = [sys.executable, str(script)]
    with (tmp_path / "out").open("w+") as out:  # a pipe would wait for the children
        subprocess.run(command, stdout=out, env=os.environ | where)
        out.seek(0)
        pids = [int(pid) for pid in out.read().split()]
    assert pids
    deadline = time.monotonic() + 30
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline, pids
        time.sleep(0.05)


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def read(monkeypatch):
    """Lists of texts that were read, one for each frame."""
    parts = []

    def describe_by_two(texts):
        for start in range(0, len(texts), 2):
            parts.append(texts[start : start + 2])
            if "end here" in parts[-1]:
                raise KeyboardInterrupt
            yield from describe_texts(parts[-1])

    monkeypatch.setattr(caching, "describe_texts", describe_by_two)
    monkeypatch.setattr(caching, "PART", 2)
    return parts


def test_a_text_is_read_once(tmp_path, read):
    first = DescribedTexts(tmp_path).describe(["sea", "war"])
    again = DescribedTexts(tmp_path).describe(["moon", "war", "sea"])
    assert read == [["sea", "war"], ["moon"]]
    assert [*again["text_hash"]] == [text_hash(each) for each in ("moon", "war", "sea")]
    pd.testing.assert_frame_equal(again[:0:-1].reset_index(drop=True), first)


def test_a_run_that_ended_continues_where_it_was(tmp_path, read):
    with pytest.raises(KeyboardInterrupt):
        DescribedTexts(tmp_path).describe(["sea", "war", "moon", "end here"])
    read.clear()
    found = DescribedTexts(tmp_path).describe(["sea", "war", "moon", "sun"])
    assert len(found) == 4
    assert read == [["moon", "sun"]]


def test_a_damaged_file_is_read_again_with_a_warning(tmp_path, read, caplog):
    DescribedTexts(tmp_path).describe(["sea", "war"])
    (path,) = tmp_path.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:100])
    assert len(DescribedTexts(tmp_path).describe(["sea", "war"])) == 2
    assert len(read) == 2
    assert "is damaged" in caplog.text


def test_other_versions_of_the_packages_read_anew(tmp_path, read, monkeypatch):
    DescribedTexts(tmp_path).describe(["sea"])
    monkeypatch.setattr(describing, "RULES", describing.RULES + 1)
    DescribedTexts(tmp_path).describe(["sea"])
    assert read == [["sea"], ["sea"]]


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yake", None)
    with pytest.raises(MissingPackageError, match=r"`yake` is needed.*tfrec\[words\]"):
        DescribedTexts(tmp_path)


def test_names_by_hand():
    words = [["sea", "ship", "film"], ["sea", "film"], ["war", "film"]]
    # Words of a group: 5 and 2, on average 3.5. sea: 2/5 log(1 + 3.5/2) = 0.405;
    # ship: 1/5 log(1 + 3.5) = 0.301; film: 2/5 log(1 + 3.5/3) = 0.309.
    # war: 1/2 log(4.5) = 0.752; film: 1/2 log(1 + 3.5/3) = 0.387.
    assert name_topics(words, np.array([0, 0, 1])) == ["sea, film, ship", "war, film"]


def test_names_are_not_alike():
    words = [["sea", "ship"], ["sea", "ship"], [], ["sea", "ship"]]
    names = name_topics(words, np.array([0, 1, 2, 3]))
    assert names == ["sea, ship", "sea, ship (2)", "", "sea, ship (3)"]
    assert name_topics([[], []], np.array([0, 1])) == ["", ""]


def test_topics_are_the_groups_of_the_vectors_and_stay_the_same():
    rng = np.random.default_rng(0)
    truth = np.arange(20) % 3
    vectors = np.eye(3)[truth] + rng.normal(scale=0.05, size=[20, 3])
    texts = [f"number {n} {['sea', 'war', 'music'][t]}" for n, t in enumerate(truth)]
    topics = find_topics(texts, ["en"] * 20, vectors)
    assert [topic.split(", ")[0] for topic in topics[:3]] == ["sea", "war", "music"]
    assert (topics == topics[truth]).all()
    assert (find_topics(texts, ["en"] * 20, 7 * vectors) == topics).all()
    assert number_of_topics(20) == 3


def test_too_few_texts_have_no_topics():
    assert [*find_topics(["sea", "war"], ["", ""], np.eye(2))] == ["", ""]


def test_packages_are_imported_without_their_warnings(recwarn, monkeypatch):
    monkeypatch.delitem(sys.modules, "jieba", raising=False)
    words_package("jieba")
    assert not recwarn
