"""The REST API: rows, columns, strings, errors.

Every input is sent: unlike gRPC, TF Serving's REST API knows no defaults.
"""

import base64
import math

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.asking import strings
from tests.conformance.wrong import int32

NO_MODEL = "/v1/models/no_such_model"


@pytest.fixture(scope="module")
def row(asking):
    """Every input of `recommend` for one user, as JSON has it."""
    defaults = asking.signatures()["recommend"].defaults
    values = {name: tf.make_ndarray(proto)[0] for name, proto in defaults.items()}
    return {"user_text": ""} | {name: as_json(v) for name, v in values.items()}


@pytest.fixture(scope="module")
def query(asking, row):
    """The same of `embed_query`."""
    return {name: row[name] for name in asking.signatures()["embed_query"].inputs}


def as_json(value):
    """A value of a tensor in JSON."""
    if isinstance(value, np.ndarray):
        return [as_json(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value.item()


def columns(*rows):
    """Rows as columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_rows_and_columns_are_what_grpc_answers(asking, row, items):
    rows = [
        row | {"user_text": "likes comedies", "k": 4},
        row | {"history_item_ids": [items[1].decode()], "k": 4},
    ]
    expected = asking.predict(
        "recommend",
        user_text=strings("likes comedies", ""),
        history_item_ids=strings([b""], [items[1]]),
        k=int32(4, 4),
    )
    status, answer = asking.http(":predict", {"instances": rows})
    assert status == 200
    assert list(answer) == ["predictions"]
    found = columns(*answer["predictions"])
    status, answer = asking.http(
        ":predict", {"signature_name": "recommend", "inputs": columns(*rows)}
    )
    assert status == 200
    assert answer == {"outputs": found}
    ids = [[each.decode() for each in row] for row in expected["item_ids"]]
    assert found["item_ids"] == ids
    for name in ("scores", "probabilities"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4)


def test_a_single_output_has_no_name(asking, query):
    expected = asking.predict("embed_query", user_text=[""])["embedding"]
    asked = {"signature_name": "embed_query"}
    for key, value in {"instances": [query], "inputs": columns(query)}.items():
        status, answer = asking.http(":predict", asked | {key: value})
        assert status == 200
        (found,) = answer.values()
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_empty_places_hold_minus_infinity(asking, row):
    wish = row | {"categories": ["no such category"], "k": 2}
    _, answer = asking.http(":predict", {"instances": [wish]})
    (found,) = answer["predictions"]
    assert found["item_ids"] == ["", ""]
    assert found["scores"] == [-math.inf, -math.inf]


def test_base64_goes_in(asking, query):
    text = "Café"
    coded = {"b64": base64.b64encode(text.encode()).decode()}
    rows = [query | {"user_text": each} for each in (text, coded)]
    body = {"signature_name": "embed_query", "instances": rows}
    status, answer = asking.http(":predict", body)
    assert status == 200
    np.testing.assert_allclose(*answer["predictions"], rtol=1e-5)


@pytest.mark.parametrize("which", ["/versions/{version}", "/labels/{label}"])
def test_versions_and_labels(asking, row, version, which):
    if "label" in which and not asking.place.label:
        pytest.skip("LABEL names no version label of the server.")
    which = which.format(version=version, label=asking.place.label)
    assert asking.http(f"{which}:predict", {"instances": [row]})[0] == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"{", "JSON Parse error"),
        ([], "Is not object"),
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"inputs": {}, "instances": []}, "expecting only one of"),
        ({"signature_name": 1}, "'signature_name' key must be a string"),
        ({"signature_name": "nope"}, '"nope" not found in signature def'),
        ({"instances": {}}, "to be an list/array"),
        ({"instances": []}, "No values in 'instances' array"),
        ({"instances": ["a"]}, "instances is a plain list"),
        ({"inputs": ["a"]}, "inputs is a plain value/list"),
    ],
)
def test_bodies_that_ask_nothing(asking, body, words):
    status, answer = asking.http(":predict", body, method="POST")
    assert (status, list(answer)) == (400, ["error"])
    assert words in answer["error"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"k": "three"}, "Type: String is not of expected type: int32"),
        ({"k": 1.5}, "Type: Number is not of expected type: int32"),
        ({"user_text": 1}, "element: 1 key: user_text of 'instances' list. Error: "),
        ({"history_item_ids": ["a", "b"]}, "element: 1 key: history_item_ids of"),
        ({"user_text": {"b64": "?"}}, "Unable to base64 decode"),
        ({"k": 0}, "`k` must be "),
    ],
)
def test_rows_that_do_not_fit(asking, row, change, words):
    body = {"instances": [row, row | change]}
    status, answer = asking.http(":predict", body)
    assert (status, list(answer)) == (400, ["error"])
    assert words in answer["error"]


def test_rows_of_unlike_names(asking, row):
    other = {name: value for name, value in row.items() if name != "user_text"}
    for rows, words in [
        ([row, other], "element: 1 of 'instances' list. JSON object: "),
        ([row, ["a"]], "Expecting object but got list at item 1"),
        ([row | {"users": 1}], "does not have named input: users"),
    ]:
        status, answer = asking.http(":predict", {"instances": rows})
        assert status == 400
        assert words in answer["error"]


def test_columns_that_are_missing(asking, row):
    given = columns({name: value for name, value in row.items() if name != "user_text"})
    status, answer = asking.http(":predict", {"inputs": given})
    assert status == 400
    assert "Missing named input: user_text in 'inputs' object." in answer["error"]


@pytest.mark.parametrize(
    ("path", "method", "status", "words"),
    [
        (f"{NO_MODEL}:predict", "POST", 404, "Latest(no_such_model)"),
        ("/versions/987654321:predict", "POST", 404, "987654321)"),
        ("/labels/no_such_label:predict", "POST", 400, "label: no_such_label"),
        (f"/versions/{2**63}:predict", "POST", 400, "Failed to convert version"),
        ("", "POST", 400, "Malformed request: POST /v1/models/"),
        (NO_MODEL, "GET", 404, "Could not find any versions of model no_such_model"),
        (f"{NO_MODEL}/metadata", "GET", 404, "Latest(no_such_model)"),
        ("/v1/models", "GET", 400, "Missing model name in request."),
    ],
)
def test_paths_that_lead_nowhere(asking, row, path, method, status, words):
    body = {"instances": [row]} if method == "POST" else None
    found, answer = asking.http(path, body, method)
    assert (found, list(answer)) == (status, ["error"])
    assert words in answer["error"]


@pytest.mark.parametrize("action", ["classify", "regress"])
def test_methods_for_other_models(asking, action):
    status, answer = asking.http(f":{action}", {"examples": [{"a": 1}]})
    assert status in (400, 501)
    assert "predict" in answer["error"].lower()
