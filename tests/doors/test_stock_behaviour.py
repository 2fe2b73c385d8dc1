"""The model server as operators of tensorflow_model_server know it, by its ports."""

import http.client
import json
import re
import shutil
import threading
import time

import grpc
import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.server import ModelServer
from serving.model_server.server_settings import ServerSettings
from tests.serving.model_server.rest.asking import Http
from tests.serving.server_process import fails_with, serving
from tests.serving.toy_artefact import write_toy
from tfrec.client.client import RecommenderClient

PREDICT = "/v1/models/toy:predict"
WAIT_S = 60
NOW_MS = 1_700_000_000_000
INPUTS = {  # of the toy's `recommend`: their types' numbers
    "user_text": 7,
    "history_item_ids": 7,
    "history_values": 1,
    "history_timestamps": 9,
    "now": 9,
    "k": 3,
    "allow_repeats": 10,
}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """The toy's model folder, its version 1 named as some exporters name it."""
    folder = tmp_path_factory.mktemp("stock") / "toy"
    write_toy(folder).rename(folder / "0000001")
    return folder


@pytest.fixture(scope="module")
def cut_short(toy):
    """A model folder beside it, whose data did not come over whole."""
    folder = toy.with_name("cut_short")
    shutil.copytree(toy, folder)
    data = folder / "0000001" / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    return folder


def config_of(**folders):
    models = (f'config {{ name: "{n}" base_path: "{f}" }}' for n, f in folders.items())
    return f"model_config_list {{ {' '.join(models)} }}"


@pytest.fixture(scope="module")
def config(toy, cut_short):
    """A file of two models, one of which cannot be read."""
    path = toy.with_name("models.config")
    path.write_text(config_of(cut_short=cut_short, toy=toy))
    return path


@pytest.fixture(scope="module")
def server(config):
    """One whose flags a manifest for the stock server might hold."""
    flags = {
        "model_config_file": config,
        "model_config_file_poll_wait_seconds": 0.05,
        "file_system_poll_wait_seconds": 0.05,
        "model_name": "ignored",
        "model_base_path": "ignored",
        "rest_api_port": 0,
        "grpc_socket_path": config.with_name("socket"),
        "grpc_channel_arguments": "grpc.max_connection_age_ms=600000",
        "enable_serialization_as_tensor_content": "true",
        "enable_batching": "false",
        "enable_model_warmup": "true",
        "tensorflow_intra_op_parallelism": 1,
        "tensorflow_session_parallelism": 0,
        "num_load_threads": 4,
        "enable_profiler": "false",
    }
    with serving(*(f"--{name}={value}" for name, value in flags.items())) as process:
        yield process


@pytest.fixture(scope="module")
def rest(toy):
    """HTTP connection to a server of the toy alone, in this process."""
    settings = ServerSettings(rest_port=0, has_cors=True)
    server = ModelServer([ModelStore(ModelSettings("toy", toy))], settings)
    server.start(0, threading.Event())
    with Http(server.rest_address) as asking:
        asking.connection.timeout = WAIT_S
        asking.address, asking.grpc = server.rest_address, server.address
        yield asking
    server.drain()


@pytest.fixture(scope="module")
def stub(rest):
    """The official stub of the same server."""
    with grpc.insecure_channel(rest.grpc) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


def request(model="toy", **inputs):
    made = predict_pb2.PredictRequest()
    made.model_spec.name = model
    for name, value in inputs.items():
        is_proto = isinstance(value, tensor_pb2.TensorProto)
        made.inputs[name].CopyFrom(value if is_proto else tf.make_tensor_proto(value))
    return made


# === A manifest of the stock server's ===


@pytest.mark.parametrize("where", ["port", "socket"])
def test_answers_in_tensor_content(server, config, where):
    socket = f"unix:{config.with_name('socket')}"
    target = server.target if where == "port" else socket
    with grpc.insecure_channel(target) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = stub.Predict(request(user_text=["0123456789"]))
    assert answer.model_spec.version.value == 1
    scores = answer.outputs["scores"]
    assert len(scores.tensor_content) == 10 * 4
    assert not scores.float_val
    assert tf.make_ndarray(scores)[0, 0] == 1.0  # ten letters, a tenth each
    assert answer.outputs["item_ids"].string_val[0] == b"a"


def test_answers_in_the_fields_of_their_types(stub):
    outputs = stub.Predict(request(user_text=["0123456789"])).outputs
    assert outputs["scores"].float_val[0] == 1.0
    assert not any(proto.tensor_content for proto in outputs.values())


