"""What a log of events and impressions costs the gateway.

Claims: at most 2 ms more at the 99th percentile of an answer, and at most a tenth fewer
requests a second of 32 clients.

    python benchmarks/bench_impressions.py --model saved_models/movielens

Two gateways, one with `--log`, have stores of their own and the same model server. They
are asked in turn, so that what else the machine does befalls both alike. Every second
request is an event, so that no answer comes from the cache. The model is a toy of six
items unless one is named.
"""

import http.client
import itertools
import pathlib
import tempfile
import threading
import time
from typing import Annotated

import numpy as np
import typer
from online_parts import ask, event, items_of, timed_ms
from rich.console import Console
from rich.table import Table

from tests.serving.online.gateway_process import GatewayProcess
from tests.serving.server_process import serving
from tests.serving.toy_artefact import ITEM_IDS, write_toy

CLIENTS = (1, 8, 32)


def main(
    model: Annotated[
        pathlib.Path | None, typer.Option(help="Folder of versions.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Of each turn.")] = 4,
    turns: Annotated[int, typer.Option(help="Of each gateway.")] = 5,
):
    """Prints every figure of one run."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        item_ids = items_of(model) if model else ITEM_IDS
        place = (model or write_toy(folder / "toy").parent).resolve()
        flags = (f"--model_name={place.name}", f"--model_base_path={place}")
        with serving(*flags) as server:
            common = ["--target", server.target, "--model", place.name]
            stores = [("--store", f"sqlite:///{folder}/{n}.db") for n in range(2)]
            logs = [(), ("--log", folder / "log")]
            gateways = [
                GatewayProcess(*common, *pair, *log)
                for pair, log in zip(stores, logs, strict=True)
            ]
            try:
                Console().print(_bench(gateways, item_ids, seconds, turns))
            finally:
                for each in gateways:
                    each.stop()


def _bench(gateways, item_ids, seconds, turns):
    heads = ("clients", "requests/s without", "with", "ratio", "p99 ms without", "with")
    table = Table(*heads, "answer p50 without", "with")
    for count in CLIENTS:
        found = [_Found(), _Found()]
        for turn in range(turns):
            for gateway, own in zip(gateways, found, strict=True):
                own.add(_load(gateway.port, item_ids, count, seconds, turn))
        rates = [own.count / (seconds * turns) for own in found]
        p99s = [np.percentile(own.answers, 99) for own in found]
        p50s = [np.percentile(own.answers, 50) for own in found]
        figures = (*rates, rates[1] / rates[0], *p99s, *p50s)
        kinds = (",.0f", ",.0f", ".2f", ".1f", ".1f", ".1f", ".1f")
        texts = [format(f, kind) for f, kind in zip(figures, kinds, strict=True)]
        table.add_row(str(count), *texts)
    return table


class _Found:
    """Requests of one gateway, and how long its answers took."""

    def __init__(self):
        self.count, self.answers = 0, []

    def add(self, times):
        self.count += sum(map(len, times.values()))
        self.answers += times["GET"]


def _load(port, item_ids, count, seconds, turn):
    times = {"POST": [], "GET": []}
    deadline = time.monotonic() + seconds
    names = [f"{turn}-{count}-{n}" for n in range(count)]
    threads = [
        threading.Thread(target=_client, args=(port, name, item_ids, deadline, times))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _client(port, user_id, item_ids, deadline, times):
    """One user's events and answers in turn, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    asked = ("GET", f"/v1/users/{user_id}/recommendations")
    for second in itertools.count():
        if time.monotonic() > deadline:
            break
        item_id = item_ids[second % len(item_ids)]
        body = event(user_id, second, item_id).model_dump_json().encode()
        for request in (("POST", "/v1/events", body), asked):
            times[request[0]].append(timed_ms(ask, connection, *request))
    connection.close()


if __name__ == "__main__":
    typer.run(main)
