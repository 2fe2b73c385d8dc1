"""JSON requests of TF Serving's REST API, in row and in column format."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic_core import from_json

from serving.http.json_values import has_more_values
from serving.model_server.rest.values import is_base64, read_array, shown
from tfrec.protocol.signature import Signature
from tfrec.protocol.status import RequestError, invalid

MAX_VALUES = 1024 * 1024  # of a body: 256 for each of 4096 rows


@dataclass(frozen=True)
class PredictBody:
    """What a body asks for.

    Attributes:
        signature_name: `""` for the default.
        inputs: name to array.
        is_row: whether the answer is in row format too.
    """

    signature_name: str
    inputs: dict[str, np.ndarray]
    is_row: bool


def read_predict(body: bytes, signature_of: Callable[[str], Signature]) -> PredictBody:
    """Reads the body of a `:predict` request.

    Args:
        body: `{"signature_name": …, "instances": […]}`, one object per row, or with
            `"inputs": {…}`, one array per input. Inputs that have a default may be
            left out: of all rows or of none.
        signature_of: its name to the `Signature`.

    Raises:
        RequestError: the body is no such thing, or does not fit the signature.
    """
    document = read_body(body)
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(
            f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' "
            "key must be a string value."
        )
    signature = signature_of(name)
    is_row = "instances" in document
    if is_row and "inputs" in document:
        raise invalid(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only "
            "one of 'inputs' or 'instances' keys to exist "
        )
    if is_row:
        return PredictBody(name, _read_rows(document["instances"], signature), True)
    if "inputs" not in document:
        raise invalid("Missing 'inputs' or 'instances' key")
    return PredictBody(name, _read_columns(document["inputs"], signature), False)


def read_body(body: bytes) -> dict:
    """The JSON object of a request.

    Raises:
        RequestError: it is none.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    if has_more_values(body, MAX_VALUES):
        raise invalid(
            f"A body must have at most {MAX_VALUES} values. Send several requests, or "
            "tensors over gRPC."
        )
    try:
        document = from_json(body)  # which takes no half of a surrogate pair
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from error
    if not isinstance(document, dict):
        raise invalid(f"JSON Value: {shown(document)} Is not object")
    return document


def _read_columns(columns, signature):
    if not isinstance(columns, dict) or is_base64(columns):
        if len(signature.inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        columns = dict.fromkeys(signature.inputs, columns)
    for name in signature.inputs:
        if name not in columns and name not in signature.defaults:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {
        name: read_array(value, _dtype(signature, name))
        for name, value in columns.items()
    }


def _read_rows(rows, signature):
    if not isinstance(rows, list):
        raise invalid(
            f"JSON Value: {shown(rows)} Excepting 'instances' to be an list/array"
        )
    if not rows:
        raise invalid(f"JSON Value: {shown(rows)} No values in 'instances' array")
    if not isinstance(rows[0], dict) and len(signature.inputs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple "
            "input tensors required as per tensorinfo_map"
        )
    has_names = _is_object(rows[0])
    (only, *_) = signature.inputs
    read = []
    for number, row in enumerate(rows):
        if _is_object(row) != has_names:
            raise invalid(_mixed(number, has_names))
        row = row if has_names else {only: row}
        _check_names(number, row, rows[0] if has_names else row, signature)
        read.append(_read_row(number, row, signature))
    return {name: _stack(name, read) for name in read[0]}


def _mixed(number, has_names):
    words = "object but got list" if has_names else "value/list but got object"
    return f"Expecting {words} at item {number} of input list"


def _check_names(number, row, first, signature):
    """Every row has all inputs, but for optional ones that no row has."""
    required = signature.inputs.keys() - signature.defaults.keys()
    expected = required | (first.keys() & signature.inputs.keys())
    unknown = [name for name in row if name not in signature.inputs]
    if not unknown and row.keys() != expected:
        raise invalid(
            f"Failed to process element: {number} of 'instances' list. JSON object: "
            f"{shown(row)} keys must be equal to: {','.join(sorted(expected))}"
        )


def _read_row(number, row, signature):
    read = {}
    for name, value in row.items():
        try:
            read[name] = read_array(value, _dtype(signature, name))
        except RequestError as error:
            raise invalid(
                f"Failed to process element: {number} key: {name} of 'instances' "
                f"list. Error: {error}"
            ) from error
    return read


def _stack(name, read):
    first = read[0][name]
    for number, row in enumerate(read):
        if row[name].shape != first.shape:
            raise invalid(
                f"Failed to process element: {number} key: {name} of 'instances' "
                f"list. Error: INVALID_ARGUMENT: Expecting shape {list(first.shape)} "
                f"but got: {list(row[name].shape)}"
            )
    return np.stack([row[name] for row in read])


def _dtype(signature, name):
    if name not in signature.inputs:
        raise invalid(f"JSON object: does not have named input: {name}")
    return signature.inputs[name].dtype


def _is_object(value):
    return isinstance(value, dict) and not is_base64(value)
