"""Tests of copies that are not whole, through the server's loader and both programs."""

import re
import shutil

import pandas as pd
import pytest
import tensorflow as tf

from serving import batch_score, doctor
from tests.serving.programs import run_program
from tfrec.errors import ArtefactError
from tfrec.export.copies import check_variables
from tfrec.export.servable import Servable
from tfrec.export.variables_index import data_sizes

DATA = "variables/variables.data-00000-of-00001"
POINTER = b"""version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 987654
"""


@pytest.fixture
def copy(toy, tmp_path):
    """A version folder that may be broken."""
    return shutil.copytree(toy / "1", tmp_path / "toy" / "1")


def cut(name, size):
    def change(folder):
        path = folder / name
        path.write_bytes(path.read_bytes()[:size])

    return change


def pointer(name):
    return lambda folder: (folder / name).write_bytes(POINTER)


def without(name):
    return lambda folder: (folder / name).unlink()


CASES = {
    "no variables": (
        lambda folder: shutil.rmtree(folder / "variables"),
        "variables.index must be there, .*Received: no such file.*`variables`",
    ),
    "no data": (without(DATA), "00001 must have {size} bytes, .*no such file"),
    "data cut short": (cut(DATA, 9), "00001 must have {size} bytes, .*Received: 9[.]"),
    "index cut short": (
        cut("variables/variables.index", 99),
        "must be a whole index of variables. Received: 99 bytes",
    ),
    "empty index": (cut("variables/variables.index", 0), "Received: 0 bytes"),
    "empty graph": (
        cut("saved_model.pb", 0),
        "must hold a graph tagged `serve`. Received: 0 bytes",
    ),
    "graph cut short": (cut("saved_model.pb", 1000), "saved_model.pb cannot be read"),
    "pointer of the graph": (
        pointer("saved_model.pb"),
        "saved_model.pb must have 987654 bytes. Received: a pointer of Git LFS, 131",
    ),
    "pointer of the data": (pointer(DATA), "Run `git lfs pull`"),
    "pointer of the items": (
        pointer("assets.extra/items.parquet"),
        "items.parquet must have 987654 bytes",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_server_says_what_to_copy(copy, case):
    size = (copy / DATA).stat().st_size
    change, words = CASES[case]
    change(copy)
    with pytest.raises(ArtefactError, match=words.format(size=size)) as caught:
        Servable.load(copy)
    assert "opy the version again" in str(caught.value)


@pytest.mark.parametrize("program", ["doctor", "batch_score"])
def test_programs_say_it_too(copy, tmp_path, monkeypatch, capsys, program):
    cut(DATA, 9)(copy)
    if program == "doctor":
        code = run_program(monkeypatch, doctor.main, copy)
    else:
        row = {"user_id": ["u"], "item_id": ["a"], "timestamp": [1]}
        pd.DataFrame(row).to_csv(tmp_path / "log.csv", index=False)
        flags = {"model": copy, "events": tmp_path / "log.csv"}
        flags |= {"out": tmp_path / "out.csv"}
        words = [f"--{name}={value}" for name, value in flags.items()]
        code = run_program(monkeypatch, batch_score.main, *words)
    assert code == 1
    words = r"must have \d+ bytes, because the index beside it"
    assert re.search(words, capsys.readouterr().err)


def test_sizes_by_the_index_are_those_of_the_files(tmp_path):
    """Of an index of several blocks, and of strings."""
    rows = {f"v{n}": tf.Variable(tf.ones([n + 1, 3])) for n in range(300)}
    saved = tf.train.Checkpoint(**rows, words=tf.Variable(["a", "b" * 300]))
    saved.write(str(tmp_path / "variables"))
    assert (tmp_path / "variables.index").stat().st_size > 3 * 4096  # bytes of a block
    sizes = data_sizes(tmp_path / "variables.index")
    files = {p.name: p.stat().st_size for p in tmp_path.glob("*.data-*")}
    assert sizes == files


def test_a_longer_file_is_no_fault(copy):
    with (copy / DATA).open("ab") as file:
        file.write(b"more")
    check_variables(copy)
