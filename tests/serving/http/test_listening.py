"""Tests of serving.http: what is held open ends, and others are answered meanwhile."""

import contextlib
import os
import resource
import socket
import ssl
import time

import pytest

from serving.http import protocol
from serving.http.limits import bearable_connections
from serving.http.listening import _listen
from serving.security.tls import Tls
from tests.serving.http.echo import GET, connect, echoing, post, read_all, say
from tests.serving.security.certificates import Authority

SHORT = 0.2  # seconds


@pytest.fixture(scope="module")
def server():
    """With short times."""
    times = ("header_s", "body_s", "max_body_s", "keep_alive_s", "stall_s")
    with echoing(**dict.fromkeys(times, SHORT)) as (server, _):
        yield server


def status(answer):
    return int(answer[9:12])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"GET / HTTP/1.1\r\nX: ",
        GET,  # and nothing more
        GET + b"\r\n",
        GET + b"GET / HTTP/1.1\r\n",
        post(10, sent=0),
        post(10, sent=9),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n",
    ],
)
def test_what_stops_half_way_is_closed(server, data):
    say(server, data)  # comes to an end


def test_a_slow_body_is_told_so(server):
    assert status(say(server, post(10, sent=9))) == 408


def test_whoever_takes_no_answer_is_closed(server):
    with connect(server) as line:
        line.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2 * SHORT)
        assert len(read_all(line)) < 50_000_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),  # the beginning of TLS
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101 + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 400_000, 431),
        (post(100_001, sent=1), 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"zz\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            + b"C350\r\n"
            + b"x" * 50_000
            + b"\r\nC351\r\n"
            + b"x" * 50_001
            + b"\r\n",
            413,
        ),
        (  # chunks of nothing but extensions
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 400_000,
            431,
        ),
        (  # and what may come after them
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
            + b"x" * 400_000,
            431,
        ),
    ],
)
def test_too_much_is_refused_and_closed(server, data, code):
    assert status(say(server, data)) == code


def test_thousands_of_requests_at_once_are_not_kept(server):
    answer = say(server, GET * 10_000)
    assert answer.count(b"HTTP/1.1") <= 2 + protocol.MAX_PIPELINED


def test_a_refusal_is_read_by_those_who_still_send(server):
    """Without a lingering end the answer would be lost with the connection."""
    answer = say(server, post(5_000_000))
    assert status(answer) == 413
    assert b"A body must have at most 100000 bytes" in answer


def test_the_body_comes_back(server):
    assert say(server, post(100_000)).endswith(b"\r\n\r\n" + b"x" * 100_000)
    chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert say(server, chunked + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n").endswith(b"abc")


def test_a_large_body_comes_back_in_order():
    """Longer than the blocks in which it is kept, by a piece."""
    body = b"".join(b"%08d" % number for number in range(350_000))
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    with echoing(max_body_bytes=4_000_000, max_held_bytes=4_000_000) as (server, _):
        assert say(server, head % len(body) + body).endswith(b"\r\n\r\n" + body)


def test_requests_beyond_the_number_are_refused():
    with echoing(max_requests=1) as (server, app):
        waiting = connect(server)
        waiting.sendall(post(1, "/wait"))
        assert app.entered.wait(20)
        answer = say(server, post(1))
        assert status(answer) == 503
        assert b"retry-after: 1" in answer
        app.released.set()
        assert status(waiting.recv(100)) == 200
        waiting.close()


def test_the_slowest_body_gives_way_when_memory_ends():
    limits = {"max_held_bytes": 150_000, "keep_alive_s": SHORT}
    with echoing(**limits) as (server, _), connect(server) as slow:
        slow.sendall(post(100_000, sent=90_000))
        time.sleep(SHORT)  # until it has been read
        assert status(say(server, post(100_000))) == 200
        assert status(read_all(slow)) == 408


def test_the_oldest_idle_connection_gives_way():
    with echoing(max_connections=4) as (server, app):  # three of one address
        asking = connect(server)
        asking.sendall(post(1, "/wait"))
        assert app.entered.wait(20)
        idle = [connect(server) for _ in range(30)]
        with connect(server) as line:
            line.sendall(GET)
            assert status(line.recv(100)) == 200
        assert [each.recv(1) for each in idle[:28]] == [b""] * 28
        app.released.set()
        assert status(asking.recv(100)) == 200
        for line in [asking, *idle]:
            line.close()


def test_whoever_shakes_no_hand_gives_way_as_well():
    authority = Authority("ours")
    key, certificate = authority.issue("server")
    tls = Tls(server_key=key, server_cert=certificate).context()
    with echoing(tls, max_connections=4) as (server, _):
        idle = [connect(server) for _ in range(30)]
        context = ssl.create_default_context(cadata=authority.pem)
        with context.wrap_socket(connect(server), server_hostname="127.0.0.1") as line:
            line.sendall(GET)
            assert status(line.recv(100)) == 200
        assert [each.recv(1) for each in idle[:27]] == [b""] * 27
        for line in idle:
            line.close()


def test_descriptors_may_run_out():
    with echoing() as (server, _), contextlib.closing(connect(server)) as idle:
        idle.sendall(GET)
        assert status(idle.recv(1000)) == 200
        line = socket.socket()
        with no_more_descriptors():
            host, port = server.address.split(":")
            line.connect((host, int(port)))
            line.sendall(GET)
            line.settimeout(20)
            assert status(line.recv(100)) == 200  # in the place of the idle one
        assert idle.recv(1) == b""
        line.close()


@contextlib.contextmanager
def no_more_descriptors():
    """This process may open no file that would have a higher number than it has."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull, encoding="utf-8") as free:
        lowest = free.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


def test_half_of_the_descriptors_are_left_to_the_rest():
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, usual[1]))
    assert bearable_connections() == 128
    resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    assert bearable_connections() <= 512


def test_it_ends_in_its_time_beside_slow_bodies():
    with echoing(drain_s=1, body_s=60, max_body_s=60) as (server, _):
        slow = connect(server)
        slow.sendall(post(10, sent=1))
        with connect(server) as line:
            line.sendall(GET)
            line.recv(100)
    assert read_all(slow) == b""
    slow.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_answers_do_not_wait_for_a_full_packet(host):
    """Without TCP_NODELAY each would take 40 ms more."""
    with _listen(host, 0, "--port") as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
