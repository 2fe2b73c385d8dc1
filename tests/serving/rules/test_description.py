"""Tests of python -m serving.rules: what it says of a file."""

import pathlib
import re

import pytest

from serving.rules.__main__ import main
from tests.serving.programs import run_program

ROOT = pathlib.Path(__file__).parents[3]
RULES = """
experiment = "e"

[[boost]]
name = "sale"
categories = ["x"]
labels = ["brand:acme"]
value = 0.5
when = { from = 2026-03-01, domain = "books", arm = "loud" }

[[pin]]
name = "editor"
item = "a"
place = 1

[[pin]]
name = "gone"
item = "zz"
place = 2

[[quota]]
name = "mix"
categories = ["y"]
places = 5
at_least = 1
at_most = 2

[[prefer]]
name = "mine"
categories = ["y"]

[freshness]
weight = 1
half_life_hours = 48

[impressions]
discount = 0.1
free = 3
window_hours = 24

[arm.loud]
share = 0.25
"""


@pytest.fixture
def said(monkeypatch, capsys, tmp_path):
    """Exit code, lines of stdout and stderr for some text and flags."""
    file = tmp_path / "rules.toml"

    def run(text, *flags):
        file.write_text(text, encoding="utf-8")
        code = run_program(monkeypatch, main, file, *flags)
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return run


def test_every_rule_in_a_sentence(said, toy):
    code, lines, _ = said(RULES, "--model", toy, "--now", "2026-02-01")
    assert code == 0
    assert lines[0].endswith(", 7 rules.")
    assert lines[1:] == [
        "Arm loud of the experiment e: 25.0% of the people.",
        '"sale" (arm loud, lists of the domain books): +0.5 on the score of brand:acme '
        "or x, 3 of 6 items. It does not hold at this time.",
        '"editor": item a at place 1, Title of a.',
        '"gone": item zz at place 2, which is not there.',
        '"mix": at least 1 and at most 2 of the first 5 items: y, 3 of 6 items.',
        '"mine": first y, 3 of 6 items.',
        '"freshness": +1 on the score of a new item, half of it after 48 hours.',
        '"impressions": -0.1 on the score for each time beyond 3 that an item was '
        "shown in 24 hours.",
        "Warning: no item of the catalogue has the label brand:acme.",
    ]


def test_the_example_of_the_document_is_right(said):
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"<!-- runs as a test -->\n```toml\n(.*?)```", text, re.S)
    code, lines, told = said(example, "--now", "2026-03-07T12:00:00Z")  # a Saturday
    assert (code, told) == (0, "")
    assert lines[0].endswith(", 8 rules.")
    assert not [line for line in lines if "does not hold" in line]


def test_without_a_model_and_now(said):
    code, lines, _ = said(RULES)
    assert code == 0
    assert '"editor": item a at place 1.' in lines


def test_wrong_files_end_with_1(said, monkeypatch, capsys):
    code, lines, told = said("[[boost]]\nvalue = nan\n[freshness]\n")
    assert (code, lines) == (1, [])
    assert "The rules have 5 problems" in told
    code, _, told = said(RULES, "--now", "soon")
    assert (code, "`--now`" in told) == (1, True)
    assert run_program(monkeypatch, main, "none.toml") == 1
    assert "`FILE` cannot be read" in capsys.readouterr().err
