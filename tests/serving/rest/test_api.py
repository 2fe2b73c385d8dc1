"""Tests of the REST API on the toy, in this process but through a real socket."""

import contextlib
import json
import socket
import threading
from concurrent import futures

import numpy as np
import pytest

from serving.model_server import ModelServer
from serving.model_store import ModelSettings, ModelStore
from serving.rest import protocol
from serving.server_settings import ServerSettings
from tests.serving.rest.asking import Http
from tests.serving.slow_servable import SlowServable

PREDICT = "/v1/models/toy:predict"
MAX_BYTES = 100_000


@pytest.fixture(scope="module")
def address(toy, servable):
    labels = (("stable", 1),)
    settings = ModelSettings("toy", toy, labels=labels)
    store = ModelStore(settings, load=lambda folder: servable)
    limits = ServerSettings(rest_port=0, max_request_bytes=MAX_BYTES)
    server = ModelServer([store], limits)
    server.start(0, threading.Event())
    yield server.rest_address
    server.drain()


@pytest.fixture(scope="module")
def rest(address):
    with Http(address) as asking:
        yield asking


@pytest.mark.parametrize("path", ["", "/versions/1", "/labels/stable"])
def test_columns(rest, servable, path):
    inputs = {"user_text": ["ab", ""], "k": [2, 4]}
    asked = {"signature_name": "recommend", "inputs": inputs}
    status, answer = rest.post(f"/v1/models/toy{path}:predict", asked)
    arrays = {"user_text": np.array(["ab", ""], object), "k": np.array([2, 4], "int32")}
    expected = servable.run("recommend", arrays)
    assert status == 200
    assert set(answer["outputs"]) == {"item_ids", "scores", "probabilities"}
    ids = [[i.decode() for i in row] for row in expected["item_ids"]]
    assert answer["outputs"]["item_ids"] == ids
    scores = np.array(answer["outputs"]["scores"], "float32")
    np.testing.assert_array_equal(scores, expected["scores"])


def test_rows(rest):
    rows = [
        {"user_text": "0123456789", "k": 2},
        {"user_text": "", "k": 2},
    ]
    status, answer = rest.post(PREDICT, {"instances": rows})
    assert status == 200
    first, second = answer["predictions"]
    # ten letters, a tenth each: (1, 0) times (1, 0) and (0.8, 0.25)
    assert first["item_ids"] == ["a", "b"]
    assert first["scores"] == pytest.approx([1.0, 0.8])
    assert second["scores"] == [0.0, 0.0]


def test_a_single_output_has_no_name(rest):
    asked = {"signature_name": "embed_query", "instances": [{"user_text": "abc"}]}
    assert rest.post(PREDICT, asked) == (200, {"predictions": [[0.3, 0.0]]})
    asked = {"signature_name": "embed_query", "inputs": {"user_text": ["abc"]}}
    assert rest.post(PREDICT, asked) == (200, {"outputs": [[0.3, 0.0]]})


def test_missing_places_hold_minus_infinity(address):
    """As TF Serving writes it, whatever JSON says."""
    body = json.dumps({"inputs": {"user_text": [""], "k": [7]}})
    with Http(address) as rest:
        rest.connection.request("POST", PREDICT, body)
        text = rest.connection.getresponse().read().decode()
    assert text.count("-Infinity") == 1  # six items for seven places
    assert json.loads(text)["outputs"]["item_ids"][0][6] == ""


def test_base64_goes_in(rest):
    asked = {"inputs": {"user_text": [{"b64": "YWI="}], "k": [1]}}  # "ab"
    _, answer = rest.post(PREDICT, asked)
    assert answer["outputs"]["scores"] == [[pytest.approx(0.2)]]  # (0.2, 0), (1, 0)


def test_metadata_is_the_signatures(rest):
    status, answer = rest.get("/v1/models/toy/metadata")
    assert status == 200
    assert answer["model_spec"]["version"] == "1"
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert signatures["recommend"]["inputs"]["k"]["dtype"] == "DT_INT32"
    size = signatures["recommend"]["inputs"]["k"]["tensor_shape"]["dim"][0]["size"]
    assert size == "-1"