def test_our_client_reads_both(server, rest):
    answers = []
    for target in (server.target, rest.grpc):
        with RecommenderClient(target, "toy") as client:
            answers.append(client.recommend(["a"], k=3))
    assert answers[0] == answers[1]
    assert [item.item_id for item in answers[0]] == ["b", "c", "d"]


def test_flags_without_effect_are_one_line_of_the_log(server):
    assert (
        "`--model_config_file` is used, and `--model_base_path` is ignored."
        in server.log()
    )
    (line,) = [x for x in server.log().splitlines() if "Flags without effect" in x]
    assert "--enable_profiler (there is no" in line
    assert "--num_load_threads (versions are" in line


def status(target, model):
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.name = model
    with grpc.insecure_channel(target) as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        return stub.GetModelStatus(asked).model_version_status


def test_a_copy_that_is_not_whole_harms_no_other_model(server):
    (version,) = status(server.target, "cut_short")
    assert (version.version, version.state) == (1, 50)  # END
    words = r"must have \d+ bytes, because the index .* Received: \d+\."
    assert re.search(words, version.status.error_message)
    (version,) = status(server.target, "toy")
    assert version.state == 30  # AVAILABLE


def test_the_file_of_models_is_read_again(server, config, toy):
    def ready(model):
        try:
            return [each.state for each in status(server.target, model)] == [30]
        except grpc.RpcError:
            return False

    config.write_text(config_of(toy=toy, other=toy))
    wait_until(lambda: ready("other"))
    config.write_text("model_config_list {")
    wait_until(lambda: "models.config cannot be read" in server.log())
    assert ready("other")
    config.write_text(config_of(toy=toy))
    wait_until(lambda: not ready("other"))
    assert ready("toy")


def wait_until(is_true):
    end = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.05)


def test_pages_of_other_sites_may_ask(rest):
    headers = {"Origin": "https://shop.example"}
    asked = headers | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    connection = http.client.HTTPConnection(rest.address)
    connection.request("OPTIONS", PREDICT, None, asked)
    answer = connection.getresponse()
    assert answer.status == 200
    assert "POST" in answer.headers["access-control-allow-methods"]
    answer.read()
    body = json.dumps({"inputs": {"user_text": [""]}})
    connection.request("POST", PREDICT, body, headers)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    connection.close()


# === Times in milliseconds ===


@pytest.mark.parametrize("name", ["now", "history_timestamps"])
@pytest.mark.parametrize("value", [NOW_MS, -NOW_MS, 2**63 - 1, -(2**63)])
def test_milliseconds_are_refused(rest, stub, name, value):
    words = f"`{name}` looks like milliseconds; divide it by 1000 to get seconds."
    shape = (1,) if name == "now" else (1, 1)
    with fails_with("INVALID_ARGUMENT", words):
        stub.Predict(request(user_text=[""], **{name: np.full(shape, value)}))
    column = np.full(shape, value).tolist()
    code, answer = rest.post(PREDICT, {"inputs": {"user_text": [""], name: column}})
    assert code == 400
    assert words in answer["error"]


def test_seconds_up_to_the_limit_are_taken(stub):
    assert stub.Predict(request(user_text=[""], now=np.array([10**11])))


# === Any JSON, any tensor ===

NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**63, -(2**63) - 1, 2**64, 10**400, NOW_MS]),
    st.floats(),
)
TEXTS = st.text(st.characters()) | st.sampled_from(["\ud800", "a\udfffb", "\0", ""])
NAMES = st.sampled_from([*INPUTS, "b64", "signature_name"]) | TEXTS
VALUES = st.recursive(
    NUMBERS | TEXTS | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
    ),
    max_leaves=8,
)
FILLED = st.builds(
    lambda text, more: {"user_text": text} | more,
    st.just("a") | st.just(["a"]) | VALUES,
    st.dictionaries(NAMES, VALUES | st.lists(VALUES, max_size=2), max_size=3),
)
BODIES = st.one_of(
    VALUES,
    st.builds(lambda columns: {"inputs": columns}, FILLED | VALUES),
    st.builds(lambda rows: {"instances": rows}, st.lists(FILLED, max_size=2) | VALUES),
    st.builds(
        lambda name, columns: {"signature_name": name, "inputs": columns},
        st.sampled_from(["explain", "embed_query", "nope"]) | TEXTS | VALUES,
        FILLED,
    ),
)
MANY = hypothesis.settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)


