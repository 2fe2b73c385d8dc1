"""Answers of TF Serving's REST API as JSON."""

import json

from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

from serving.model_server.rest.values import write_array
from tfrec.protocol.status import invalid

BYTES_SUFFIX = "_bytes"  # of outputs whose strings are base64


def write_error(message: str) -> bytes:
    """The body of every answer that is an error."""
    return json.dumps({"error": message}).encode()


def write_outputs(outputs: dict, is_row: bool) -> bytes:
    """The body of an answer to `:predict`.

    NaN and the infinities are written as `NaN`, `Infinity` and `-Infinity`, which
    JSON itself does not know.

    Args:
        outputs: name to array.
        is_row: one object per row under `predictions`, else one array per output
            under `outputs`; a single output stands there without its name.

    Raises:
        RequestError: outputs of unlike batches have no rows.
    """
    values = {
        name: write_array(array, name.endswith(BYTES_SUFFIX))
        for name, array in outputs.items()
    }
    (only, *others) = values
    if not is_row:
        body = {"outputs": values if others else values[only]}
    else:
        _check_batches(outputs)
        rows = zip(*values.values(), strict=True)
        named = [dict(zip(values, row, strict=True)) for row in rows]
        body = {"predictions": named if others else values[only]}
    return json.dumps(body, ensure_ascii=False).encode()


def write_status(response) -> bytes:
    """The body of an answer about versions."""
    text = json_format.MessageToJson(
        response,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )
    return text.encode()


def write_metadata(response) -> bytes:
    """The body of an answer about signatures."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    spec = write_status(response.model_spec).decode()
    defined = write_status(signatures).decode()
    body = f'{{"model_spec": {spec}, "metadata": {{"signature_def": {defined}}}}}'
    return body.encode()


def _check_batches(outputs):
    sizes = {name: array.shape[:1] for name, array in outputs.items()}
    (first, *_) = sizes.values()
    for name, size in sizes.items():
        if not size:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if size != first:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {size[0]} "
                f"expecting: {first[0]}"
            )
