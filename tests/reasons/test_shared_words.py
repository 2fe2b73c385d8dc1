"""Tests of tfrec.reasons.shared_words."""

import pytest

from tfrec.reasons.shared_words import RareWords, words_of

TITLES = ["The Sea Wolf", "The Quiet Man", "The Sea", "The Year 1977", "安静的海边"]


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ("The Sea Wolf", "the wolf at SEA", ["Wolf", "Sea"]),  # rarest first
        ("The Sea", "the man", []),  # three of five titles have `the`
        ("Sea and sea", "sea", ["Sea"]),  # once
        ("It is 1977", "it is 1977", []),  # too short, and a number
        ("", "sea", []),
        ("Sea", "", []),
        ("ＳＥＡ", "sea", ["ＳＥＡ"]),  # in full width
        ("Straße", "STRASSE", ["Straße"]),
        ("安静的电影", "想看安静电影", ["电影", "安静"]),  # one title has the latter
        ("海", "海", []),  # one character says too little
        ("Quiet{sea}", "quiet", ["Quiet"]),
        ("🌊🌊", "🌊🌊", []),
    ],
)
def test_what_two_texts_share(text, other, expected):
    assert RareWords(TITLES).shared(text, words_of(other)) == expected


def test_three_words_at_most():
    wanted = words_of("delta gamma beta alpha")
    assert len(RareWords().shared("alpha beta gamma delta", wanted)) == 3


def test_common_words_of_a_large_catalogue_are_not_named():
    """Three of a hundred titles are more than 2 % and more than two."""
    titles = [f"title number{i}" for i in range(97)] + ["river"] * 3
    rare = RareWords(titles)
    assert rare.shared("river", words_of("river")) == []
    assert rare.shared("number5", words_of("number5")) == ["number5"]


def test_a_large_catalogue_is_counted_in_part(monkeypatch):
    monkeypatch.setattr("tfrec.reasons.shared_words.MOST_TEXTS", 10)
    rare = RareWords(["river bank"] * 100)
    assert rare.shared("river", words_of("river")) == []


def test_a_long_text_is_read_in_part():
    assert "sea" not in words_of("x" * 10_000 + " sea")
