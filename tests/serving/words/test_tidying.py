"""Tests of serving.words.tidying: the text in what a model wrote around it."""

import pytest

from serving.words.facts import Facts
from serving.words.tidying import tidy
from tests.serving.words.made_up import evidence

FACTS = Facts.of([evidence(title="Mr. Bean's Day (1997)", about="St. Ives. A film")])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("One. Two.", "One."),
        ("\n\n  One!\nTwo.", "One!"),
        ('"One."', "One."),
        ('"One" and "two".', '"One" and "two".'),
        ("You may like “Mr. Bean’s Day”. More.", "You may like “Mr. Bean’s Day”."),
        ("It is St. Ives. A film. More.", "It is St. Ives. A film."),
        ("一句。二句。", "一句。"),
        ("No end", "No end"),
        ("", ""),
    ],
)
def test_a_text_is_the_first_sentence(raw, expected):
    assert tidy(raw, "reason", FACTS, is_cut=False) == expected


def test_a_sentence_that_was_cut_is_none():
    assert tidy("One. And tw", "reason", FACTS, is_cut=True) == "One."
    assert tidy("One and tw", "reason", FACTS, is_cut=True) == ""


def test_a_digest_is_a_heading_and_a_sentence():
    assert tidy("Head\n\nOne. Two.\nThree.", "digest", FACTS, False) == "Head\nOne."
    assert tidy("Head", "digest", FACTS, False) == ""
    assert tidy("Head\nOne and tw", "digest", FACTS, True) == ""


def test_a_flood_is_not_read_to_its_end():
    assert tidy("sea " * 10**6, "reason", FACTS, is_cut=False).count("sea") == 1000
