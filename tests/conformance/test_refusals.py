"""What is refused over gRPC: the status codes and words of TF Serving.

Words are quoted where they are TF Serving's own; what TensorFlow's runtime says of a
tensor depends on the graph, so there the code alone is compared.
"""

import contextlib

import grpc
import pytest
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

from tests.conformance.asking import TIMEOUT_S
from tests.conformance.wrong import ONE, WRONG_TENSORS
from tests.serving.server_process import fails_with

NO_MODEL, NO_VERSION = "no_such_model", 987_654_321


@pytest.mark.parametrize(
    ("spec", "code", "words"),
    [
        ({"name": ""}, "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (
            {"name": NO_MODEL},
            "NOT_FOUND",
            f"Servable not found for request: Latest({NO_MODEL})",
        ),
        (
            {"name": NO_MODEL, "version": 3},
            "NOT_FOUND",
            f"Servable not found for request: Specific({NO_MODEL}, 3)",
        ),
        (
            {"version": NO_VERSION},
            "NOT_FOUND",
            "Servable not found for request: Specific({model}, 987654321)",
        ),
        (
            {"label": "no_such_label"},
            "INVALID_ARGUMENT",
            "Unrecognized servable version label: no_such_label",
        ),
    ],
)
@pytest.mark.parametrize("method", ["Predict", "GetModelMetadata"])
def test_models_that_are_not_there(asking, method, spec, code, words):
    with fails_with(code, words.format(model=asking.place.model)):
        if method == "Predict":
            asking.answer(asking.request("recommend", {"user_text": ONE}, **spec))
        else:
            asking.metadata(**spec)


def test_no_model_at_all(asking):
    with fails_with("INVALID_ARGUMENT", "Missing ModelSpec"):
        asking.answer(predict_pb2.PredictRequest())


def test_a_signature_that_is_not_there(asking):
    words = 'Serving signature key "no_such_signature" not found.'
    with fails_with("FAILED_PRECONDITION", words):
        asking.predict("no_such_signature", user_text=ONE)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, "Signature input alias: user_text(feed name: "),
        ({"query_text": ONE}, "not found in request and no default value provided"),
        ({"user_text": ONE, "users": ONE}, "Inputs contains invalid name."),
        (
            {"user_text": ONE} | {f"input_{i}": ONE for i in range(50)},
            "input size does not match signature: 51!=",
        ),
    ],
)
def test_inputs_that_are_missing_or_too_many(asking, inputs, words):
    with fails_with("INVALID_ARGUMENT", words):
        asking.predict("recommend", **inputs)


@pytest.mark.parametrize("case", WRONG_TENSORS)
def test_tensors_that_do_not_fit(asking, case):
    signature, inputs = WRONG_TENSORS[case]
    with fails_with("INVALID_ARGUMENT", ""):
        asking.predict(signature, **inputs)


def test_a_tensor_that_contradicts_itself(asking):
    request = asking.request("recommend", {"user_text": ONE, "now": [1]})
    request.inputs["now"].tensor_content = b"\0\0\0"
    with fails_with("INVALID_ARGUMENT", "tensor parsing error: now"):
        asking.answer(request)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (["nope"], "output tensor alias not found in signature: nope Outputs expected"),
        (["scores", "scores"], "duplicate output tensor alias: scores"),
    ],
)
def test_outputs_that_cannot_be_given(asking, outputs, words):
    with fails_with("INVALID_ARGUMENT", words):
        asking.predict("recommend", outputs=outputs, user_text=ONE)


@pytest.mark.parametrize("method", ["Classify", "Regress", "MultiInference"])
def test_methods_for_other_models(asking, method):
    """TF Serving names the signature's method; ours says that it has no such call."""
    messages = {
        "Classify": classification_pb2.ClassificationRequest,
        "Regress": regression_pb2.RegressionRequest,
        "MultiInference": inference_pb2.MultiInferenceRequest,
    }
    asked = messages[method]()
    if method == "MultiInference":
        asking.spec(asked.tasks.add(method_name="tensorflow/serving/regress"))
    else:
        asking.spec(asked)
    asked.input.example_list.examples.add()
    with pytest.raises(grpc.RpcError) as caught:
        getattr(asking.prediction, method)(asked, timeout=TIMEOUT_S)
    assert caught.value.code().name in {"INVALID_ARGUMENT", "UNIMPLEMENTED"}
    assert "predict" in caught.value.details().lower()


def test_status_of_what_is_not_there(asking):
    with fails_with("NOT_FOUND", f"Could not find any versions of model {NO_MODEL}"):
        asking.status(name=NO_MODEL)
    words = f"Could not find version {NO_VERSION} of model {asking.place.model}"
    with fails_with("NOT_FOUND", words):
        asking.status(version=NO_VERSION)


def test_metadata_that_is_not_there(asking):
    words = "GetModelMetadataRequest must specify at least one metadata_field"
    with fails_with("INVALID_ARGUMENT", words):
        asking.metadata(fields=[])
    with fails_with("INVALID_ARGUMENT", "is not supported"):
        asking.metadata(fields=["graph"])


def test_a_configuration_of_no_models_changes_nothing(asking):
    asked = model_management_pb2.ReloadConfigRequest()
    words = "Only ModelConfigList is currently supported"
    with fails_with("INVALID_ARGUMENT", words):
        asking.models.HandleReloadConfigRequest(asked, timeout=TIMEOUT_S)
    assert asking.predict("recommend", user_text=ONE)


def test_after_all_this_the_answer_is_the_same(asking):
    before = asking.predict("recommend", user_text=ONE)
    for signature, inputs in WRONG_TENSORS.values():
        with contextlib.suppress(grpc.RpcError):
            asking.predict(signature, **inputs)
    after = asking.predict("recommend", user_text=ONE)
    assert after["item_ids"].tolist() == before["item_ids"].tolist()
