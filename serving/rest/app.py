"""TF Serving's REST API as an ASGI app."""

import asyncio
import logging
from concurrent import futures
from dataclasses import dataclass

import grpc

from serving.answering import METADATA_FIELD, Answering
from serving.rest.paths import read_path
from serving.rest.reading import read_predict
from serving.rest.writing import (
    http_status,
    write_error,
    write_metadata,
    write_outputs,
    write_status,
)
from serving.scheduling.deadline import Deadline, deadline_exceeded
from serving.scheduling.scheduler import overloaded
from serving.services import NO_EXAMPLES
from serving.status import RequestError, not_found

logger = logging.getLogger(__name__)

_JSON = b"application/json"


@dataclass(frozen=True, kw_only=True)
class RestLimits:
    """What one REST API bears.

    Attributes:
        num_threads: requests answered at a time.
        max_waiting: requests beyond these that may wait for a thread.
        timeout_s: seconds that a request may take; its body must come in that time.
        max_body_bytes: size of a body.
    """

    num_threads: int
    max_waiting: int
    timeout_s: float
    max_body_bytes: int


class TooLarge(Exception):
    """A body is longer than allowed."""


class RestApp:
    """Answers HTTP requests as tensorflow_model_server does.

    Args:
        answering: what answers them.
        limits: `RestLimits`.
    """

    def __init__(self, answering: Answering, limits: RestLimits):
        self._answering = answering
        self._limits = limits
        self._under_way = 0
        self._pool = futures.ThreadPoolExecutor(
            limits.num_threads, thread_name_prefix="rest"
        )

    async def __call__(self, scope, receive, send):
        status, body = await self._answer(scope, receive)
        headers = [
            (b"content-type", _JSON),
            (b"content-length", str(len(body)).encode()),
        ]
        if status == 413:  # the rest of the body is not worth reading
            headers.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope, receive):
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                body = await self._read(scope, receive)
                return 200, await self._in_thread(scope, body)
        except TooLarge:
            words = f"A body must have at most {self._limits.max_body_bytes} bytes."
            return 413, write_error(words)
        except RequestError as error:
            return _refusal(error)
        except TimeoutError:
            return _refusal(deadline_exceeded())
        except Exception:
            logger.exception("%s %s failed.", scope["method"], scope["path"])
            return 500, write_error("The server failed; see its log.")

    async def _read(self, scope, receive):
        limit = self._limits.max_body_bytes
        for name, value in scope["headers"]:
            if name == b"content-length" and int(value) > limit:
                raise TooLarge
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestError(grpc.StatusCode.CANCELLED, "The caller has gone.")
            parts.append(message["body"])
            size += len(message["body"])
            if size > limit:
                raise TooLarge
            more = message["more_body"]
        return b"".join(parts)

    async def _in_thread(self, scope, body):
        if self._under_way >= self._limits.num_threads + self._limits.max_waiting:
            raise overloaded(self._limits.max_waiting)
        deadline = Deadline.after(self._limits.timeout_s)
        path = scope["raw_path"].decode("ascii", "replace")
        self._under_way += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(
                self._pool, self._route, scope["method"], path, body, deadline
            )
        finally:
            self._under_way -= 1

    def _route(self, method, path, body, deadline) -> bytes:
        if not path.lower().startswith("/v1/"):
            raise not_found(f"There is nothing at {method} {path}")
        action, spec = read_path(method, path)
        if action == "predict":
            return self._predict(spec, body, deadline)
        if action == "status":
            return write_status(self._answering.status(spec))
        if action == "metadata":
            return write_metadata(self._answering.metadata(spec, [METADATA_FIELD]))
        words = NO_EXAMPLES.format(action.capitalize())
        raise RequestError(grpc.StatusCode.UNIMPLEMENTED, words)

    def _predict(self, spec, body, deadline):
        def signature_of(name):
            spec.signature_name = name
            return self._answering.signature(spec)

        asked = read_predict(body, signature_of)
        _, outputs = self._answering.predict(spec, asked.inputs, (), deadline)
        return write_outputs(outputs, asked.is_row)


def _refusal(error):
    return http_status(error.code), write_error(error.message)
