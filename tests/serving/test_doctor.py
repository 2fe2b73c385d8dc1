"""Tests of serving.doctor."""

import json
import shutil

import pytest

from serving.doctor import main
from serving.examination import check_manifest, find_facts
from tests.serving.programs import run_program
from tfrec.export.artefact import Artefact, read_artefact


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the program on a folder; gives exit code, stdout and stderr."""

    def run(folder):
        code = run_program(monkeypatch, main, folder)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def copy(toy, tmp_path):
    """A version folder that may be broken."""
    return shutil.copytree(toy / "1", tmp_path / "toy" / "1")


def edit_manifest(folder, **values):
    path = folder / "assets.extra" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def with_ops(artefact, **ops):
    return Artefact(
        artefact.folder,
        artefact.signatures,
        artefact.signature_defs,
        artefact.ops | ops,
        artefact.manifest,
    )


def test_sound_model_by_its_model_folder(run, toy):
    code, out, _ = run(toy)
    assert code == 0
    assert str(toy / "1") in out
    assert "op libraries: none beyond TensorFlow's own" in out
    assert "any stock tensorflow_model_server" in out
    assert "recommend_from_interest" in out
    assert "answered its 1 warm-up requests" in out


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ("FastBertNormalize", "any stock tensorflow_model_server from 2.20 on"),
        ("Scann>ScannSearch", "built with ScaNN (no stock one)"),
    ],
)
def test_ops_decide_the_server(toy, op, words):
    assert words in find_facts(with_ops(read_artefact(toy), **{op: 3}))["runs on"]


def test_manifest_that_hides_a_library(toy):
    problems = check_manifest(with_ops(read_artefact(toy), **{"Scann>ScannSearch": 1}))
    assert problems == [
        "`ops.required_libraries` must name every library whose ops are used. "
        "Missing: scann.",
    ]


def test_manifest_that_promises_too_much(run, copy):
    edit_manifest(copy, signatures=["recommend", "dance"])
    code, _, err = run(copy)
    assert code == 1
    assert "`signatures` must be those of saved_model.pb, which lacks dance." in err


def test_manifest_without_a_key(run, copy):
    path = copy / "assets.extra" / "manifest.json"
    path.write_text('{"name": "toy"}')
    code, _, err = run(copy)
    assert code == 1
    assert "`version` must be there." in err
    assert "`max_history_length` must be there." in err


def damage(copy, name, content):
    (copy / name).write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("saved_model.pb", b"nonsense", "saved_model.pb cannot be read"),
        ("assets.extra/manifest.json", b"{", "manifest.json is not valid JSON"),
        ("assets.extra/manifest.json", b"{}", "manifest.json must be there"),
        ("variables/variables.index", b"", "must be a whole index of variables"),
        ("assets.extra/tf_serving_warmup_requests", b"x", "must hold requests"),
    ],
)
def test_broken_files(run, copy, name, content, words):
    damage(copy, name, content)
    code, _, err = run(copy)
    assert code == 1
    assert words in err
    assert err.startswith("Error: ")


def test_no_model_there(run, tmp_path):
    code, _, err = run(tmp_path)
    assert code == 1
    assert "must hold `saved_model.pb` or integer version folders" in err


def test_how_much_of_the_texts_the_model_reads(run, copy):
    texts = {"encoder": "minilm", "unknown_tokens": 0.25, "scripts": {"Han": 1.0}}
    edit_manifest(copy, texts=texts)
    _, out, _ = run(copy)
    words = (
        "texts: read by minilm; 25.0% of the tokens unknown to it, 100.0% Han letters"
    )
    assert words in out
