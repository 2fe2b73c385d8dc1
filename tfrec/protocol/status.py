"""Answers that are errors: a gRPC status code and words."""

import grpc

from tfrec.errors import ServingError


class RequestError(ServingError):
    """A request that gets a status code instead of an answer.

    Attributes:
        code: `grpc.StatusCode`, the one tensorflow_model_server uses.
        message: what the caller reads.

    Example:
        >>> print(RequestError(grpc.StatusCode.NOT_FOUND, "No such model."))
        NOT_FOUND: No such model.
    """

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message


def invalid(message: str) -> RequestError:
    """The caller sent something wrong."""
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> RequestError:
    """There is no such model or version."""
    return RequestError(grpc.StatusCode.NOT_FOUND, message)


def status_code(number: int) -> grpc.StatusCode:
    """The code with this canonical number; TensorFlow and gRPC count alike."""
    return _CODES.get(number, grpc.StatusCode.UNKNOWN)


_CODES = {code.value[0]: code for code in grpc.StatusCode}


def http_status(code: grpc.StatusCode) -> int:
    """The HTTP status of a gRPC status code.

    Example:
        >>> http_status(grpc.StatusCode.INVALID_ARGUMENT)
        400
    """
    return _HTTP.get(code, 500)


# Reference: `ToHTTPStatusCode` in tensorflow_serving/model_servers/http_server.cc.
_HTTP = {
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.UNAUTHENTICATED: 401,
}
