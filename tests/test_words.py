"""Words of our own that stand for terms of the field have no place in front of people.

Documents and everything that programs say are read: help, log lines, errors, reports.
"""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PRIVATE = {  # ours: the field's
    r"hears?|heard": "reads, includes",
    r"told": "gets, reports",
    r"stands?|stood": "is",
    r"goes on|go on|went on": "continues",
    r"of before": "previous",
    r"anew": "again",
    r"passed over": "skipped",
    r"own past": "repeat consumption",
    r"wish(?:es)?": "options",
    r"proven?": "verified",
    r"script that is not in the repository": "measured once",
    r"own items": "repeat consumption",
    r"(?:lexical|collaborative|prior|opinion|closed-form) blocks?": "scorers by name",
    r"companions": "EASE",
    r"made.up search(?:es)?": "query augmentation",
    r"first ids": "spectral initialisation",
    r"score pool": "candidate pool",
}
FOUND = re.compile(rf"\b(?:{'|'.join(PRIVATE)})\b", re.IGNORECASE)
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "serving" / "deploy").rglob("*.md")),
]
CODE = [
    path
    for room in ("tfrec", "training", "serving")
    for path in sorted((ROOT / room).rglob("*.py"))
]


def said(path):
    """The strings of a module that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, owners) and ast.get_docstring(node)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_documents_use_the_terms_of_the_field(path):
    text = path.read_text(encoding="utf-8")
    found = [text[m.start() - 40 : m.end() + 40] for m in FOUND.finditer(text)]
    assert not found


def test_programs_use_the_terms_of_the_field():
    found = {
        str(path.relative_to(ROOT)): words
        for path in CODE
        if (words := [text for text in said(path) if FOUND.search(text)])
    }
    assert not found
