"""How much a gateway carries: clients at once, and the states of many users.

Claims: 32 clients get no fewer answers a second than 8; a hundred thousand users cost
some hundreds of bytes each and are read as fast as one.

    python benchmarks/bench_load.py --model saved_models/movielens --profile

Each client has a user of its own and every second request is an event, so that no
answer comes from the cache. Clients, gateway and model server share the machine. The
model is a toy of six items unless one is named. `--profile` needs py-spy and shows
what the gateway's interpreter is busy with, and how much of the time it is busy.
"""

import collections
import contextlib
import http.client
import itertools
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
from typing import Annotated

import numpy as np
import typer
from online_parts import ask, deployed, event, timed_ms
from rich.console import Console
from rich.table import Table

from serving.user_states.opening import open_states
from tests.serving.online.redis_server import RedisServer

CLIENTS = (1, 8, 32)
EVENTS_PER_USER = 10
USERS_AT_ONCE = 200
SAMPLES = 1000  # gets and appends per store
SAMPLES_A_SECOND = 100  # of the profile
# What a stack of the profile is about: the first of these that one of its frames has.
PARTS = {
    "reading events": "serving/user_states/events.py",
    "the store: read, decode, encode, write": "serving/user_states/",
    "the model server: request, answer": "serving/gateway/model_client.py",
    "other code of the gateway": "serving/gateway/app.py",
    "HTTP: parse, route, validate, write": "",
}


def main(
    model: Annotated[
        pathlib.Path | None, typer.Option(help="Folder of versions.")
    ] = None,
    profile: Annotated[bool, typer.Option("--profile")] = False,
    batching: Annotated[
        bool, typer.Option("--batching", help="In the server.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="Of each load.")] = 10,
    users: Annotated[int, typer.Option(help="Of the stores.")] = 100_000,
):
    """Prints every figure of one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        flags = ["--enable_batching"] if batching else []
        with (
            deployed(model, folder, *flags) as system,
            _profiling(system, profile, folder),
        ):
            Console().print(_bench_clients(system, seconds))
        Console().print(_bench_users(folder, users))


# === Clients ===


def _bench_clients(system, seconds):
    table = Table(
        "clients", "requests/s", "event ms p50", "p99", "answer ms p50", "p99"
    )
    for count in CLIENTS:
        times = {"POST": [], "GET": []}
        deadline = time.monotonic() + seconds
        threads = [
            threading.Thread(
                target=_client, args=(system, f"{count}-{n}", deadline, times)
            )
            for n in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = sum(map(len, times.values())) / seconds
        figures = [f for each in times.values() for f in np.percentile(each, [50, 99])]
        table.add_row(str(count), f"{rate:,.0f}", *(f"{ms:.1f}" for ms in figures))
    return table


def _client(system, user_id, deadline, times):
    """One user's events and answers in turn, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", system.gateway.port)
    wish = ("GET", f"/v1/users/{user_id}/recommendations")
    for second in itertools.count():
        if time.monotonic() > deadline:
            break
        item_id = system.item_ids[second % len(system.item_ids)]
        body = event(user_id, second, item_id).model_dump_json().encode()
        for request in (("POST", "/v1/events", body), wish):
            times[request[0]].append(timed_ms(ask, connection, *request))
    connection.close()


# === Profile ===


@contextlib.contextmanager
def _profiling(system, is_wanted, folder):
    if not is_wanted:
        yield
        return
    out = folder / "stacks.txt"
    command = ["py-spy", "record", "--pid", str(system.gateway.process.pid), "--gil"]
    command += ["--format", "raw", "--output", str(out), "--duration", "unlimited"]
    recorder = subprocess.Popen([*command, "--rate", str(SAMPLES_A_SECOND)])
    started = time.monotonic()
    yield
    looks = SAMPLES_A_SECOND * (time.monotonic() - started)
    recorder.send_signal(signal.SIGINT)  # then it writes the file
    recorder.wait()
    Console().print(_profile_table(out.read_text().splitlines(), looks))


def _profile_table(lines, looks):
    samples = collections.Counter()
    for line in lines:
        stack, _, count = line.rpartition(" ")
        part = next(name for name, file in PARTS.items() if file in stack)
        samples[part] += int(count)
    table = Table("the gateway's interpreter", "share of its work", "of the time")
    samples["all of it"] = samples.total()
    for part, count in samples.most_common():
        share = f"{count / samples['all of it']:.0%}"
        table.add_row(part, share, f"{count / looks:.0%}")
    return table


# === Users ===


def _bench_users(folder, users):
    table = Table("store", "users", "bytes each", "get µs p50", "append µs p50", "p99")
    (folder / "redis").mkdir()
    redis = RedisServer(folder / "redis")
    path = folder / "users.db"
    for name, url in {"SQLite": f"sqlite:///{path}", "Redis": redis.url}.items():
        states = open_states(url)
        _fill(states, users)
        size = path.stat().st_size if name == "SQLite" else _redis_bytes(url)
        gets, appends = _random_calls(states, users)
        states.close()
        figures = [size / users, np.median(gets), *np.percentile(appends, [50, 99])]
        table.add_row(name, f"{users:,}", *(f"{each:,.0f}" for each in figures))
    redis.kill()
    return table


def _fill(states, users):
    for first in range(0, users, USERS_AT_ONCE):
        some = range(first, min(first + USERS_AT_ONCE, users))
        pairs = itertools.product(some, range(EVENTS_PER_USER))
        states.append([event(f"user {user}", second) for user, second in pairs])


def _random_calls(states, users):
    """Microseconds of `get` and of `append` for users drawn by lot."""
    drawn = np.random.default_rng(0).choice(users, min(users, SAMPLES), replace=False)
    names = [f"user {user}" for user in drawn]
    gets = [1e3 * timed_ms(states.get, name) for name in names]
    late = [[event(name, EVENTS_PER_USER)] for name in names]
    return gets, [1e3 * timed_ms(states.append, each) for each in late]


def _redis_bytes(url):
    import redis

    with contextlib.closing(redis.Redis.from_url(url)) as client:
        return client.info("memory")["used_memory"]


if __name__ == "__main__":
    typer.run(main)
