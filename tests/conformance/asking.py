"""A server of TF Serving's protocol on two ports, asked without a line of ours."""

import dataclasses
import json
import urllib.error
import urllib.request

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

TIMEOUT_S = 60


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a server is, and what it calls the model.

    Attributes:
        target: `"host:port"` of gRPC.
        rest: the same of the REST API.
        model: name of the model.
        label: one of its version labels, `""` for none.
    """

    target: str
    rest: str
    model: str
    label: str = ""


class Asking:
    """Asks one model through the official stubs and through plain HTTP."""

    def __init__(self, place):
        self.place = place
        unlimited = [("grpc.max_receive_message_length", -1)]
        self.channel = grpc.insecure_channel(place.target, unlimited)
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(
            self.channel
        )
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def spec(self, message, name=None, version=None, label=""):
        """Fills the `model_spec` of a message."""
        message.model_spec.name = self.place.model if name is None else name
        if version is not None:
            message.model_spec.version.value = version
        if label:
            message.model_spec.version_label = label
        return message

    def request(self, signature, inputs, outputs=(), **spec):
        """A PredictRequest as TensorFlow's own helpers write it."""
        made = self.spec(predict_pb2.PredictRequest(), **spec)
        made.model_spec.signature_name = signature
        for name, value in inputs.items():
            made.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        made.output_filter.extend(outputs)
        return made

    def answer(self, request):
        """`(model_spec, {name: array})`."""
        response = self.prediction.Predict(request, timeout=TIMEOUT_S)
        outputs = {name: tf.make_ndarray(p) for name, p in response.outputs.items()}
        return response.model_spec, outputs

    def predict(self, signature, outputs=(), **inputs):
        """Name to array."""
        return self.answer(self.request(signature, inputs, outputs))[1]

    def status(self, **spec):
        """The `GetModelStatusResponse`."""
        asked = self.spec(get_model_status_pb2.GetModelStatusRequest(), **spec)
        return self.models.GetModelStatus(asked, timeout=TIMEOUT_S)

    def metadata(self, fields=("signature_def",), **spec):
        """The `GetModelMetadataResponse`."""
        asked = self.spec(get_model_metadata_pb2.GetModelMetadataRequest(), **spec)
        asked.metadata_field.extend(fields)
        return self.prediction.GetModelMetadata(asked, timeout=TIMEOUT_S)

    def signatures(self):
        """Name to `SignatureDef`."""
        found = get_model_metadata_pb2.SignatureDefMap()
        self.metadata().metadata["signature_def"].Unpack(found)
        return dict(found.signature_def)

    def http(self, path, body=None, method=None):
        """`(status, JSON)` of a path below the model's, or of one from /v1/ on."""
        if not path.startswith("/v1/"):
            path = f"/v1/models/{self.place.model}{path}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        url = f"http://{self.place.rest}{path}"
        asked = urllib.request.Request(url, data=body, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            # TF Serving writes \' for ', which JSON does not know.
            return error.code, json.loads(error.read().replace(rb"\'", b"'"))


def strings(*rows):
    """Rows of strings as the array that a tensor of strings is made of."""
    return np.array(rows, object)