@pytest.mark.parametrize("path", ["", "/versions/1", "/labels/stable"])
def test_status(rest, path):
    status, answer = rest.get(f"/v1/models/toy{path}")
    state = {"version": "1", "state": "AVAILABLE"}
    state["status"] = {"error_code": "OK", "error_message": ""}
    assert (status, answer) == (200, {"model_version_status": [state]})


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (PREDICT, b"", 400, "JSON Parse error: The document is empty"),
        (PREDICT, b"{", 400, "JSON Parse error"),
        (PREDICT, b"[" * 90_000, 400, "JSON Parse error"),
        (PREDICT, b"\xff\xfe{", 400, "JSON Parse error"),
        (PREDICT, [], 400, "Is not object"),
        (PREDICT, {}, 400, "Missing 'inputs' or 'instances' key"),
        (PREDICT, {"inputs": {}, "instances": []}, 400, "expecting only one of"),
        (PREDICT, {"signature_name": 1}, 400, "'signature_name' key must be a string"),
        (PREDICT, {"signature_name": "x"}, 400, '"x" not found in signature def'),
        (PREDICT, {"instances": {}}, 400, "to be an list/array"),
        (PREDICT, {"instances": []}, 400, "No values in 'instances' array"),
        (PREDICT, {"instances": ["a"]}, 400, "instances is a plain list"),
        (PREDICT, {"inputs": ["a"]}, 400, "inputs is a plain value/list"),
        (PREDICT, {"inputs": {"k": [1]}}, 400, "Missing named input: user_text in"),
        (
            PREDICT,
            {"inputs": {"user_text": [""], "x": [1]}},
            400,
            "does not have named input: x",
        ),
        (
            PREDICT,
            {"instances": [{"user_text": ""}, {"user_text": "", "k": 1}]},
            400,
            'element: 1 of \'instances\' list. JSON object: {"user_text": "", "k"',
        ),
        (
            PREDICT,
            {"instances": [{"user_text": ""}, ["b"]]},
            400,
            "Expecting object but got list at item 1",
        ),
        (
            PREDICT,
            {
                "instances": [
                    {"user_text": "", "history_item_ids": ["a"]},
                    {"user_text": "", "history_item_ids": ["a", "b"]},
                ]
            },
            400,
            "element: 1 key: history_item_ids of 'instances' list.",
        ),
        (
            PREDICT,
            {"instances": [{"user_text": 1}]},
            400,
            "element: 0 key: user_text of 'instances' list. Error: INVALID_ARGUMENT",
        ),
        (
            PREDICT,
            {"inputs": {"user_text": [""], "k": [0]}},
            400,
            "`k` must be positive.",
        ),
        ("/v1/models/nope:predict", {}, 404, "Latest(nope)"),
        ("/v1/models/toy/versions/7:predict", {}, 404, "Specific(toy, 7)"),
        ("/v1/models/toy/labels/x:predict", {}, 400, "version label: x"),
        (f"/v1/models/toy/versions/{2**63}:predict", {}, 400, "Failed to convert"),
        ("/v1/models/toy:classify", {}, 501, "Classify is not implemented"),
        ("/v1/models/toy:regress", {}, 501, "Regress is not implemented"),
        ("/v1/models/toy", {}, 400, "Malformed request: POST /v1/models/toy"),
        ("/v1/models/../../etc/passwd:predict", {}, 400, "Malformed request"),
        ("/v1/models/%2e%2e%2fetc:predict", {}, 404, "Latest(../etc)"),
        ("/elsewhere", {}, 404, "There is nothing at POST /elsewhere"),
    ],
)
def test_refusals(rest, path, body, status, words):
    found, answer = rest.post(path, body)
    assert (found, list(answer)) == (status, ["error"])
    assert words in answer["error"]


def test_what_get_refuses(rest):
    assert rest.get("/v1/models")[1]["error"] == "Missing model name in request."
    status, answer = rest.get("/v1/models/nope")
    words = "Could not find any versions of model nope"
    assert (status, answer["error"]) == (404, words)
    assert rest.get("/v1/models/nope/metadata")[0] == 404
    assert rest.ask("PUT", "/v1/models/toy", None, {})[0] == 400


@pytest.mark.parametrize("is_chunked", [True, False])
def test_too_large_bodies_are_not_read(address, is_chunked):
    body = b" " * (MAX_BYTES + 1)
    body = iter([body[:-2], body[-2:]]) if is_chunked else body
    with Http(address) as rest:
        status, answer = rest.ask("POST", PREDICT, body, {})
    assert status == 413
    assert "at most 100000 bytes" in answer["error"]


def test_slow_headers_are_cut_off_and_others_answered(address, rest, monkeypatch):
    monkeypatch.setattr(protocol, "HEADER_TIMEOUT_S", 0.2)
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as slow:
        slow.sendall(b"POST /v1/models/toy:predict HTTP/1.1\r\nX: ")
        assert rest.get("/v1/models/toy")[0] == 200
        assert slow.recv(100) == b""


def test_endless_headers_are_cut_off(address):
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as endless:
        endless.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * (70 * 1024))
        assert endless.recv(100).startswith(b"HTTP/1.1 400")


SLOW, NUMBER = "/v1/models/slow:predict", {"inputs": [1.0]}


def post_slow(server):
    with Http(server.rest_address) as rest:
        return rest.post(SLOW, NUMBER)


@contextlib.contextmanager
def slow_server(folder, **limits):
    (folder / "1").mkdir()
    slow = SlowServable()
    store = ModelStore(ModelSettings("slow", folder), load=lambda folder: slow)
    server = ModelServer([store], ServerSettings(rest_port=0, **limits))
    server.start(0, threading.Event())
    yield server, slow
    slow.released.set()
    server.drain()


def test_too_many_requests_are_refused(tmp_path):
    with (
        slow_server(tmp_path, rest_threads=1, max_waiting=0) as (server, slow),
        futures.ThreadPoolExecutor(1) as caller,
    ):
        first = caller.submit(post_slow, server)
        assert slow.entered.wait(20)
        status, answer = post_slow(server)
        assert status == 429
        assert "overloaded: 0 requests wait already" in answer["error"]
        slow.released.set()
        assert first.result() == (200, {"outputs": [1.0]})


def test_answers_that_take_too_long(tmp_path):
    with slow_server(tmp_path, rest_timeout_s=0.2) as (server, slow):
        status, answer = post_slow(server)
        assert status == 504
        assert "deadline" in answer["error"]
