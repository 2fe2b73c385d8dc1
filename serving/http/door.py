"""What every request passes before it comes to an app."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

from serving.http.bodies import Bodies, CallerGone
from serving.http.limits import CLOSE_S, LINGER_BYTES, HttpLimits, Refusal
from serving.request_log import HEADER, log_request, request_id

POUR_S = 0.01  # between two parts of what is not wanted: it is no hurry


class Door:
    """ASGI app in front of another: checks, bodies of a bounded size, a bounded number.

    The app gets each body in one piece. All answers have an `x-request-id`; refusals
    are logged under it.

    Args:
        app: what answers those that are let in.
        limits: of the port.
        write_error: words to the body of an answer.
        checks: look at a scope before its body is read, and raise `Refusal`.
    """

    def __init__(
        self,
        app,
        limits: HttpLimits,
        write_error: Callable[[str], bytes],
        checks: Sequence[Callable[[dict], None]] = (),
    ):
        self._app = app
        self._limits = limits
        self._write_error = write_error
        self._checks = checks
        self._bodies = Bodies(limits)
        self._under_way = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        number = request_id(header(scope, HEADER))
        scope.setdefault("state", {})["request_id"] = number
        send = _with_headers(send, number)
        try:
            await self._let_in(scope, receive, send)
        except CallerGone:
            return
        except Refusal as refusal:
            method = f"{scope['method']} {scope['path']}"
            seconds = time.perf_counter() - started
            log_request(number, method, str(refusal.status), seconds, refusal.words)
            await self._refuse(refusal, receive, send)

    async def _let_in(self, scope, receive, send):
        for check in self._checks:
            check(scope)
        async with self._bodies.whole(scope, receive) as body:
            if self._under_way >= self._limits.max_requests:
                words = f"{self._limits.max_requests} requests are under way already."
                raise Refusal(self._limits.busy_status, words, retry_after="1")
            self._under_way += 1
            try:
                await self._app(scope, _replay(body, receive), send)
            finally:
                self._under_way -= 1

    async def _refuse(self, refusal, receive, send):
        """Answers at once; closed at once, too, the answer could be lost."""
        body = self._write_error(refusal.words)
        headers = {"content-type": "application/json", "content-length": len(body)}
        headers |= {"connection": "close"} | refusal.headers
        pairs = [(name.encode(), str(v).encode()) for name, v in headers.items()]
        start = {"type": "http.response.start", "status": refusal.status}
        await send(start | {"headers": pairs})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await _pour_away(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def header(scope, name: str) -> str:
    """A request's header, `""` if there is none; of several the last."""
    return dict(scope["headers"]).get(name.encode(), b"").decode("latin-1")


def _with_headers(send, number):
    """Names the request, and keeps browsers from guessing what an answer is."""
    pairs = [
        (HEADER.encode(), number.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]

    async def send_more(message):
        if message["type"] == "http.response.start":
            given = dict(message.get("headers", ()))
            more = [pair for pair in pairs if pair[0] not in given]
            message = message | {"headers": [*message.get("headers", ()), *more]}
        await send(message)

    return send_more


def _replay(body, receive):
    """A `receive` that gives the body, and afterwards what else comes."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again():
        return messages.pop() if messages else await receive()

    return receive_again


async def _pour_away(receive):
    size, more = 0, True
    while more and size < LINGER_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
        await asyncio.sleep(POUR_S)
