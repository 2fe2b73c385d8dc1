"""Tests of what the server counts and logs, through both protocols."""

import json
import logging
import urllib.request

import grpc
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving.model_server.scheduling.parameters import BatchingParameters
from serving.model_server.server_settings import (
    USUAL_METRICS_PATH,
    read_metrics_path,
)
from tests.serving.local_server import serving
from tests.serving.model_server.rest.asking import Http
from tests.serving.online.gateway_process import eventually
from tests.serving.server_process import fails_with
from tfrec.errors import ConfigError
from tfrec.protocol.codec import write_tensor


@pytest.fixture(params=[None, BatchingParameters()], ids=["direct", "batching"])
def server(toy, servable, request):
    settings = {"metrics_path": USUAL_METRICS_PATH, "batching": request.param}
    with serving(toy, servable, **settings) as server:
        yield server


def scrape(server):
    """Every sample: `(name, labels sorted)` to value."""
    url = f"http://{server.rest_address}{USUAL_METRICS_PATH}"
    with urllib.request.urlopen(url) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        (sample.name.removeprefix("tfrec_serving_"), *sorted(sample.labels.values())): (
            sample.value
        )
        for family in families
        for sample in family.samples
    }


def ask(server, name="toy", metadata=()):
    asked = predict_pb2.PredictRequest()
    asked.model_spec.name = name
    write_tensor(np.array(["x"], object), asked.inputs["user_text"])
    with grpc.insecure_channel(server.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return stub.Predict.with_call(asked, metadata=metadata)


def test_requests_stages_and_versions(server):
    ask(server)
    ask(server)
    with fails_with("NOT_FOUND", "made-up"):
        ask(server, name="made-up")
    with Http(server.rest_address) as rest:
        body = {"inputs": {"user_text": ["x"]}}
        assert rest.post("/v1/models/toy:predict", body)[0] == 200
    found = scrape(server)
    assert found[("requests_total", "OK", "serving_default", "toy")] == 3
    assert found[("requests_total", "NOT_FOUND", "other", "other")] == 1
    assert found[("request_seconds_count", "serving_default", "toy")] == 3
    stages = ("read", "queue", "compute", "write")
    for key in (tuple(sorted((stage, "serving_default"))) for stage in stages):
        assert found[("stage_seconds_count", *key)] == 3
    assert found[("loads_total", "loaded", "toy")] == 1
    assert found[("loads_total", "refused", "toy")] == 0
    assert found[("version_memory_bytes", "1", "before", "toy")] > 1e6
    assert found[("version_memory_bytes", "1", "after", "toy")] > 1e6
    assert found[("waiting",)] == 0
    assert not any("made-up" in key for key in found)


def test_ids_go_round_and_failures_are_logged(server, caplog):
    with caplog.at_level(logging.INFO, "serving.requests"):
        _, call = ask(server, metadata=[("x-request-id", "order-7")])
        with fails_with("NOT_FOUND", ""):
            ask(server, name="nope", metadata=[("x-request-id", "bad id?")])
        with Http(server.rest_address) as rest:
            assert rest.get("/v1/models/nope", **{"X-Request-Id": "order-8"})[0] == 404

        def logged():
            ours = (r for r in caplog.records if r.name == "serving.requests")
            return [json.loads(record.message) for record in ours]

        # The line is written behind the answer.
        eventually(lambda: len(logged()) == 3)
    assert ("x-request-id", "order-7") in call.trailing_metadata()
    order = ["order-7", "", "order-8"]  # the one with an id of the server's between
    found = {
        line["request_id"] if line["request_id"] in order else "": line
        for line in logged()
    }
    first, second, third = (found[each] for each in order)
    assert (first["request_id"], first["code"]) == ("order-7", "OK")
    assert (second["code"], second["method"]) == ("NOT_FOUND", "Predict")
    assert len(second["request_id"]) == 32  # a new one
    assert "Latest(nope)" in second["error"]
    assert third["request_id"] == "order-8"
    assert third["method"] == "GET /v1/models/nope"


def test_monitoring_in_tf_servings_format(tmp_path):
    path = tmp_path / "monitoring.config"
    for text, expected in [
        ("prometheus_config { enable: true }", USUAL_METRICS_PATH),
        ('prometheus_config { enable: true path: "/m" }', "/m"),
        ('prometheus_config { path: "/m" }', ""),
        ("", ""),
    ]:
        path.write_text(text)
        assert read_metrics_path(path) == expected
    path.write_text("prometheus { enable: true }")
    with pytest.raises(ConfigError, match="--monitoring_config_file"):
        read_metrics_path(path)
