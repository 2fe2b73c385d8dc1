"""Tests of the REST API on the toy, in this process but through a real socket."""

import contextlib
import threading
from concurrent import futures

import numpy as np
import pytest

from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.rest import reading
from serving.model_server.server import ModelServer
from serving.model_server.server_settings import ServerSettings
from tests.serving.model_server.rest.asking import Http
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


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (PREDICT, b"[" * 90_000, 400, "JSON Parse error"),
        (PREDICT, b"\xff\xfe{", 400, "JSON Parse error"),
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
        ("/v1/models/toy:classify", {}, 501, "Classify is not implemented"),
        ("/v1/models/toy:regress", {}, 501, "Regress is not implemented"),
        ("/v1/models/../../etc/passwd:predict", {}, 400, "Malformed request"),
        ("/v1/models/%2e%2e%2fetc:predict", {}, 404, "Latest(../etc)"),
        ("/elsewhere", {}, 404, "There is nothing at POST /elsewhere"),
    ],
)
def test_refusals(rest, path, body, status, words):
    found, answer = rest.post(path, body)
    assert (found, list(answer)) == (status, ["error"])
    assert words in answer["error"]


def test_bodies_of_too_many_values_are_not_parsed(rest, monkeypatch):
    """Nobody else would be answered meanwhile."""
    monkeypatch.setattr(reading, "MAX_VALUES", 40)
    assert rest.post(PREDICT, b"[" + b"0," * 39 + b"0]")[0] == 400
    status, answer = rest.post(PREDICT, b"[" + b"0," * 40 + b"0]")
    assert (status, answer["error"][:40]) == (
        400,
        "A body must have at most 40 values. Send",
    )


@pytest.mark.parametrize("is_chunked", [True, False])
def test_too_large_bodies_are_not_read(address, is_chunked):
    body = b" " * (MAX_BYTES + 1)
    body = iter([body[:-2], body[-2:]]) if is_chunked else body
    with Http(address) as rest:
        status, answer = rest.ask("POST", PREDICT, body, {})
    assert status == 413
    assert "at most 100000 bytes" in answer["error"]


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
        assert answer["error"] == "1 requests are under way already."
        slow.released.set()
        assert first.result() == (200, {"outputs": [1.0]})


def test_answers_that_take_too_long(tmp_path):
    with slow_server(tmp_path, rest_timeout_s=0.2) as (server, slow):
        status, answer = post_slow(server)
        assert status == 504
        assert "deadline" in answer["error"]
