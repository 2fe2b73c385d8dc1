"""A port behind which an app gives back what it was sent."""

import asyncio
import contextlib
import json
import socket
import threading

from serving.http.door import Door
from serving.http.limits import HttpLimits
from serving.http.listening import HttpServer

USUAL = {"max_body_bytes": 100_000, "max_held_bytes": 1_000_000, "max_requests": 4}
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Echo:
    """Gives bodies back; `/wait` waits until `released` is set."""

    def __init__(self):
        self.entered, self.released = threading.Event(), threading.Event()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            raise RuntimeError("There is no lifespan.")
        body = (await receive())["body"]
        if scope["path"] == "/wait":
            self.entered.set()
            await asyncio.to_thread(self.released.wait, 20)
        if scope["path"] == "/much":
            body = b"x" * 50_000_000
        size = str(len(body)).encode()
        start = {"type": "http.response.start", "status": 200}
        await send(start | {"headers": [(b"content-length", size)]})
        await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def echoing(tls=None, **limits):
    """`(server, app)` for the length of a block."""
    app, limits = Echo(), HttpLimits(**USUAL | limits)
    server = HttpServer(Door(app, limits, write), "127.0.0.1", 0, limits, write, tls)
    server.start()
    try:
        yield server, app
    finally:
        app.released.set()
        server.drain()


def write(words):
    return json.dumps(words).encode()


def connect(server):
    host, port = server.address.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def say(server, data):
    """All that comes back to some bytes, until the other end closes."""
    with connect(server) as line:
        line.sendall(data)
        return read_all(line)


def read_all(line):
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := line.recv(1 << 16):
            parts.append(part)
    return b"".join(parts)


def post(size, path="/", sent=None):
    """A request with a body of a size, of which some is sent."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + b"x" * (size if sent is None else sent)
