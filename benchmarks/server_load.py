"""Load on a server, from a process of its own: prebuilt requests, answers not parsed.

    python benchmarks/server_load.py 127.0.0.1:8500 requests.pickle --concurrency 8
    python benchmarks/server_load.py 127.0.0.1:8500 requests.pickle --rate 300

A closed loop (`--concurrency`) sends each caller's next request when the last one is
answered; an open loop (`--rate`) sends at random moments whatever the answers do, and
counts latency from the moment a request was due. Prints one line of JSON.

It speaks just as much HTTP/2 as gRPC needs, frames made beforehand: a tenth of what
gRPC's own client costs, which would take the cores from the server it measures.
"""

import argparse
import asyncio
import collections
import json
import pathlib
import pickle
import random
import struct
import subprocess
import sys
import time

METHOD = "/tensorflow.serving.PredictionService/Predict"
WARM_UP_S = 0.7  # of every load; what began in it is not counted
CODES = {b"0": "OK", b"4": "DEADLINE_EXCEEDED", b"8": "RESOURCE_EXHAUSTED"}
CODES |= {b"1": "CANCELLED", b"14": "UNAVAILABLE"}

# HTTP/2: frame types, flags, settings.
_DATA, _HEADERS, _RST, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _ACK, _END_HEADERS = 1, 1, 4
_TABLE_SIZE, _INITIAL_WINDOW = 1, 4
_WINDOW_BYTES, _USUAL_WINDOW = 2**31 - 1, 65_535
_STATUS = b"grpc-status"  # spelt out, since we allow the server no table of headers


def frame(kind, flags, stream, payload):
    head = struct.pack(">I", len(payload))[1:] + struct.pack(
        ">BBI", kind, flags, stream
    )
    return head + payload


def headers(target, timeout_s):
    """The headers of every request, in HPACK without its compressions."""

    def text(value):
        return bytes([len(value)]) + value.encode()

    block = b"\x83\x86\x04" + text(METHOD) + b"\x01" + text(target)
    block += b"\x0f\x10" + text("application/grpc")
    block += b"\x00" + text("te") + text("trailers")  # codespell:ignore te
    block += b"\x00" + text("grpc-timeout")
    return block + text(f"{timeout_s * 1000:.0f}m")


class Connection(asyncio.Protocol):
    """Calls over one connection; `done(code)` is called when one is over."""

    def __init__(self, target, requests, timeout_s):
        self._block = headers(target, timeout_s)
        self._bodies = [b"\0" + struct.pack(">I", len(r)) + r for r in requests]
        self._buffer, self._waiting = bytearray(), collections.deque()
        self._done, self._next, self._window = {}, 1, _USUAL_WINDOW

    def connection_made(self, transport):
        self._transport = transport
        settings = struct.pack(">HIHI", _TABLE_SIZE, 0, _INITIAL_WINDOW, _WINDOW_BYTES)
        more = struct.pack(">I", _WINDOW_BYTES - _USUAL_WINDOW)
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        preface += frame(_SETTINGS, 0, 0, settings)
        transport.write(preface + frame(_WINDOW, 0, 0, more))

    def call(self, number, done):
        """Sends the request of a number, or keeps it until the server reads again."""
        self._waiting.append((number, done))
        self._send()

    def _send(self):
        while self._waiting:
            number, done = self._waiting[0]
            body = self._bodies[number % len(self._bodies)]
            if len(body) > self._window:
                return
            self._waiting.popleft()
            self._window -= len(body)
            stream, self._next = self._next, self._next + 2
            self._done[stream] = done
            self._transport.write(
                frame(_HEADERS, _END_HEADERS, stream, self._block)
                + frame(_DATA, _END_STREAM, stream, body)
            )

    def data_received(self, data):
        self._buffer += data
        start, size = 0, len(self._buffer)
        while size - start >= 9:
            length = int.from_bytes(self._buffer[start : start + 3])
            if size - start < 9 + length:
                break
            kind, flags, stream = struct.unpack_from(">BBI", self._buffer, start + 3)
            payload = bytes(self._buffer[start + 9 : start + 9 + length])
            self._take(kind, flags, stream, payload)
            start += 9 + length
        del self._buffer[:start]

    def _take(self, kind, flags, stream, payload):
        if kind == _HEADERS and flags & _END_STREAM:
            place = payload.index(_STATUS) + len(_STATUS)
            status = payload[place + 1 : place + 1 + payload[place]]
            self._done.pop(stream)(CODES.get(status, f"status {status.decode()}"))
        elif kind == _RST and stream in self._done:
            self._done.pop(stream)("RST_STREAM")
        elif kind == _WINDOW and not stream:
            self._window += int.from_bytes(payload)
            self._send()
        elif kind in (_SETTINGS, _PING) and not flags & _ACK:
            answer = payload if kind == _PING else b""
            self._transport.write(frame(kind, _ACK, 0, answer))
        elif kind == _GOAWAY:
            raise SystemExit(f"The server ended the connection: {payload!r}.")


class Load:
    """Sends requests in turn and notes what comes of them."""

    def __init__(self, connection):
        self._connection, self._number = connection, 0
        self.latencies_s: list[float] = []  # of what was answered
        self.codes: collections.Counter = collections.Counter()
        self.start = time.perf_counter() + WARM_UP_S

    def send(self, due):
        """One request, due at `time.perf_counter()` seconds; a future."""
        over = asyncio.get_running_loop().create_future()

        def done(code):
            if due >= self.start:
                self.codes[code] += 1
                if code == "OK":
                    self.latencies_s.append(time.perf_counter() - due)
            over.set_result(None)

        self._connection.call(self._number, done)
        self._number += 1
        return over

    async def closed(self, concurrency, seconds):
        """Callers that each wait for their answer."""
        end = self.start + seconds

        async def caller():
            while (now := time.perf_counter()) < end:
                await self.send(now)

        await asyncio.gather(*(caller() for _ in range(concurrency)))

    async def open(self, rate, seconds, rng):
        """`rate` requests a second at random moments, a Poisson process."""
        due, end, sent = time.perf_counter(), self.start + seconds, []
        while due < end:
            if due > time.perf_counter():
                await asyncio.sleep(due - time.perf_counter())
            sent.append(self.send(due))
            due += rng.expovariate(rate)
        await asyncio.gather(*sent)


async def run(arguments):
    """The figures of one load, as a dict."""
    requests = pickle.loads(arguments.requests.read_bytes())
    host, port = arguments.target.split(":")
    transport, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(arguments.target, requests, arguments.timeout_s), host, port
    )
    load = Load(connection)
    busy_s, began = time.process_time(), time.perf_counter()
    if arguments.rate:
        await load.open(arguments.rate, arguments.seconds, random.Random(0))
    else:
        await load.closed(arguments.concurrency, arguments.seconds)
    ended = time.perf_counter()
    busy = (time.process_time() - busy_s) / (ended - began)
    transport.close()
    return {
        "seconds": ended - load.start,
        "codes": load.codes,
        "latencies_s": load.latencies_s,
        "client_busy": busy,
    }


def measure(target, requests, *flags):
    """The figures of a load that a new process makes."""
    command = [sys.executable, __file__, target, str(requests), *map(str, flags)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("requests", type=pathlib.Path, help="pickled list of bytes")
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0, help="a second")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--timeout-s", type=float, default=10)
    print(json.dumps(asyncio.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
