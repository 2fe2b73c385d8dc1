"""An HTTP answer that takes a bounded time and a bounded number of bytes."""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from urllib.parse import SplitResult

from serving.words.contract import LanguageModelError

MAX_BYTES = 512 * 1024  # of an answer; a text of 100 tokens is streamed in 30 kB
_PART_BYTES = 16 * 1024


@contextlib.contextmanager
def posted(
    url: SplitResult, body: bytes, headers: dict[str, str], deadline: float
) -> Iterator[http.client.HTTPResponse]:
    """The answer to a POST, whose body is not read yet.

    The socket is shut down at the deadline, so that no read outlasts it: neither of a
    server that is silent nor of one that sends a byte a second.

    Args:
        url: where to.
        body: what is sent.
        headers: that go with it.
        deadline: as `LanguageModel.generate` has it.

    Raises:
        LanguageModelError: nobody answers, or not in time.
    """
    connection = _connection(url, max(0.1, deadline - time.monotonic()))
    lines: list[socket.socket] = []  # a response takes it over from its connection
    try:
        with _ending(connection, lines, deadline):
            connection.connect()
            lines.append(connection.sock)
            if time.monotonic() >= deadline:  # many addresses, or a slow name server
                raise _late()
            connection.request("POST", url.path, body, headers)
            with connection.getresponse() as response:
                yield response
    except (OSError, http.client.HTTPException) as error:
        if time.monotonic() >= deadline:
            raise _late() from error
        raise LanguageModelError(
            "unreachable", f"{url.netloc} does not answer: {error or type(error)}."
        ) from error
    finally:
        connection.close()


def parts(response: http.client.HTTPResponse, deadline: float) -> Iterator[bytes]:
    """The body of an answer as it comes.

    Raises:
        LanguageModelError: it is larger than `MAX_BYTES`, or comes too late.
    """
    size = 0
    while part := response.read1(_PART_BYTES):
        size += len(part)
        if size > MAX_BYTES:
            raise LanguageModelError(
                "too_large", f"An answer must have at most {MAX_BYTES} bytes."
            )
        if time.monotonic() >= deadline:
            raise _late()
        yield part
    if time.monotonic() >= deadline:  # its end may be the watchdog's
        raise _late()


def _late():
    return LanguageModelError("deadline", "The language model did not answer in time.")


def _connection(url, timeout_s):
    port = url.port  # None for the usual one
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            url.hostname, port, timeout=timeout_s, context=context
        )
    return http.client.HTTPConnection(url.hostname, port, timeout=timeout_s)


@contextlib.contextmanager
def _ending(connection, lines, deadline):
    """While it lasts, the socket is shut down at the deadline."""

    def shut_down():
        for line in filter(None, [connection.sock, *lines]):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), shut_down)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
