"""How much a gateway carries: clients at once, many users, and the way over a broker.

Claims: 8 clients get more answers a second than one, and 32 no fewer than 8; a hundred
thousand users cost some kilobytes each and are read as fast as one.

    python benchmarks/bench_load.py [--model saved_models/movielens] [--profile out.svg]

Each client has its own user; every second request is an event, so no answer is cached.
Clients and servers share the machine. The model is a toy of six items unless one is
named. `--profile` needs py-spy and shows where the gateway's time goes.
"""

import contextlib
import functools
import http.client
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

# The tests' toy and processes serve here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from serving.online.events import Event
from serving.online.stores.opening import open_states
from tests.serving.online.broker import Broker
from tests.serving.online.consumer_process import consuming
from tests.serving.online.gateway_process import GatewayProcess, Http, eventually
from tests.serving.online.redis_server import RedisServer
from tests.serving.server_process import serving
from tests.serving.toy_artefact import write_toy

CLIENTS = (1, 8, 32)
START = 1_700_000_000  # seconds
EVENTS_PER_USER = 10
BATCH_USERS = 200


def main(
    model: Annotated[
        pathlib.Path | None, typer.Option(help="Folder of versions.")
    ] = None,
    profile: Annotated[pathlib.Path | None, typer.Option(help="SVG file.")] = None,
    seconds: Annotated[float, typer.Option(help="Of each load.")] = 10,
    users: Annotated[int, typer.Option(help="Of the stores.")] = 100_000,
    produced: Annotated[int, typer.Option(help="Events over the broker.")] = 100,
):
    """Prints every figure of one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        Console().print(_bench_users(folder, users))
        model = (model or write_toy(folder / "toy").parent).resolve()
        flags = (f"--model_name={model.name}", f"--model_base_path={model}")
        store = f"sqlite:///{folder}/gateway.db"
        with serving(*flags) as server:
            asked = ("--target", server.target, "--model", model.name)
            gateway = GatewayProcess(*asked, "--store", store)
            items = _item_ids(model)
            with _profiling(gateway.process.pid, profile):
                Console().print(_bench_clients(gateway.port, items, seconds))
            Console().print(_bench_broker(folder, store, gateway.port, items, produced))
            gateway.stop()


# === Users ===


def _bench_users(folder, users):
    table = Table("store", "users", "bytes each", "get µs p50", "append µs p50", "p99")
    (folder / "redis").mkdir()
    redis = RedisServer(folder / "redis")
    path = folder / "users.db"
    for name, url in {"SQLite": f"sqlite:///{path}", "Redis": redis.url}.items():
        states = open_states(url)
        for first in range(0, users, BATCH_USERS):
            states.append(
                [
                    _event(f"user {user}", second)
                    for user in range(first, min(first + BATCH_USERS, users))
                    for second in range(EVENTS_PER_USER)
                ]
            )
        size = path.stat().st_size if name == "SQLite" else _redis_bytes(url)
        drawn = np.random.default_rng(0).integers(0, users, 1000)
        names = [f"user {user}" for user in drawn]
        gets = [_timed_us(states.get, name) for name in names]
        late = [[_event(name, EVENTS_PER_USER + n)] for n, name in enumerate(names)]
        appends = [_timed_us(states.append, each) for each in late]
        figures = [size / users, np.median(gets), *np.percentile(appends, [50, 99])]
        table.add_row(name, f"{users:,}", *(f"{each:,.0f}" for each in figures))
        states.close()
    redis.kill()
    return table


def _redis_bytes(url):
    import redis

    with contextlib.closing(redis.Redis.from_url(url)) as client:
        return client.info("memory")["used_memory"]


def _event(user_id, second):
    fields = {"user_id": user_id, "item_id": f"item-{second}", "event": "view"}
    return Event(**fields, timestamp=START + second)


def _timed_us(call, *arguments):
    started = time.perf_counter()
    call(*arguments)
    return 1e6 * (time.perf_counter() - started)


# === Clients ===


def _bench_clients(port, items, seconds):
    table = Table(
        "clients", "requests/s", "event ms p50", "p99", "answer ms p50", "p99"
    )
    for count in CLIENTS:
        times: dict[str, list[float]] = {"POST": [], "GET": []}
        deadline = time.monotonic() + seconds
        threads = [
            threading.Thread(target=_client, args=(port, f"{count}-{n}", items, *more))
            for n in range(count)
            for more in [(times, deadline)]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = sum(map(len, times.values())) / seconds
        figures = [f for each in times.values() for f in np.percentile(each, [50, 99])]
        table.add_row(str(count), f"{rate:,.0f}", *(f"{ms:.1f}" for ms in figures))
    return table


def _is_before(deadline, _):
    return time.monotonic() < deadline


def _client(port, user_id, items, times, deadline):
    """One user's events and answers in turn, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    is_time = functools.partial(_is_before, deadline)
    for second in itertools.takewhile(is_time, itertools.count()):
        row = {"user_id": user_id, "item_id": items[second % len(items)]}
        body = json.dumps(row | {"timestamp": START + second})
        path = f"/v1/users/{user_id}/recommendations"
        for method, where, sent in (("POST", "/v1/events", body), ("GET", path, None)):
            started = time.perf_counter()
            headers = {"Content-Type": "application/json"}
            connection.request(method, where, sent, headers)
            response = connection.getresponse()
            response.read()
            assert response.status < 300, response.status
            times[method].append(1e3 * (time.perf_counter() - started))
    connection.close()


@contextlib.contextmanager
def _profiling(pid, path):
    if path is None:
        yield
        return
    command = ["py-spy", "record", "--pid", str(pid), "--output", str(path)]
    recorder = subprocess.Popen([*command, "--duration", "unlimited"])
    yield
    recorder.send_signal(2)  # then it writes the file
    recorder.wait()


# === Broker ===


def _bench_broker(folder, store, port, items, produced):
    broker, ask = Broker(), Http(port)
    broker.make_topic("load")
    times = []
    with consuming(broker.url("load"), store, folder / "consumer.log"):
        for second in range(produced):
            row = {"user_id": "kim", "item_id": items[second % len(items)]}
            started = time.perf_counter()
            broker.produce("load", [row | {"timestamp": START + second}])
            eventually(functools.partial(_has_seen, ask, second + 1), 60, 0)
            times.append(1e3 * (time.perf_counter() - started))
    broker.kill()
    table = Table("over the broker", "events", "p50 ms", "p99 ms")
    p50, p99 = np.percentile(times[produced // 10 :], [50, 99])  # the rest is warm-up
    table.add_row(
        "produced → changed answer", f"{produced}", f"{p50:.1f}", f"{p99:.1f}"
    )
    return table


def _has_seen(ask, version):
    return ask.recommend("kim")["state_version"] >= version


def _item_ids(model):
    from pyarrow import parquet

    newest = max(
        (p for p in model.iterdir() if p.name.isdigit()), key=lambda p: int(p.name)
    )
    table = parquet.read_table(newest / "assets.extra" / "items.parquet")
    return table["item_id"].to_pylist()


if __name__ == "__main__":
    typer.run(main)
