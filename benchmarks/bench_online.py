"""How fast interests follow events: stores, consumer, gateway, on this machine.

Claims: a recommendation changes within milliseconds of its event, the event being on
disk by then; a consumer applies thousands of events a second in batches. The model is
a toy of six items, so that what is measured is the way to it and back.

    python benchmarks/bench_online.py

The gateway is compared with the model server asked directly, with the same history.
"""

import contextlib
import http.client
import json
import math
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

# The tests' toy and processes serve here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from serving.client import RecommenderClient
from serving.online.consuming import consume
from serving.online.events import Event
from serving.online.sources.jsonl import JsonlSource
from serving.online.stores.opening import open_states
from tests.serving.online.gateway_process import GatewayProcess
from tests.serving.online.redis_server import RedisServer
from tests.serving.server_process import serving
from tests.serving.toy_artefact import write_toy

START = 1_700_000_000  # seconds
USERS = 1000
WARM_UP = 20  # calls


def main(runs: int = 300, events: int = 50_000):
    """Prints every figure of one run.

    Args:
        runs: calls per figure.
        events: how many the consumer reads.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        Console().print(_bench_stores(folder, runs))
        Console().print(_bench_consumer(folder, events))
        Console().print(_bench_gateway(folder, runs))


@contextlib.contextmanager
def _urls(folder):
    urls = {"memory": "memory:", "SQLite, on disk": f"sqlite:///{folder}/states.db"}
    if not shutil.which("redis-server"):
        yield urls
        return
    (folder / "redis").mkdir()
    server = RedisServer(folder / "redis")
    yield urls | {"Redis, on disk": server.url}
    server.kill()


def _bench_stores(folder, runs):
    table = Table("store", "events kept", "get µs p50", "append µs p50", "p99")
    with _urls(folder) as urls:
        for name, url in urls.items():
            states = open_states(url)
            for length in (10, 500):
                row = _store_figures(states, f"user of {length}", length, runs)
                table.add_row(name, str(length), *(f"{us:,.0f}" for us in row))
            states.close()
    return table


def _store_figures(states, user_id, length, runs):
    states.append([_event(user_id, t) for t in range(length)])
    gets = [_timed(states.get, user_id) for _ in range(runs)]
    appends = []
    for t in range(runs):
        states.append([_event(f"{user_id}, {t}", own) for own in range(length)])
        appends.append(_timed(states.append, [_event(f"{user_id}, {t}", length)]))
    return np.median(gets) * 1e6, *(np.percentile(appends, [50, 99]) * 1e6)


def _event(user_id, second):
    fields = {"user_id": user_id, "item_id": f"item-{second}", "event": "view"}
    return Event(**fields, timestamp=START + second)


def _timed(call, *arguments):
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def _bench_consumer(folder, events):
    rng, log = random.Random(0), folder / "log.jsonl"
    with log.open("w", encoding="utf-8") as file:
        for second in range(events):
            event = _event(f"user {rng.randrange(USERS)}", second)
            file.write(event.model_dump_json() + "\n")
    table = Table("consumer", "events", "events/s")
    for name in ("from JSONL into SQLite", "the same again: all known"):
        states = open_states(f"sqlite:///{folder}/consumed.db")
        source = JsonlSource(log, threading.Event())
        seconds = _timed(consume, source, states)
        source.close()
        states.close()
        table.add_row(name, f"{events:,}", f"{events / seconds:,.0f}")
    return table


def _bench_gateway(folder, runs):
    toy = write_toy(folder / "toy").parent
    with serving("--model_name=toy", f"--model_base_path={toy}") as server:
        store = f"sqlite:///{folder}/gateway.db"
        flags = ("--target", server.target, "--model", "toy", "--store", store)
        gateway = GatewayProcess(*flags)
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
        figures = _gateway_figures(connection, runs)
        connection.close()
        gateway.stop()
        figures |= {"the model server, directly": _direct_ms(server.target, runs)}
    return _gateway_table(figures)


def _gateway_table(figures):
    table = Table("over HTTP", "p50 ms", "p99 ms", "times the direct way")
    direct = np.median(figures["the model server, directly"])
    for name, ms in figures.items():
        p50, p99 = np.percentile(ms, [50, 99])
        table.add_row(name, f"{p50:.2f}", f"{p99:.2f}", f"{p50 / direct:.1f}")
    return table


def _direct_ms(target, runs):
    history = [
        ("ae"[second % 2], "", math.nan, START + second) for second in range(500)
    ]
    with RecommenderClient(target, "toy") as client:
        calls = [
            _timed(lambda n: client.recommend(history[:n], k=3), min(second + 1, 500))
            for second in range(runs + WARM_UP)
        ]
    return 1e3 * np.array(calls[WARM_UP:])


def _gateway_figures(connection, runs):
    """Milliseconds of each step; the user turns from one item to the other and back."""
    posts, reads, whole, cached = [], [], [], []
    path = "/v1/users/ann/recommendations?k=3"
    for second in range(runs + WARM_UP):
        fields = {"user_id": "ann", "item_id": "ae"[second % 2]}
        body = json.dumps(fields | {"timestamp": START + second})
        started = time.perf_counter()
        _ask(connection, "POST", "/v1/events", body)
        posted = time.perf_counter()
        answer = _ask(connection, "GET", path)
        ended = time.perf_counter()
        assert answer["state_version"] == second + 1
        posts.append(posted - started)
        reads.append(ended - posted)
        whole.append(ended - started)
        cached.append(_timed(_ask, connection, "GET", path))
    figures = {
        "event posted → changed recommendation": whole,
        "… the event, until it is on disk": posts,
        "… the recommendation": reads,
        "the same recommendation, cached": cached,
    }
    return {name: 1e3 * np.array(times[WARM_UP:]) for name, times in figures.items()}


def _ask(connection, method, path, body=None):
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    assert response.status < 300, answer
    return answer


if __name__ == "__main__":
    typer.run(main)
