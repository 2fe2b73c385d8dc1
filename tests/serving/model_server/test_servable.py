"""Tests of tfrec.export.servable on a real saved model."""

import shutil
import sys
import types

import numpy as np
import pytest
import tensorflow as tf

from tests.serving.toy_artefact import (
    embedding_oracle,
    ranking_oracle,
    write_warm_up,
)
from tfrec.client.histories import make_query
from tfrec.client.inputs import recommend_inputs
from tfrec.errors import ArtefactError
from tfrec.export import artefact
from tfrec.export.artefact import load_libraries, read_artefact
from tfrec.export.servable import Servable
from tfrec.export.version_folders import version_folder
from tfrec.export.warmup import WARMUP_FILE
from tfrec.protocol.status import RequestError

HISTORY = [("a", "view", 1.0, 0), ("e", "skip", 0.5, 86_400)]


def texts(*values):
    return np.array(values, object)


def test_absent_inputs_take_their_defaults_for_the_whole_batch(servable):
    """Only user_text is given; k is 10 by default, so all six items come."""
    answer = servable.run("", {"user_text": texts("four", "", "")})
    assert answer["item_ids"].shape == (3, 10)
    expected = ranking_oracle(embedding_oracle(user_text="four"))
    assert [i.decode() for i in answer["item_ids"][0] if i] == expected
    assert (answer["scores"][1:, :6] == 0).all()


def test_every_tensor_has_the_batch(servable):
    """Whether or not a graph broadcasts: all inputs share their first dimension."""
    seen = {}

    def recommend(**tensors):
        seen.update({name: tensor.shape[0] for name, tensor in tensors.items()})
        return dict.fromkeys(("item_ids", "probabilities", "scores"), tf.constant(0))

    other = Servable(servable.artefact, types.SimpleNamespace(signatures={}))
    other.answer_by({"recommend": recommend})
    other.run("recommend", {"user_text": texts(*"abc")})
    assert seen == dict.fromkeys(servable.artefact.signatures["recommend"].inputs, 3)


def test_equals_the_oracle_and_the_plain_saved_model(servable, toy):
    now = 2 * 86_400
    query = make_query(HISTORY, now, user_text="ab", query_text="abc", k=3)
    inputs = recommend_inputs([query]) | {"history_texts": texts("")[:, None]}
    answer = servable.run("recommend", inputs)
    expected = ranking_oracle(
        embedding_oracle(HISTORY, "ab", "abc", now), ["a", "e"], 3
    )
    assert [i.decode() for i in answer["item_ids"][0]] == expected
    plain = tf.saved_model.load(str(toy / "1")).signatures["recommend"]
    for name, tensor in plain(**{k: tf.constant(v) for k, v in inputs.items()}).items():
        np.testing.assert_array_equal(answer[name], tensor.numpy())


def test_only_the_outputs_asked_for(servable):
    answer = servable.run("recommend", {"user_text": texts("")}, ["scores"])
    assert list(answer) == ["scores"]


@pytest.mark.parametrize(
    ("signature", "inputs", "code", "words"),
    [
        ("nope", {}, "FAILED_PRECONDITION", 'Serving signature key "nope" not found.'),
        (
            "",
            {},
            "INVALID_ARGUMENT",
            "user_text(feed name: serving_default_user_text:0) not found in request",
        ),
        (
            "",
            {"user_text": texts(""), "user": texts("")},
            "INVALID_ARGUMENT",
            "Inputs contains invalid name. Used request inputs: user_text, ",
        ),
        (
            "",
            {"user_text": texts(""), "k": np.array([1.0], "float32")},
            "INVALID_ARGUMENT",
            "`k` must be int32 [?]. Received: float32 [1].",
        ),
        (
            "",
            {"user_text": texts(""), "history_item_ids": texts("a")},
            "INVALID_ARGUMENT",
            "`history_item_ids` must be string [?, ?]. Received: string [1].",
        ),
        (
            "recommend_from_interest",
            {"interest": np.zeros((1, 3), "float32")},
            "INVALID_ARGUMENT",
            "`interest` must be float32 [?, 2]. Received: float32 [1, 3].",
        ),
        (
            "",
            {"user_text": texts("", "", ""), "k": np.array([1, 2], "int32")},
            "INVALID_ARGUMENT",
            "`k` must have as many rows as `user_text`, 3. Received: 2.",
        ),
        (
            "",
            {"user_text": texts(""), "k": np.array([0], "int32")},
            "INVALID_ARGUMENT",
            "assertion failed: [`k` must be positive.",
        ),
        (
            "",
            {
                "user_text": texts(""),
                "history_item_ids": texts("a", "b")[None],
                "history_values": np.ones((1, 3), "float32"),
            },
            "INVALID_ARGUMENT",
            "dimension",
        ),
    ],
)
def test_wrong_requests(servable, signature, inputs, code, words):
    with pytest.raises(RequestError) as caught:
        servable.run(signature, inputs)
    assert caught.value.code.name == code
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (["ids"], "output tensor alias not found in signature: ids"),
        (["scores", "scores"], "duplicate output tensor alias: scores"),
    ],
)
def test_wrong_output_filter(servable, outputs, words):
    with pytest.raises(RequestError, match=words):
        servable.run("", {"user_text": texts("")}, outputs)


