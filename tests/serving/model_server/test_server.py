"""Tests of the server through the official stubs: a real process, a real artefact."""

import os
import shutil
import socket
import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.scheduling.parameters import BatchingParameters
from serving.model_server.server import ModelServer
from serving.model_server.server_settings import ServerSettings
from serving.server import main
from tests.serving.programs import run_program
from tests.serving.server_process import fails_with, serving
from tests.serving.slow_servable import DEADLINE_S, SlowServable
from tfrec.export.artefact import read_artefact, required_libraries


@pytest.fixture(scope="module")
def channel(target):
    with grpc.insecure_channel(target) as channel:
        yield channel


@pytest.fixture
def prediction(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture
def model(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


CAFE = "café".encode()


def request(name="toy", signature="", version=None, label="", **inputs):
    """A PredictRequest as TensorFlow's own helpers write it."""
    made = predict_pb2.PredictRequest()
    made.model_spec.name = name
    made.model_spec.signature_name = signature
    if version is not None:
        made.model_spec.version.value = version
    if label:
        made.model_spec.version_label = label
    for key, value in inputs.items():
        made.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return made


def wait_until(is_true):
    """Waits for something that polling brings about."""
    end = time.monotonic() + DEADLINE_S
    while not is_true():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.05)


def test_predict_equals_the_model_in_process(prediction, servable):
    inputs = {
        "user_text": np.array(["ab", ""], object),
        "history_item_ids": np.array([["", "a"], ["café", ""]], object),
        "history_events": np.array([["", "view"], ["skip", ""]], object),
        "history_values": np.array([[0, 1], [2, 0]], "float32"),
        "k": np.array([2, 4], "int32"),
    }
    response = prediction.Predict(request(signature="recommend", **inputs))
    expected = servable.run("recommend", inputs)
    assert set(response.outputs) == {"item_ids", "scores", "probabilities"}
    for name, proto in response.outputs.items():
        np.testing.assert_array_equal(tf.make_ndarray(proto), expected[name])
    spec = response.model_spec
    assert (spec.name, spec.version.value) == ("toy", 1)
    assert spec.signature_name == "recommend"


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        (
            request(user_text=[1]),
            "INVALID_ARGUMENT",
            "`user_text` must be string [?]. Received: int32 [1].",
        ),
        (
            request(user_text=[["a"]]),
            "INVALID_ARGUMENT",
            "`user_text` must be string [?]. Received: string [1, 1].",
        ),
        (
            request(user_text=["", "", ""], now=np.array([1, 2])),
            "INVALID_ARGUMENT",
            "`now` must have as many rows as `user_text`, 3. Received: 2.",
        ),
    ],
)
def test_tensors_are_refused_in_words_of_the_signature(prediction, asked, code, words):
    with fails_with(code, words):
        prediction.Predict(asked)


def test_metadata_is_the_signatures_as_saved(prediction, servable):
    asked = get_model_metadata_pb2.GetModelMetadataRequest()
    asked.model_spec.name = "toy"
    asked.metadata_field.append("signature_def")
    response = prediction.GetModelMetadata(asked)
    assert response.model_spec.version.value == 1
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    assert dict(signatures.signature_def) == servable.artefact.signature_defs
    assert signatures.signature_def["recommend"].defaults["k"].int_val == [10]


def test_what_is_not_implemented_says_what_is(prediction):
    calls = {
        prediction.Classify: classification_pb2.ClassificationRequest(),
        prediction.Regress: regression_pb2.RegressionRequest(),
        prediction.MultiInference: inference_pb2.MultiInferenceRequest(),
    }
    for call, asked in calls.items():
        with fails_with("UNIMPLEMENTED", "Use Predict."):
            call(asked)


def test_health_and_reflection(channel):
    health = health_pb2_grpc.HealthStub(channel)
    for name in ("", "tensorflow.serving.PredictionService"):
        status = health.Check(health_pb2.HealthCheckRequest(service=name)).status
        assert status == health_pb2.HealthCheckResponse.SERVING
    services = set(ProtoReflectionDescriptorDatabase(channel).get_services())
    assert {
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
        "grpc.health.v1.Health",
    } <= services


