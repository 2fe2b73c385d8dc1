"""The gate in front of a gRPC server."""

import grpc
from google.protobuf.message import DecodeError

from serving.security.gate import Gate
from serving.security.tokens import Role
from tfrec.protocol.status import RequestError

_ADMIN = {"/tensorflow.serving.ModelService/HandleReloadConfigRequest"}
OPEN = "/grpc.health.v1.Health/"  # probes have no token and must not be slowed down


class GateInterceptor(grpc.ServerInterceptor):
    """Asks the gate before every call but health checks.

    A token is looked at before the message is read, however large that is.

    Args:
        gate: `Gate`.
    """

    def __init__(self, gate: Gate):
        self._gate = gate

    def intercept_service(self, continuation, handler_call_details):
        """Puts the gate before the method."""
        handler = continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(OPEN):
            return handler
        role = Role.ADMIN if handler_call_details.method in _ADMIN else Role.ASK
        try:
            self._gate.identify(
                _authorization(handler_call_details.invocation_metadata), role
            )
        except RequestError as error:
            return _refusal(error)
        coding = (handler.request_deserializer, handler.response_serializer)
        if handler.stream_stream:  # reflection
            guarded = self._guard_stream(handler.stream_stream)
            return grpc.stream_stream_rpc_method_handler(guarded, *coding)
        guarded = self._guard(handler.unary_unary, handler.request_deserializer)
        return grpc.unary_unary_rpc_method_handler(
            guarded, response_serializer=handler.response_serializer
        )

    def _guard(self, method, deserialize):
        def guarded(data, context):
            self._admit(context)
            try:  # not by gRPC, which loses memory with every message that is torn
                request = deserialize(data)
            except DecodeError:
                words = "Exception deserializing request!"
                context.abort(grpc.StatusCode.INTERNAL, words)
            return method(request, context)

        return guarded

    def _guard_stream(self, method):
        def guarded(requests, context):
            self._admit(context)
            yield from method(requests, context)

        return guarded

    def _admit(self, context):
        try:
            self._gate.admit(
                _authorization(context.invocation_metadata()), _host(context)
            )
        except RequestError as error:
            context.abort(error.code, error.message)


def _authorization(metadata):
    return str(dict(metadata).get("authorization", ""))


def _refusal(error):
    """A method that aborts: of a stream, since those are read only when asked for."""

    def refuse(requests, context):
        context.abort(error.code, error.message)

    return grpc.stream_unary_rpc_method_handler(refuse)


def _host(context):
    """`127.0.0.1` of `ipv4:127.0.0.1:4711`."""
    return context.peer().partition(":")[2].rpartition(":")[0]