def test_warm_up_is_replayed(servable):
    assert servable.replay_warm_up() == 1


def test_bad_warm_up_record_names_its_number(toy, tmp_path):
    folder = shutil.copytree(toy / "1", tmp_path / "1")
    write_warm_up(folder, {"user_text": [1.0]})
    with pytest.raises(ArtefactError, match=r"record 1: .*`user_text` must be string"):
        Servable.load(folder).replay_warm_up()


def test_cut_warm_up_file(toy, tmp_path):
    folder = shutil.copytree(toy / "1", tmp_path / "1")
    path = folder / WARMUP_FILE
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(
        ArtefactError, match="tf_serving_warmup_requests cannot be read"
    ):
        Servable.load(folder).replay_warm_up()


def test_newest_version_of_a_model_folder(tmp_path):
    for name in ("2", "10", "notes", "11.partial"):
        (tmp_path / name).mkdir()
    assert version_folder(tmp_path).name == "10"


@pytest.mark.parametrize("content", [b"nonsense", b""])
def test_broken_saved_model(tmp_path, content):
    (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(
        ArtefactError, match=r"saved_model.pb (cannot be read|must hold a graph)"
    ):
        read_artefact(tmp_path)


def test_changed_variables_are_an_artefact_error(toy, tmp_path):
    folder = shutil.copytree(toy / "1", tmp_path / "1")
    (data,) = folder.glob("variables/*.data-*")
    data.write_bytes(data.read_bytes()[::-1])
    with pytest.raises(ArtefactError, match="cannot be loaded"):
        Servable.load(folder)


def test_folder_without_a_model(tmp_path):
    with pytest.raises(ArtefactError, match="or integer version folders"):
        read_artefact(tmp_path)


def with_ops(toy, **ops):
    read = read_artefact(toy)
    return artefact.Artefact(
        read.folder, read.signatures, read.signature_defs, read.ops | ops, read.manifest
    )


def test_missing_library_is_named(toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "scann", None)
    needs_scann = with_ops(toy, **{"Scann>ScannSearch": 1})
    with pytest.raises(ArtefactError, match=r"needs the ops of `scann`.*exact flavour"):
        load_libraries(needs_scann)


def test_op_of_no_known_library_is_named(toy):
    with pytest.raises(ArtefactError, match="nor scann brings: Quantum"):
        load_libraries(with_ops(toy, Quantum=1))


def test_a_graph_that_changed_since_it_was_saved(toy, tmp_path):
    """One byte of a constant: it parses, loads, and would answer with another id."""
    folder = shutil.copytree(toy / "1", tmp_path / "1")
    path = folder / "saved_model.pb"
    content = path.read_bytes()
    assert "café".encode() in content
    path.write_bytes(content.replace("café".encode(), "cafè".encode()))
    with pytest.raises(ArtefactError, match=r"saved_model.pb is not what was saved"):
        Servable.load(folder)
    (folder / "fingerprint.pb").write_bytes(b"nonsense")
    with pytest.raises(ArtefactError, match=r"fingerprint.pb cannot be compared"):
        Servable.load(folder)
    (folder / "fingerprint.pb").unlink()  # as old savers leave it
    answer = Servable.load(folder).run("", {"user_text": texts("")})
    assert "cafè".encode() in answer["item_ids"][0].tolist()
