"""TF Serving's REST API as an ASGI app."""

import asyncio
import functools
import logging
import time
from concurrent import futures
from dataclasses import dataclass

import grpc

from serving.model_server.answering import METADATA_FIELD, Answering
from serving.model_server.rest.paths import read_path
from serving.model_server.rest.reading import read_predict
from serving.model_server.rest.writing import (
    write_error,
    write_metadata,
    write_outputs,
    write_status,
)
from serving.model_server.scheduling.deadline import Deadline, deadline_exceeded
from serving.model_server.services import FAILED, NO_EXAMPLES
from serving.request_log import log_request
from tfrec.protocol.status import RequestError, http_status, not_found

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


class RestApp:
    """Answers HTTP requests as tensorflow_model_server does, behind a `Door`.

    Args:
        answering: what answers them.
        num_threads: requests answered at a time.
        timeout_s: seconds that an answer may take.
        metrics_path: where a scraper finds the metrics, `""` for nowhere.
    """

    def __init__(
        self,
        answering: Answering,
        num_threads: int,
        timeout_s: float,
        metrics_path: str = "",
    ):
        self._answering = answering
        self._metrics_path = metrics_path
        self._timeout_s = timeout_s
        self._pool = futures.ThreadPoolExecutor(num_threads, thread_name_prefix="rest")

    async def __call__(self, scope, receive, send):
        started, number = time.perf_counter(), scope["state"]["request_id"]
        answer = await self._answer(scope, receive, number)
        headers = [
            (b"content-type", answer.content_type),
            (b"content-length", str(len(answer.body)).encode()),
        ]
        start = {"type": "http.response.start", "status": answer.status}
        await send(start | {"headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
        method = f"{scope['method']} {scope['path']}"
        seconds = time.perf_counter() - started
        log_request(number, method, str(answer.status), seconds, answer.error)

    async def _answer(self, scope, receive, number):
        try:
            async with asyncio.timeout(self._timeout_s):
                body = (await receive())["body"]
                return await self._in_thread(scope, body)
        except RequestError as error:
            return _refusal(http_status(error.code), error.message)
        except TimeoutError:
            late = deadline_exceeded()
            return _refusal(http_status(late.code), late.message)
        except Exception:
            logger.exception("%s failed; request %s.", scope["path"], number)
            return _refusal(500, FAILED)

    async def _in_thread(self, scope, body):
        deadline = Deadline.after(self._timeout_s)
        path = scope["raw_path"].decode("ascii", "replace")
        route = functools.partial(self._route, scope["method"], path, body, deadline)
        return await asyncio.get_running_loop().run_in_executor(self._pool, route)

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
        request = read_predict(body, signature_of)
        read_s = time.perf_counter() - started
        _, outputs = self._answering.predict(spec, request.inputs, (), deadline)
        metrics = self._answering.metrics
        metrics.observe_stage(spec.signature_name, "read", read_s)
        with metrics.stage(spec.signature_name, "write"):
            return write_outputs(outputs, request.is_row)


def _refusal(status, words):
    return Answer(write_error(words), status=status, error=words)