def test_hot_reload_and_refusal(toy, doubled, tmp_path):
    """Version 2 replaces 1; version 3, half a copy, is refused; 2 goes on."""
    folder = shutil.copytree(toy, tmp_path / "toy")
    config = tmp_path / "models.config"
    write_text_model(tmp_path / "words")
    config.write_text(
        "model_config_list {"
        f' config {{ name: "shop" base_path: "{folder}" }}'
        f' config {{ name: "words" base_path: "{tmp_path / "words"}" }} }}'
    )
    flags = ("--model_config_file", config, "--file_system_poll_wait_seconds=0.05")
    with (
        serving(*map(str, flags)) as server,
        grpc.insecure_channel(server.target) as to,
    ):
        prediction = prediction_service_pb2_grpc.PredictionServiceStub(to)
        model = model_service_pb2_grpc.ModelServiceStub(to)

        def best_score():
            answer = prediction.Predict(request("shop", user_text=["0123456789"]))
            version = answer.model_spec.version.value
            return version, tf.make_ndarray(answer.outputs["scores"])[0, 0]

        answer = prediction.Predict(request("words", text=["CAFÉ"]))
        assert tf.make_ndarray(answer.outputs["folded"]).tolist() == ["café".encode()]
        assert best_score() == (1, 1.0)  # ten letters, a tenth each, times (1, 0)
        copy_aside(doubled, folder, 2)
        wait_until(lambda: best_score()[0] == 2)
        assert best_score() == (2, 2.0)
        copy_aside(doubled, folder, 3, leave_out="variables")
        asked = get_model_status_pb2.GetModelStatusRequest()
        asked.model_spec.name = "shop"
        asked.model_spec.version.value = 3

        def refusal():
            try:
                (status,) = model.GetModelStatus(asked).model_version_status
            except grpc.RpcError:  # not seen yet
                return ""
            return status.status.error_message if status.state == 50 else ""  # END

        wait_until(refusal)
        assert "variables.index must be there" in refusal()
        assert best_score() == (2, 2.0)
        assert server.stop() == 0  # after SIGTERM


def test_other_models_by_request(toy, servable, tmp_path):
    """A canary gets its label; what does not load changes nothing."""
    store = ModelStore(ModelSettings("toy", toy), load=lambda folder: servable)
    server = ModelServer([store], ServerSettings())
    server.start(0, threading.Event())
    asked = model_management_pb2.ReloadConfigRequest()
    toy_config = asked.config.model_config_list.config.add()
    toy_config.name, toy_config.base_path = "toy", str(toy)
    toy_config.version_labels["canary"] = 1
    with grpc.insecure_channel(server.address) as channel:
        model = model_service_pb2_grpc.ModelServiceStub(channel)
        prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        assert model.HandleReloadConfigRequest(asked).status.error_code == 0
        answer = prediction.Predict(request(label="canary", user_text=[""]))
        assert answer.model_spec.version.value == 1
        toy_config.base_path = str(tmp_path)
        with fails_with("FAILED_PRECONDITION", "did not become available: {toy}"):
            model.HandleReloadConfigRequest(asked)
        assert prediction.Predict(request(label="canary", user_text=[""]))
    server.drain()


