"""Saved models in TensorFlow's C API: no Python TensorFlow, no tfrec.

It reads, restores and runs a saved model by the code of tensorflow_model_server.
"""

import importlib.util
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.wrong import WRONG_TENSORS
from tests.export import c_api
from tests.scann_here import need_scann
from tfrec.export.ops import check_ops, read_saved_model
from tfrec.export.verification import compare
from tfrec.export.warmup import fill_defaults, read_warmup

TEXT = "tensorflow_text/python/ops"
OP_LIBRARIES = {
    "tensorflow_text": [
        f"{TEXT}/_fast_bert_normalizer.so",
        f"{TEXT}/_fast_wordpiece_tokenizer.so",
    ],
    "scann": ["scann/scann_ops/cc/_scann_ops.so"],
}
INVALID_ARGUMENT = 3
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="The wheels' shared libraries are named so there."
)


def run_c_api(folder, requests, libraries):
    """Answers of the C API, `[{output name: array}]`; absent inputs stay absent.

    That to a request which TensorFlow refuses is its code.
    """
    packages = pathlib.Path(importlib.util.find_spec("tensorflow").origin).parents[1]
    paths = [packages / path for name in libraries for path in OP_LIBRARIES[name]]
    signatures = read_saved_model(folder).meta_graphs[0].signature_def
    job = {
        "tensorflow": str(packages / "tensorflow"),
        "op_libraries": list(map(str, paths)),
        "model": str(folder),
        "requests": [_to_names(signatures[name], inputs) for name, inputs in requests],
    }
    done = subprocess.run(
        [sys.executable, "-P", c_api.__file__],
        input=json.dumps(job),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [
        _arrays(signatures[name].outputs, answer)
        for (name, _), answer in zip(requests, json.loads(done.stdout), strict=True)
    ]


def _to_names(signature, inputs):
    """A request of `c_api`: tensor names, DataType numbers and lists."""
    feeds = {
        signature.inputs[key].name: [
            tf.as_dtype(value.dtype).as_datatype_enum,
            _to_lists(value),
        ]
        for key, value in inputs.items()
    }
    fetches = {key: info.name for key, info in signature.outputs.items()}
    return {"feeds": feeds, "fetches": fetches}


def _to_lists(array):
    if array.dtype != object:
        return array.tolist()
    return np.vectorize(tf.compat.as_str, otypes=[object])(array).tolist()


def _arrays(outputs, answer):
    if "refused" in answer:
        return answer["refused"]
    return {name: _array(outputs[name], values) for name, values in answer.items()}


def _array(info, values):
    if info.dtype == c_api.STRING:
        return np.vectorize(tf.compat.as_bytes, otypes=[object])(values)
    return np.array(values, c_api.NUMBERS[info.dtype])


def run_python(folder, requests):
    """Answers of `tf.saved_model.load` in this process."""
    loaded = tf.saved_model.load(str(folder))
    answers = []
    for name, inputs in fill_defaults(folder, requests):
        tensors = {key: tf.constant(value) for key, value in inputs.items()}
        outputs = loaded.signatures[name](**tensors)
        answers.append({key: value.numpy() for key, value in outputs.items()})
    return answers


def test_the_toy_answers_by_hand(toy, requests, answers):
    """Strings longer and shorter than a TF_TString holds inside, floats, integers."""
    long = np.array(["x" * 100], object)  # a tenth of its bytes: (10, 0)
    requests.append(("embed_query", {"user_text": long}))
    answers.append({"embedding": np.array([[10, 0]], np.float32)})
    found = run_c_api(toy, requests, [])
    for expected, answer in zip(answers, found, strict=True):
        assert compare(expected, answer) == []


@pytest.fixture(scope="module")
def scann_folder(tmp_path_factory):
    """Version folder of a ScaNN index over vectors chosen by a WordPiece id."""
    need_scann()
    from tfrec.retrieval.scann import ScannIndex
    from tfrec.text.tokenizer import WordPieceTokenizer

    vectors = np.random.default_rng(0).normal(size=(600, 8)).astype("float32")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"item-{row}" for row in range(600)]
    words = ["red", "green", "blue"]
    tokenizer = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words], 8)
    module = tf.Module()
    module.tokenizer, module.index = tokenizer, ScannIndex().build(ids, vectors)
    none = tf.constant([[""]])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="user_text"),
            tf.TensorSpec([None, None], tf.string, name="exclude_item_ids"),
        ]
    )
    def recommend(user_text, exclude_item_ids=none):
        token_ids, _ = tokenizer(user_text)
        queries = tf.gather(vectors, token_ids[:, 1])  # behind [CLS]
        found = module.index.search(queries, 5, exclude_ids=exclude_item_ids)
        return dict(zip(["item_ids", "scores"], found, strict=True))

    folder = tmp_path_factory.mktemp("scann")
    options = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
    tf.saved_model.save(module, str(folder), {"recommend": recommend}, options)
    return folder


def test_scann_and_text_ops_run_without_python(scann_folder):
    texts = np.array(["red", "Blue!", "grün"], object)
    seen = np.array([["item-4", ""], ["", ""], ["item-1", "item-9"]], object)
    inputs = {"user_text": texts, "exclude_item_ids": seen}
    requests = [("recommend", inputs), ("recommend", {"user_text": texts[:1]})]
    libraries = check_ops(scann_folder, {"scann"})["required_libraries"]
    assert libraries == ["scann", "tensorflow_text"]
    expected = run_python(scann_folder, requests)
    found = run_c_api(scann_folder, requests, libraries)
    for each, answer in zip(expected, found, strict=True):
        assert compare(each, answer) == []
    # Words 4 to 6; a unit vector is nearest itself, unless it is excluded.
    assert found[0]["item_ids"][1, 0] == b"item-6"
    assert b"item-4" not in found[0]["item_ids"][0]
    assert found[1]["item_ids"][0, 0] == b"item-4"


@pytest.mark.parametrize(
    "flavour", ["exact", pytest.param("scann", marks=pytest.mark.slow)]
)
def test_a_trained_artefact_answers_without_python(artefact_folders, flavour):
    folder = artefact_folders[flavour]
    requests = read_warmup(folder)
    libraries = check_ops(folder, {flavour} & {"scann"})["required_libraries"]
    wrong = list(WRONG_TENSORS.values())
    answers = run_c_api(folder, requests + wrong, libraries)
    found, refusals = answers[: len(requests)], answers[len(requests) :]
    expected = run_python(folder, requests)
    for (name, _), each, answer in zip(requests, expected, found, strict=True):
        assert compare(each, answer) == [], name
    assert any(name == "recommend" for name, _ in requests)
    assert dict(zip(WRONG_TENSORS, refusals, strict=True)) == dict.fromkeys(
        WRONG_TENSORS, INVALID_ARGUMENT
    )