@MANY
@hypothesis.given(BODIES)
def test_no_json_is_a_failure_of_the_server(rest, body):
    code, answer = rest.post(PREDICT, body)
    assert code in (200, 400), answer
    assert code == 200 or (list(answer) == ["error"] and answer["error"])


def nested(depth):
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"signature_name": "\\ud800"}', "JSON Parse error: "),
        (b'{"inputs": {"\\uDC00": [1]}}', "JSON Parse error: "),
        (
            b'{"inputs": {"user_text": [""], "now": [9223372036854775808]}}',
            "Type: Number is not of expected type: int64",
        ),
        *(
            (b'{"inputs": {"user_text": [1, ' + nested(depth) + b"]}}", "")
            for depth in (40, 300, 900, 960, 970, 980, 990, 100_000)
        ),
        *(
            (b'{"instances": [' + nested(depth) + b"]}", "")
            for depth in (40, 300, 900, 960, 970, 980, 990, 100_000)
        ),
    ],
)
def test_json_that_is_refused(rest, body, words):
    code, answer = rest.post(PREDICT, body)
    assert (code, list(answer)) == (400, ["error"])
    assert words in answer["error"]


def test_letters_in_two_halves_are_whole(rest):
    body = b'{"inputs": {"user_text": ["\\ud83d\\ude00"]}}'
    assert rest.post(PREDICT, body)[0] == 200


SIZES = st.integers(-2, 4) | st.sampled_from([-(2**63), 2**31, 2**62, 2**63 - 1])
BYTES = st.binary(max_size=12) | st.sampled_from(
    [b"", b"\0", b"\xff\xfe", b"\xed\xa0\x80", "東".encode()[:2]]
)
INT32 = st.integers(-(2**31), 2**31 - 1)
FIELDS = {
    "tensor_content": BYTES,
    "float_val": st.lists(st.floats(width=32), max_size=4),
    "double_val": st.lists(st.floats(), max_size=4),
    "int_val": st.lists(INT32, max_size=4),
    "int64_val": st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
    "uint64_val": st.lists(st.integers(0, 2**64 - 1), max_size=4),
    "bool_val": st.lists(st.booleans(), max_size=4),
    "string_val": st.lists(BYTES, max_size=4),
    "half_val": st.lists(st.integers(0, 2**16), max_size=2),
}


@st.composite
def tensors(draw, dtype):
    """A TensorProto that is nearly right, or not at all."""
    number = draw(st.just(dtype) | st.integers(0, 40) | INT32)
    proto = tensor_pb2.TensorProto(dtype=number)
    sizes = draw(st.sampled_from([[1], [1, 1], [1, 2]]) | st.lists(SIZES, max_size=4))
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    proto.tensor_shape.unknown_rank = draw(st.booleans())
    chosen = draw(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=2))
    for name in chosen:
        value = draw(FIELDS[name])
        if name == "tensor_content":
            proto.tensor_content = value
        else:
            getattr(proto, name).extend(value)
    return proto


RIGHT = {
    "user_text": ["a"],
    "history_item_ids": [["b"]],
    "history_values": [[1.0]],
    "history_timestamps": np.array([[1]]),
    "now": np.array([1]),
    "k": [3],
    "allow_repeats": [True],
}


def inputs_of(name):
    right = st.just(tf.make_tensor_proto(RIGHT[name]))
    return right | right | right | tensors(INPUTS[name])


REQUESTS = st.fixed_dictionaries(
    {"user_text": inputs_of("user_text")},
    optional={name: inputs_of(name) for name in INPUTS if name != "user_text"},
)


@MANY
@hypothesis.given(REQUESTS)
def test_no_tensor_is_a_failure_of_the_server(stub, inputs):
    call = stub.Predict.future(request(**inputs), timeout=WAIT_S)
    assert call.code().name in ("OK", "INVALID_ARGUMENT"), call.details()
    assert call.code().name == "OK" or call.details()


@pytest.mark.parametrize(
    "text", [b"\xff", b"a\0b", b"\xed\xa0\x80", "東".encode()[:2], b""]
)
def test_strings_that_are_no_text_get_an_answer(stub, text):
    inputs = {"user_text": [text], "query_text": [text], "history_item_ids": [[text]]}
    answer = stub.Predict(request(**inputs))
    assert len(answer.outputs["item_ids"].string_val) == 10