def test_requests_computed_together(toy, servable):
    """Through stubs without deadlines; each caller has its own `k`."""
    store = ModelStore(ModelSettings("toy", toy), load=lambda folder: servable)
    server = ModelServer([store], ServerSettings(batching=BatchingParameters()))
    server.start(0, threading.Event())
    with grpc.insecure_channel(server.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        asked = [request(user_text=["x"], k=np.array([k], "int32")) for k in range(7)]
        calls = [stub.Predict.future(each) for each in asked]
        with fails_with("INVALID_ARGUMENT", "`k` must be positive."):
            calls[0].result()
        for k, call in enumerate(calls[1:], start=1):
            ids = tf.make_ndarray(call.result().outputs["item_ids"])
            assert ids.tolist() == [[b"a", b"b", b"c", b"d", b"e", CAFE][:k]]
    server.drain()


def write_text_model(folder):
    """A model whose op only tensorflow_text brings: the server must load it."""
    import tensorflow_text

    class Words(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def fold(self, text):
            return {"folded": tensorflow_text.case_fold_utf8(text)}

    words = Words()
    tf.saved_model.save(words, str(folder / "1"), {"serving_default": words.fold})
    assert required_libraries(read_artefact(folder)) == ["tensorflow_text"]


def copy_aside(source, folder, version, leave_out=None):
    aside = folder / f"{version}.aside"
    shutil.copytree(source, aside)
    if leave_out:
        shutil.rmtree(aside / leave_out)
    os.rename(aside, folder / str(version))


def test_draining_finishes_what_is_under_way_and_takes_nothing_new(tmp_path):
    (tmp_path / "1").mkdir()
    slow = SlowServable()
    store = ModelStore(ModelSettings("slow", tmp_path), load=lambda folder: slow)
    server = ModelServer([store], ServerSettings(max_threads=2))
    server.start(0, threading.Event())
    with grpc.insecure_channel(server.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        under_way = stub.Predict.future(request("slow"))
        assert slow.entered.wait(DEADLINE_S)
        draining = threading.Thread(target=server.drain)
        draining.start()
        wait_until(lambda: is_refused(server.address))
        slow.released.set()
        assert under_way.result(DEADLINE_S).outputs["done"].dtype == 1
        draining.join(DEADLINE_S)
        assert not draining.is_alive()


def is_refused(address):
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.UNAVAILABLE
        return False


def test_unexpected_failure_is_internal_and_tells_nothing(tmp_path):
    (tmp_path / "1").mkdir()

    class Broken(SlowServable):
        def run(self, *_):
            raise KeyError("/secret/path")

    store = ModelStore(ModelSettings("broken", tmp_path), load=lambda folder: Broken())
    server = ModelServer([store], ServerSettings(max_threads=2))
    server.start(0, threading.Event())
    with grpc.insecure_channel(server.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with fails_with("INTERNAL", "The server failed; see its log."):
            stub.Predict(request("broken"))
    server.drain()


@pytest.mark.parametrize(
    ("flags", "expected", "words"),
    [
        (["--rest_port=8501"], 2, "Did you mean `--rest_api_port`?"),
        (["--enable_batching=maybe"], 2, "must be true or false. Received: maybe."),
        (["--use_alts_credentials=true"], 1, "Give `--ssl_config_file`."),
        (["--saved_model_tags=serve,tpu"], 1, "must be serve, because"),
        (["--model_base_path=x", "--grpc_channel_arguments=a"], 1, "name=value,…"),
        (
            [
                "--model_base_path=x",
                "--tensorflow_session_parallelism=2",
                "--tensorflow_inter_op_parallelism=1",
            ],
            1,
            "because it sets both. Received: 2, 0, 1.",
        ),
        ([], 1, "Either `--model_base_path` or `--model_config_file` must be given."),
        (
            ["--model_base_path=x", "--batching_parameters_file=y"],
            1,
            "must come with `--enable_batching`",
        ),
        (["--model_base_path=nowhere"], 1, "Received: nowhere, which does not exist."),
        (["--model_config_file=none.config"], 1, "none.config cannot be read"),
    ],
)
def test_exit_codes_of_wrong_flags(monkeypatch, capsys, flags, expected, words):
    assert run_program(monkeypatch, main, *flags) == expected
    assert words in capsys.readouterr().err


def test_taken_port_is_an_error(monkeypatch, capsys, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        flags = f"--port={taken.getsockname()[1]}", f"--model_base_path={tmp_path}"
        assert run_program(monkeypatch, main, *flags) == 1
    assert "Error: `--port` must be free" in capsys.readouterr().err
