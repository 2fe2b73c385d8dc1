"""TF Serving's REST API as an ASGI app."""

import asyncio
import logging
import time
from concurrent import futures
from dataclasses import dataclass

import grpc

from serving.answering import METADATA_FIELD, Answering
from serving.request_log import HEADER, log_request, request_id
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
from serving.security.gate import Gate
from serving.services import FAILED, NO_EXAMPLES
from serving.status import RequestError, not_found

logger = logging.getLogger(__name__)

_JSON = b"application/json"
_TEXT = b"text/plain; version=0.0.4"


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    body: bytes
    content_type: bytes = _JSON
    status: int = 200
    error: str = ""


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
        gate: who may ask.
        limits: `RestLimits`.
        metrics_path: where a scraper finds the metrics, `""` for nowhere.
    """

    def __init__(
        self,
        answering: Answering,
        gate: Gate,
        limits: RestLimits,
        metrics_path: str = "",
    ):
        self._answering = answering
        self._metrics_path = metrics_path
        self._gate = gate
        self._limits = limits
        self._under_way = 0
        self._pool = futures.ThreadPoolExecutor(
            limits.num_threads, thread_name_prefix="rest"
        )

    async def __call__(self, scope, receive, send):
        given, started = dict(scope["headers"]), time.perf_counter()
        number = request_id(given.get(HEADER.encode(), b"").decode("latin-1"))
        answer = await self._answer(scope, receive, number)
        headers = [
            (b"content-type", answer.content_type),
            (b"content-length", str(len(answer.body)).encode()),
            (HEADER.encode(), number.encode()),
        ]
        if answer.status in (401, 413):  # the rest of the body is not worth reading
            headers.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": answer.status}
        await send(start | {"headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        method = f"{scope['method']} {scope['path']}"
        seconds = time.perf_counter() - started
        log_request(number, method, str(answer.status), seconds, answer.error)

    async def _answer(self, scope, receive, number):
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                self._admit(scope)
                body = await self._read(scope, receive)
                return await self._in_thread(scope, body)
        except TooLarge:
            words = f"A body must have at most {self._limits.max_body_bytes} bytes."
            return _refusal(413, words)
        except RequestError as error:
            return _refusal(http_status(error.code), error.message)
        except TimeoutError:
            late = deadline_exceeded()
            return _refusal(http_status(late.code), late.message)
        except Exception:
            logger.exception("%s failed; request %s.", scope["path"], number)
            return _refusal(500, FAILED)

    def _admit(self, scope):
        headers = dict(scope["headers"])
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        self._gate.admit(authorization, scope["client"][0])

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

    def _route(self, method, path, body, deadline):
        if method == "GET" and path == self._metrics_path:
            return Answer(self._answering.metrics.text(), _TEXT)
        if not path.lower().startswith("/v1/"):
            raise not_found(f"There is nothing at {method} {path}")
        action, spec = read_path(method, path)
        if action == "predict":
            return Answer(self._predict(spec, body, deadline))
        if action == "status":
            return Answer(write_status(self._answering.status(spec)))
        if action == "metadata":
            metadata = self._answering.metadata(spec, [METADATA_FIELD])
            return Answer(write_metadata(metadata))
        words = NO_EXAMPLES.format(action.capitalize())
        raise RequestError(grpc.StatusCode.UNIMPLEMENTED, words)

    def _predict(self, spec, body, deadline):
        def signature_of(name):
            spec.signature_name = name
            return self._answering.signature(spec)

        started = time.perf_counter()
        asked = read_predict(body, signature_of)
        read_s = time.perf_counter() - started
        _, outputs = self._answering.predict(spec, asked.inputs, (), deadline)
        metrics = self._answering.metrics
        metrics.observe_stage(spec.signature_name, "read", read_s)
        with metrics.stage(spec.signature_name, "write"):
            return write_outputs(outputs, asked.is_row)


def _refusal(status, words):
    return Answer(write_error(words), status=status, error=words)
