"""Attacks on an HTTP port of this machine, bounded in count, bytes and time."""

import contextlib
import json
import socket
import time

HEAD = "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
PIECE = 64 * 1024
MOST_BYTES = 100 * 1024 * 1024  # of one connection
LINES = 4  # connections at a time that send as fast as they can


class Attacker:
    """Attacks one port.

    Args:
        port: of 127.0.0.1.
        path: where bodies are posted.
    """

    def __init__(self, port, path):
        self.port = port
        self.head = HEAD.format(path=path, host=f"127.0.0.1:{port}").encode()

    def connect(self):
        line = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        line.settimeout(5)
        return line

    def open(self, count, data=b""):
        """Connections that have sent some data, without those that were refused."""
        lines = []
        for _ in range(count):
            with contextlib.suppress(OSError):
                line = self.connect()
                lines.append(line)
                line.sendall(data)
        return lines

    def is_open(self, line):
        """Whether a connection has not been closed at the other end."""
        line.settimeout(0)
        try:
            while data := line.recv(PIECE):
                del data  # an answer, such as 408
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    # === What holds a connection ===

    def idle(self):
        """1,500 connections that never ask."""
        return self.open(1500)

    def slow_headers(self):
        """300 whose headers never end; `drip` goes on."""
        return self.open(300, self.head + b"X: ")

    def slow_bodies(self):
        """300 whose bodies never end; `drip` goes on."""
        return self.open(300, self.head + b"Content-Length: 1000000\r\n\r\n[")

    def drip(self, lines, seconds):
        """Sends one byte a second on each line that is open still."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in lines:
                with contextlib.suppress(OSError):
                    line.send(b"1")
            time.sleep(1)

    # === What sends as much as it can; each gives the answer's first line ===

    def endless_chunked(self):
        """A body of chunks without an end."""
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        return self.pour(self.head + b"Transfer-Encoding: chunked\r\n\r\n", chunk)

    def huge_headers(self):
        """100 MB of headers."""
        return self.pour(self.head, b"X: " + b"x" * PIECE + b"\r\n")

    def deep_json(self):
        """A JSON array a million deep."""
        return self.post(b"[" * 1_000_000)

    def million_events(self):
        """48 MB of small events."""
        return self.post(json.dumps([_EVENT] * 1_000_000).encode())

    def many_values(self):
        """As many JSON values as go into the largest body."""
        return self.post(b"[" + b"{}," * 690_000 + b"{}]")

    def post(self, body):
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        return self.pour(self.head + length, body, once=True)

    def pour(self, head, piece, once=False):
        """Sends pieces until the other end has enough; gives what it said first."""
        with contextlib.closing(self.connect()) as line:
            with contextlib.suppress(OSError):
                line.sendall(head)
                for _ in range(1 if once else MOST_BYTES // len(piece)):
                    line.sendall(piece)
            with contextlib.suppress(OSError):
                return line.recv(PIECE).partition(b"\r\n")[0]
            return b""


_EVENT = {"user_id": "7", "item_id": "50", "timestamp": 1}
HOLDING = ("idle", "slow_headers", "slow_bodies")
POURING = (
    "endless_chunked",
    "huge_headers",
    "deep_json",
    "million_events",
    "many_values",
)
