"""Attacks on a gateway of its own: others are answered, and all is given back."""

import contextlib
import http.client
import json
import pathlib
import threading

import pytest

from tests.doors.http_attacks import POURING, Attacker, num_sockets
from tests.serving.online.gateway_process import GatewayProcess, Http, eventually

NOWHERE = "127.0.0.1:1"  # what is asked here needs no model server
RELEASE_S = 30
MOST_MORE_MB = 300
ANSWERS = {
    "endless_chunked": {413},
    "huge_headers": {400, 431},
    "deep_json": {413},
    "million_events": {413},
    "many_values": {413},
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A `GatewayProcess` without a model server."""
    store = f"sqlite:///{tmp_path_factory.mktemp('attacked')}/states.db"
    process = GatewayProcess("--target", NOWHERE, "--model", "toy", "--store", store)
    yield process
    assert process.stop() == 0


def told(process, file, line):
    """A number of a process in /proc."""
    path = pathlib.Path(f"/proc/{process.process.pid}/{file}")
    if not path.exists():
        pytest.skip("This system tells nothing of other processes.")
    found = next(
        each
        for each in path.read_text(encoding="utf-8").splitlines()
        if each.startswith(line)
    )
    return int(found.split()[1])


@contextlib.contextmanager
def bears_it(process):
    """What must hold during and after an attack of the block."""
    before, sockets = told(process, "status", "VmHWM"), num_sockets(process.process.pid)
    yield
    assert Http(process.port)("GET", "/v1/users/ann/state")[0] == 200
    more_mb = (told(process, "status", "VmHWM") - before) / 1024
    assert more_mb < MOST_MORE_MB
    assert num_sockets(process.process.pid) <= sockets + 512
    eventually(lambda: num_sockets(process.process.pid) <= sockets + 2, RELEASE_S)


def test_connections_that_are_held_keep_nobody_out(gateway):
    attacker = Attacker(gateway.port, "/v1/events")
    event = {"user_id": "ann", "item_id": "a", "timestamp": 1}
    with bears_it(gateway):
        lines = [*attacker.slow_bodies(), *attacker.slow_headers(), *attacker.idle()]
        ask = Http(gateway.port)
        for _ in range(20):
            assert ask("GET", "/v1/users/ann/state")[0] == 200
            assert ask("POST", "/v1/events", event)[0] == 202
        dripping = threading.Thread(target=attacker.drip, args=(lines, 3))
        dripping.start()
        while dripping.is_alive():
            assert ask("GET", "/v1/users/ann/state")[0] == 200
    assert not any(attacker.is_open(line) for line in lines)
    for line in lines:
        line.close()


@pytest.mark.parametrize("name", POURING)
def test_what_never_ends_is_refused(gateway, name):
    attacker = Attacker(gateway.port, "/v1/events")
    with bears_it(gateway):
        for _ in range(2):
            answer = getattr(attacker, name)()
            # Who sends on for ever may lose the answer with the connection.
            assert not answer or int(answer.split()[1]) in ANSWERS[name]


def test_a_body_that_is_too_large_is_told_so(gateway):
    """Also where the caller sends all of it before it reads."""
    body = json.dumps([{"item_id": "a"}] * 250_000).encode()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    headers = {"Content-Type": "application/json"}
    with contextlib.closing(connection):
        connection.request("POST", "/v1/events", body, headers)
        answer = connection.getresponse()
        assert answer.status == 413
        assert "at most 2097152 bytes. Send several" in json.load(answer)["detail"]


def test_it_ends_in_its_grace_time_beside_slow_bodies(gateway):
    """The last test: its gateway is gone."""
    attacker = Attacker(gateway.port, "/v1/events")
    lines = attacker.slow_bodies()
    dripping = threading.Thread(target=attacker.drip, args=(lines, 8), daemon=True)
    dripping.start()
    gateway.process.terminate()
    assert gateway.process.wait(RELEASE_S) == 0
    for line in lines:
        line.close()
    dripping.join()
