"""Tests of tfrec.files."""

import os
import subprocess
import sys

import pytest

from tfrec.files import aside_of, is_file_name, replacing


@pytest.mark.parametrize("name", ["shop", "a.b", "..a", "Läden 2", "-", "…"])
def test_names(name):
    assert is_file_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/", "a\\b", "a\nb", "a\0", "\x7f", "\x1b[0m"]
)
def test_what_is_no_name(name):
    assert not is_file_name(name)


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "report.md"
    path.write_text("old")
    with pytest.raises(TypeError), replacing(path) as aside, open(aside, "w") as file:
        file.writelines(["half", None])
    assert [each.name for each in tmp_path.iterdir()] == ["report.md"]
    assert path.read_text() == "old"


def ended_process():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_leftovers_of_ended_processes_go_and_nothing_else(tmp_path):
    ended, alive = ended_process(), os.getppid()
    ours = [f".out.{ended}.csv", f".out.{os.getpid()}.csv"]
    others = [f".out.{alive}.csv", f".out.{ended}.json", ".out.csv", ".out.v2.csv"]
    others += [f".other.{ended}.csv", f"out.{ended}.csv"]
    for name in [*ours, *others]:
        (tmp_path / name).write_text("half")
    with replacing(tmp_path / "out.csv") as aside:
        aside.write_text("whole")
    left = {each.name for each in tmp_path.iterdir()}
    assert left == {"out.csv", *others}


def test_half_written_folders_go_as_well(tmp_path):
    half = tmp_path / f".3.{ended_process()}"
    (half / "variables").mkdir(parents=True)
    aside = aside_of(tmp_path / "3")
    assert not half.exists()
    assert aside.name == f".3.{os.getpid()}"
