"""Tests of serving.local: what it says of a program that does not come up."""

import re

import pytest

from serving import local as server_process
from serving.local import running_program
from tfrec.errors import ServingError

LISTENING = re.compile(r"Running at (\S+)")


def start(tmp_path, code):
    (tmp_path / "late.py").write_text(code, encoding="utf-8")
    with running_program(["late"], LISTENING, tmp_path / "late.log"):
        pytest.fail("It is not running.")


@pytest.fixture(autouse=True)
def found_here(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_one_that_ends_is_told_apart(tmp_path):
    words = r"(?s)late ended before it was ready, with exit code 3\. .*no disk"
    with pytest.raises(ServingError, match=words):
        start(tmp_path, "import sys\nprint('no disk', file=sys.stderr)\nsys.exit(3)")


def test_one_that_takes_too_long_is_ended_and_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(server_process, "START_S", 0.2)
    words = r"late was not ready within 0\.2 seconds and was ended\. .*try again"
    with pytest.raises(ServingError, match=words):
        start(tmp_path, "import time\ntime.sleep(60)")
