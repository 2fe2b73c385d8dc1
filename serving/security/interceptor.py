"""The gate in front of a gRPC server."""

import grpc

from serving.security.gate import Gate
from serving.status import RequestError

OPEN = "/grpc.health.v1.Health/"  # probes have no token and must not be slowed down


class GateInterceptor(grpc.ServerInterceptor):
    """Asks the gate before every call but health checks.

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
        coding = (handler.request_deserializer, handler.response_serializer)
        if handler.stream_stream:  # reflection
            guarded = self._guard_stream(handler.stream_stream)
            return grpc.stream_stream_rpc_method_handler(guarded, *coding)
        guarded = self._guard(handler.unary_unary)
        return grpc.unary_unary_rpc_method_handler(guarded, *coding)

    def _guard(self, method):
        def guarded(request, context):
            self._admit(context)
            return method(request, context)

        return guarded

    def _guard_stream(self, method):
        def guarded(requests, context):
            self._admit(context)
            yield from method(requests, context)

        return guarded

    def _admit(self, context):
        metadata = dict(context.invocation_metadata())
        try:
            self._gate.admit(str(metadata.get("authorization", "")), _host(context))
        except RequestError as error:
            context.abort(error.code, error.message)


def _host(context):
    """`127.0.0.1` of `ipv4:127.0.0.1:4711`."""
    return context.peer().partition(":")[2].rpartition(":")[0]
