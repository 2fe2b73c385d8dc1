"""How fast interests follow events: stores, consumer, gateway, on this machine.

Claims: a recommendation changes within milliseconds of its event, the event being on
disk by then, and within some hundredths of a second over a Kafka broker; a consumer
applies more than ten thousand events a second in batches.

    python benchmarks/bench_online.py --model saved_models/movielens

The gateway is compared with the model server asked directly, with the same history.
The model is a toy of six items unless one is named.
"""

import contextlib
import http.client
import math
import pathlib
import random
import re
import shutil
import tempfile
import threading
import time
from typing import Annotated

import numpy as np
import typer
from online_parts import START, ask, deployed, event, timed_ms
from rich.console import Console
from rich.table import Table

from serving.stream.consume import consume
from serving.stream.jsonl import JsonlSource
from serving.user_states.events import Event
from serving.user_states.opening import open_states
from tests.serving.online.broker import Broker
from tests.serving.online.consumer_process import consuming
from tests.serving.online.redis_server import RedisServer
from tfrec.client.client import RecommenderClient

USERS = 1000
WARM_UP = 20  # calls
PATIENCE_S = 60  # with events on their way
ACCEPTED = r'tfrec_consumer_events_total\{outcome="accepted"\} (\S+)'


def main(
    model: Annotated[
        pathlib.Path | None, typer.Option(help="Folder of versions.")
    ] = None,
    runs: Annotated[int, typer.Option(help="Calls per figure.")] = 300,
    events: Annotated[int, typer.Option(help="That the consumer reads.")] = 50_000,
):
    """Prints every figure of one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        Console().print(_bench_stores(folder, runs))
        Console().print(_bench_consumer(folder, events))
        with deployed(model, folder) as system:
            Console().print(_bench_gateway(system, runs))
            Console().print(_bench_broker(system, folder, runs))


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
    """Microseconds: median of `get`, median and 99th percentile of `append`."""
    states.append([event(user_id, t) for t in range(length)])
    gets = [timed_ms(states.get, user_id) for _ in range(runs)]
    appends = []
    for t in range(runs):
        states.append([event(f"{user_id}, {t}", own) for own in range(length)])
        appends.append(timed_ms(states.append, [event(f"{user_id}, {t}", length)]))
    return 1e3 * np.array([np.median(gets), *np.percentile(appends, [50, 99])])


def _bench_consumer(folder, events):
    rng, log = random.Random(0), folder / "log.jsonl"
    with log.open("w", encoding="utf-8") as file:
        for second in range(events):
            row = event(f"user {rng.randrange(USERS)}", second)
            file.write(row.model_dump_json() + "\n")
    table = Table("consumer", "events", "events/s")
    for name in ("from JSONL into SQLite", "the same again: all known"):
        states = open_states(f"sqlite:///{folder}/consumed.db")
        source = JsonlSource(log, threading.Event())
        seconds = timed_ms(consume, source, states) / 1e3
        source.close()
        states.close()
        table.add_row(name, f"{events:,}", f"{events / seconds:,.0f}")
    rate = _kafka_rate(folder, log.read_text().splitlines())
    table.add_row("from Kafka into SQLite", f"{events:,}", f"{rate:,.0f}")
    return table


def _kafka_rate(folder, lines):
    """Events a second of a consumer that finds all of them waiting."""
    broker = Broker()
    broker.make_topic("bulk")
    broker.produce("bulk", [line.encode() for line in lines])
    store = f"sqlite:///{folder}/kafka.db"
    with consuming(broker.url("bulk"), store, folder / "bulk.log") as consumer:
        first = _applied(consumer, 1)
        started = time.perf_counter()
        last = _applied(consumer, len(lines))
        seconds = time.perf_counter() - started
    broker.kill()
    return (last - first) / seconds


def _applied(consumer, least):
    """How many events are in the store, once there are that many."""
    deadline, count = time.monotonic() + PATIENCE_S, 0
    while count < least:
        assert time.monotonic() < deadline, "The events do not arrive."
        time.sleep(0.01)
        found = re.search(ACCEPTED, consumer.ask("GET", "/metrics")[1])
        count = int(float(found[1])) if found else 0
    return count


# === Gateway ===


def _bench_gateway(system, runs):
    connection = http.client.HTTPConnection("127.0.0.1", system.gateway.port)
    figures = _gateway_figures(system, connection, runs)
    figures |= _search_figures(system, connection, runs)
    connection.close()
    direct = "the model server, directly"
    figures[direct] = _direct_ms(system, runs)
    table = Table("over HTTP", "p50 ms", "p99 ms", "times the direct way")
    for name, ms in figures.items():
        p50, p99 = np.percentile(ms, [50, 99])
        times = p50 / np.median(figures[direct])
        table.add_row(name, f"{p50:.2f}", f"{p99:.2f}", f"{times:.1f}")
    return table


def _gateway_figures(system, connection, runs):
    """Name -> milliseconds of each step; the user turns to ever other items."""
    posts, reads, cached = [], [], []
    wish = ("GET", "/v1/users/ann/recommendations?k=3")
    for second in range(runs + WARM_UP):
        body = event("ann", second, _item(system, second)).model_dump_json()
        posts.append(timed_ms(ask, connection, "POST", "/v1/events", body))
        reads.append(timed_ms(ask, connection, *wish))
        cached.append(timed_ms(ask, connection, *wish))
    posts, reads, cached = np.array([posts, reads, cached])[:, WARM_UP:]
    return {
        "event posted → changed recommendation": posts + reads,
        "… the event, until it is on disk": posts,
        "… the recommendation": reads,
        "the same recommendation, cached": cached,
    }


def _search_figures(system, connection, runs):
    """The same of searches, each in new words, with an event after each."""
    found, after = [], []
    wish = ("GET", "/v1/users/sue/recommendations?k=3")
    for second in range(0, 2 * (runs + WARM_UP), 2):
        words = f"a quiet film of the sea, {second}"
        search = Event(user_id="sue", text=words, item_id="", timestamp=START + second)
        body = search.model_dump_json()
        posted = timed_ms(ask, connection, "POST", "/v1/events", body)
        found.append(posted + timed_ms(ask, connection, *wish))
        body = event("sue", second + 1, _item(system, second)).model_dump_json()
        ask(connection, "POST", "/v1/events", body)
        after.append(timed_ms(ask, connection, *wish))
    return {
        "search posted → changed recommendation": found[WARM_UP:],
        "the recommendation after an event that follows": after[WARM_UP:],
    }


def _item(system, second):
    return system.item_ids[second % len(system.item_ids)]


def _direct_ms(system, runs):
    history = [(_item(system, t), "", math.nan, START + t) for t in range(500)]
    with RecommenderClient(system.target, system.model_name) as client:

        def recommend(length):
            client.recommend(history[:length], k=3)

        calls = [timed_ms(recommend, min(n + 1, 500)) for n in range(runs + WARM_UP)]
    return calls[WARM_UP:]


# === Broker ===


def _bench_broker(system, folder, runs):
    """From an event's production to an answer that knows it, one after the other."""
    from confluent_kafka import Producer

    broker, times = Broker(), []
    broker.make_topic("bench")
    producer = Producer({"bootstrap.servers": broker.address, "linger.ms": 0})
    connection = http.client.HTTPConnection("127.0.0.1", system.gateway.port)
    with consuming(broker.url("bench"), system.store, folder / "consumer.log"):
        for second in range(runs + WARM_UP):
            body = event("kim", second, _item(system, second)).model_dump_json()
            started = time.perf_counter()
            producer.produce("bench", body, "kim")
            _wait_for_version(connection, second + 1)
            times.append(1e3 * (time.perf_counter() - started))
            producer.flush()
    connection.close()
    broker.kill()
    table = Table("over the broker", "p50 ms", "p99 ms")
    p50, p99 = np.percentile(times[WARM_UP:], [50, 99])
    table.add_row("event → changed recommendation", f"{p50:.1f}", f"{p99:.1f}")
    return table


def _wait_for_version(connection, version):
    """Asks until the answer comes from that state; older ones are cached."""
    path, deadline = "/v1/users/kim/recommendations?k=3", time.monotonic() + PATIENCE_S
    while ask(connection, "GET", path)["state_version"] < version:
        assert time.monotonic() < deadline, "The event does not arrive."


if __name__ == "__main__":
    typer.run(main)
