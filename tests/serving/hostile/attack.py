"""One hostile request, and whoever sends it."""

import contextlib
import dataclasses
import http.client
import socket
from collections.abc import Callable

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

TIMEOUT_S = 60
SERVICE = "/tensorflow.serving.PredictionService"


@dataclasses.dataclass(frozen=True)
class Attack:
    """A request and the status that it must get.

    Attributes:
        name: for the report.
        send: what an `Attacker` does, giving the status.
        expected: names of gRPC's codes, or numbers of HTTP's, one of which must come.
    """

    name: str
    send: Callable
    expected: tuple


class Attacker:
    """Sends bytes as they are to the two ports of a server."""

    def __init__(self, target, rest):
        self.target, self.rest = target, rest
        unlimited = [("grpc.max_send_message_length", -1)]
        unlimited.append(("grpc.max_metadata_size", 1 << 20))
        self.channel = grpc.insecure_channel(target, unlimited)

    def grpc(self, method, body, metadata=None, compression=None):
        """Name of the status of a call."""
        call = self.channel.unary_unary(method)  # bytes go in, bytes come out
        try:
            call(body, timeout=TIMEOUT_S, metadata=metadata, compression=compression)
        except grpc.RpcError as error:
            return error.code().name
        return "OK"

    def http(self, method, path, body, headers=None):
        """Number of the status of a request."""
        host, port = self.rest.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_accept_encoding=True)
            headers = {"Content-Length": str(len(body))} | (headers or {})
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            response.read()
            return response.status

    def raw(self, address, data):
        """What comes back to bytes that are no request: a number, or `closed`."""
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as line:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                answer = line.recv(1 << 16)
                if answer.startswith(b"HTTP/1.1 "):
                    return int(answer[9:12])
            return "closed"


def predict(signature="recommend", model="toy", version=None, label="", **inputs):
    """A `PredictRequest` of arrays."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    if version is not None:
        request.model_spec.version.value = version
    if label:
        request.model_spec.version_label = label
    for name, array in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    return request


def texts(*values):
    """A tensor of strings."""
    return np.array(values, object)
