"""The README's example runs, and what the documents name exists."""

import pathlib
import re
import subprocess
import sys

import pytest

from tfrec.config import load_config
from tfrec.export.signatures import DEFAULTS, INPUTS, SPECS

ROOT = pathlib.Path(__file__).parents[1]
RUNNABLE = re.compile(r"<!-- runs as a test -->\n```python\n(.*?)```", re.DOTALL)
CHINESE = ROOT / "README.zh-CN.md"
DOCUMENTS = [ROOT / "README.md", CHINESE, *sorted((ROOT / "docs").rglob("*.md"))]


def run_example(path, folder):
    """What the example of a document prints."""
    (example,) = RUNNABLE.findall(path.read_text(encoding="utf-8"))
    command = [sys.executable, "-X", "utf8", "-c", example]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_chinese_example_gives_reasons(tmp_path):
    printed = run_example(CHINESE, tmp_path)
    reasons = re.findall(r"因为您买过“([248]) 号绿茶”", printed)
    assert len(reasons) == 3
    assert "号咖啡" not in printed


@pytest.mark.slow
def test_the_example_runs(tmp_path):
    printed = run_example(ROOT / "README.md", tmp_path)
    answers = re.findall(r"^\d +0 +\d +(\d+) ", printed, re.MULTILINE)
    answered = set(answers)
    assert (len(answers), len(answered)) == (6, 3)  # in memory and from the folder
    assert not answered & {"2", "4", "8"}  # what the user already has


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^):]+)\)", path.read_text())
    broken = [link for link in links if not leads_somewhere(path, link)]
    assert not broken


def leads_somewhere(path, link):
    """Whether a link's file exists and, if it names one, the heading in it."""
    name, _, heading = link.partition("#")
    file = path.parent / name if name else path
    return file.exists() and (not heading or heading in anchors(file.read_text()))


def anchors(text):
    """GitHub's names of the headings: lower case, no punctuation, `-` for blanks."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_named_programs_exist(path):
    modules = re.findall(r"python -m ([a-z_.]+)", path.read_text())
    absent = [name for name in modules if not module_file(name).is_file()]
    assert not absent


def module_file(name):
    path = ROOT / pathlib.Path(*name.split("."))
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


def test_named_settings_exist():
    sections = "data|text|model|train|evaluation|export|run"
    for path in DOCUMENTS:
        for name in re.findall(rf"`(?:{sections})\.\w+", path.read_text()):
            section, key = name.strip("`").split(".")
            assert hasattr(getattr(load_config(), section), key), (path.name, name)


def test_the_table_of_inputs_is_complete_and_right():
    text = (ROOT / "docs" / "artefact.md").read_text()
    rows = re.findall(
        r"^\| (?:\*[^*]+:\* )?(`[^|]+) \| (\w+) \[([^\]]*)\] \| ([^|]+) \|",
        text,
        re.MULTILINE,
    )
    told = {}
    for names, dtype, shape, default in rows:
        for name in re.findall(r"`(\w+)`", names):
            told[name] = (dtype, shape.count(",") + 1, default.strip())
    assert told.keys() == {name for names in INPUTS.values() for name in names}
    for name, (dtype, rank, default) in told.items():
        assert (dtype, rank) == (SPECS[name].dtype.name, SPECS[name].shape.rank), name
        assert (default == "required") == (name not in DEFAULTS), name
