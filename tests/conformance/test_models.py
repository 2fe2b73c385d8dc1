"""What a server tells of its models, over gRPC and over HTTP."""

import pytest
import tensorflow as tf

SIGNATURES = {
    "serving_default": {"item_ids", "scores", "probabilities"},
    "recommend": {"item_ids", "scores", "probabilities"},
    "recommend_from_interest": {"item_ids", "scores", "probabilities"},
    "similar": {"item_ids", "scores"},
    "embed_query": {"embedding"},
    "embed_candidate": {"embedding"},
    "score_interest": {"probabilities"},
    "score_texts": {"probabilities"},
    "update_interest": {"interest"},
    "explain": {"history_weights"},
    "event_kinds": {
        *("names", "positive", "negative", "neutral"),
        *("positive_values", "negative_values", "probability_of"),
    },
}
QUERY = {"user_text", "query_text", "now"}
HISTORY = {f"history_{name}" for name in ("item_ids", "events", "values", "timestamps")}


def test_metadata_is_the_signatures_as_saved(asking, version):
    response = asking.metadata()
    assert response.model_spec.name == asking.place.model
    assert response.model_spec.version.value == version
    signatures = asking.signatures()
    found = {name: set(each.outputs) for name, each in signatures.items()}
    found.pop("__saved_model_init_op", None)
    assert found == SIGNATURES
    recommend = signatures["recommend"]
    assert set(recommend.inputs) > QUERY | HISTORY
    assert set(recommend.inputs) - set(recommend.defaults) == {"user_text"}
    assert recommend.inputs["k"].dtype == tf.int32.as_datatype_enum
    assert tf.make_ndarray(recommend.defaults["k"]).tolist() == [10]
    assert recommend.method_name == "tensorflow/serving/predict"


def test_status_over_grpc(asking, version):
    for spec in ({}, {"version": version}):
        versions = asking.status(**spec).model_version_status
        (ready,) = [each for each in versions if each.version == version]
        assert ready.state == 30  # AVAILABLE
        assert (ready.status.error_code, ready.status.error_message) == (0, "")


@pytest.mark.parametrize("path", ["", "/versions/{version}"])
def test_status_over_http(asking, version, path):
    status, answer = asking.http(path.format(version=version))
    assert status == 200
    assert {
        "version": str(version),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    } in answer["model_version_status"]


@pytest.mark.parametrize("path", ["", "/versions/{version}"])
def test_metadata_over_http(asking, version, path):
    status, answer = asking.http(f"{path.format(version=version)}/metadata")
    assert status == 200
    spec = answer["model_spec"]
    assert (spec["name"], spec["version"]) == (asking.place.model, str(version))
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert SIGNATURES.keys() <= signatures.keys()
    k = signatures["recommend"]["inputs"]["k"]
    assert k["dtype"] == "DT_INT32"
    assert [dim["size"] for dim in k["tensor_shape"]["dim"]] == ["-1"]


def test_a_label_over_http(asking):
    if not asking.place.label:
        pytest.skip("LABEL names no version label of the server.")
    assert asking.http(f"/labels/{asking.place.label}")[0] == 200
    assert asking.http(f"/labels/{asking.place.label}/metadata")[0] == 200
