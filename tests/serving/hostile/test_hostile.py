"""Thousands of hostile requests: each gets its status, and nobody else notices."""

import collections
import http.client
import mmap
import pathlib
import socket

import numpy as np
import pytest

from serving.model_server.scheduling.parameters import BatchingParameters
from tests.serving.hostile import over_grpc, over_http
from tests.serving.hostile.attack import TIMEOUT_S, Attacker, predict, texts
from tests.serving.listening_process import ListeningProcess
from tests.serving.local_server import serving

MAX_BYTES = 3_000_000
MAKERS = over_grpc.MAKERS | over_http.MAKERS
GOOD = predict(user_text=texts("ab"), history_item_ids=texts(["a"]))
GOOD_ROW = b'{"instances": [{"user_text": "ab", "history_item_ids": ["a"]}]}'


def attacks(seed, count):
    """As many attacks, the same for the same seed."""
    rng = np.random.default_rng(seed)
    makers, weights = list(MAKERS), np.array(list(MAKERS.values()), float)
    for number in rng.choice(len(makers), count, p=weights / weights.sum()):
        yield makers[number](rng)


def good_answers(attacker):
    """Bytes of the answers to a good request, over both protocols."""
    call = attacker.channel.unary_unary(over_grpc.PREDICT)
    host, port = attacker.rest.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S)
    connection.request("POST", over_http.PREDICT, GOOD_ROW)
    response = connection.getresponse()
    answers = call(GOOD.SerializeToString(), timeout=TIMEOUT_S), response.read()
    connection.close()
    assert response.status == 200
    return parsed(answers[0]), answers[1]


def parsed(data):
    """A `PredictResponse`, whose bytes may stand in any order."""
    return over_grpc.predict_pb2.PredictResponse.FromString(data)


def send_all(attacker, made, every=25, watch=lambda number: None):
    """Sends attacks; between them good requests get their answers as ever."""
    before = good_answers(attacker)
    wrong = collections.Counter()
    for number, attack in enumerate(made):
        status = attack.send(attacker)
        if status not in attack.expected:
            wrong[f"{attack.name}: {status}, not {attack.expected}"] += 1
        if number % every == 0:
            assert good_answers(attacker) == before
            watch(number)
    assert good_answers(attacker) == before
    assert not wrong


@pytest.fixture(scope="module", params=[None, BatchingParameters()])
def attacker(request, toy, servable):
    """Of a server in this process, without and with batching."""
    settings = {"max_request_bytes": MAX_BYTES, "batching": request.param}
    with serving(toy, servable, **settings) as server:
        attacker = Attacker(server.address, server.rest_address)
        yield attacker
        attacker.channel.close()


def test_each_kind_gets_its_status(attacker):
    rng = np.random.default_rng(0)
    send_all(attacker, [maker(rng) for maker in MAKERS])


def test_a_few_hundred(attacker):
    send_all(attacker, attacks(seed=1, count=200))


def test_connections_that_never_ask(attacker):
    """Fifty on each port, some in the middle of a request, and one that asks."""
    begun = b"POST /v1/models/toy:predict HTTP/1.1\r\nContent-Length: 99\r\n\r\n{"
    lines = []
    for address, data in [(attacker.rest, begun), (attacker.target, b"PRI * HT")]:
        host, port = address.split(":")
        for number in range(50):
            line = socket.create_connection((host, int(port)), timeout=TIMEOUT_S)
            line.sendall(data[: number * 2])
            lines.append(line)
    assert good_answers(attacker)
    for line in lines:
        line.close()


@pytest.fixture
def server_process(toy):
    """A server of its own, whose memory is nobody else's."""
    flags = ["--port=0", f"--rest_api_port={free_port()}", f"--model_base_path={toy}"]
    flags += ["--model_name=toy", f"--max_request_bytes={MAX_BYTES}"]
    line = r"Running gRPC ModelServer at (127\.0\.0\.1:\d+)"
    process = ListeningProcess("serving.server", line, *flags)
    yield process, f"127.0.0.1:{flags[1].split('=')[1]}"
    assert process.stop() == 0


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.slow
def test_ten_thousand_and_no_leak(server_process):
    process, rest = server_process
    attacker = Attacker(process.address, rest)
    pages = pathlib.Path(f"/proc/{process.process.pid}/statm")
    if not pages.exists():
        pytest.skip("This system does not tell the memory of other processes.")
    sizes = {}

    def watch(number):
        sizes[number] = (
            int(pages.read_text(encoding="utf-8").split()[1]) * mmap.PAGESIZE / 2**20
        )

    send_all(attacker, attacks(seed=2, count=10_000), every=100, watch=watch)
    attacker.channel.close()
    megabytes = np.array([size for number, size in sizes.items() if number >= 3000])
    third = len(megabytes) // 3
    first, last = np.median(megabytes[:third]), np.median(megabytes[-third:])
    print(
        f"Resident: {sizes[0]:.0f} MB, then {first:.0f} MB, at the end {last:.0f} MB."
    )
    # Between the medians lie 4,667 requests: 2 kB lost with each would be nine.
    # Five came of memory in pieces; gRPC's loss of 13 kB a torn message made nine.
    assert last - first < 8
