"""What attackers on an HTTP port cost others: the gateway's and the REST API's.

Claims: while somebody holds 1,500 idle connections, drips headers or bodies, or sends
bodies, headers and JSON without an end, other callers' p99 is at most five times as
long, the process takes at most 300 MB more, thirty seconds later all is given back,
and SIGTERM ends it within thirty seconds.

    python benchmarks/attack_gateway.py --port-of gateway
    python benchmarks/attack_gateway.py --port-of rest

Attackers, others, gateway and model server (of a toy) share this machine, and attack
it alone, over 127.0.0.1.
"""

import contextlib
import http.client
import json
import multiprocessing
import pathlib
import socket
import sys
import tempfile
import threading
import time
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from tests.doors.http_attacks import (
    HOLDING,
    LINES,
    POURING,
    Attacker,
    num_sockets,
)
from tests.serving.online.gateway_process import GatewayProcess
from tests.serving.server_process import serving
from tests.serving.toy_artefact import write_toy

CALM_S, ATTACK_S, RELEASE_S = 5, 12, 30
PAUSE_S = 0.01  # of the others, between an answer and the next question
PREDICT = "/v1/models/toy:predict"
ROW = json.dumps({"instances": [{"user_text": "ab", "k": 3}]}).encode()

console = Console(highlight=False)


def main(
    port_of: Annotated[str, typer.Option(help="gateway or rest.")] = "gateway",
    only: Annotated[str, typer.Option(help="Names, with commas, of attacks.")] = "",
):
    """Measures other callers before and during each attack."""
    names = only.split(",") if only else [*HOLDING, *POURING]
    table = Table("attack", "p99 ms before", "during", "times", "failed", "MB more")
    table.add_column("all given back after s")
    with tempfile.TemporaryDirectory() as folder, target(port_of, folder) as attacked:
        for name in names:
            table.add_row(name, *attack(name, *attacked))
        ended_s = end_under_attack(*attacked)
    console.print(f"The port of the {port_of}; loads of {ATTACK_S} s:", table)
    console.print(f"SIGTERM beside 300 slow bodies: ended after {ended_s:.1f} s.")


@contextlib.contextmanager
def target(port_of, folder):
    """`(process, port, path of posts, question)` of a program under attack."""
    model = write_toy(pathlib.Path(folder, "toy")).parent
    rest_port = free_port()
    flags = ("--model_name=toy", f"--model_base_path={model}")
    with serving(*flags, f"--rest_api_port={rest_port}") as server:
        if port_of == "rest":
            question = ("POST", PREDICT, ROW)
            yield server, rest_port, PREDICT, question
            return
        store = f"sqlite:///{folder}/states.db"
        flags = ("--target", server.target, "--model", "toy", "--store", store)
        gateway = GatewayProcess(*flags)
        question = ("GET", "/v1/users/ann/recommendations", None)
        try:
            yield gateway, gateway.port, "/v1/events", question
        finally:
            gateway.stop()


def attack(name, process, port, path, question):
    """Cells of a row: p99 before and during, their ratio, failures, memory, release."""
    pid = process.process.pid
    calm, _ = ask_for(CALM_S, port, question)
    sockets, megabytes = num_sockets(pid), resident(pid)
    opened, closing = multiprocessing.Event(), multiprocessing.Event()
    parts = (name, port, path, opened, closing)
    attacker = multiprocessing.Process(target=run_attack, args=parts)
    attacker.start()
    opened.wait(60)
    peak = Peak(pid)
    during, failed = ask_for(ATTACK_S, port, question)
    more = peak.stop() - megabytes
    released = wait_for_release(pid, sockets)
    closing.set()
    attacker.join()
    before, after = (1e3 * np.quantile(each, 0.99) for each in (calm, during))
    cells = (f"{before:.1f}", f"{after:.1f}", f"{after / before:.1f}", str(failed))
    return *cells, f"{more:.0f}", released


def run_attack(name, port, path, opened, closing):
    """A process: attacks, and then holds what it has open until it is told to end."""
    attacker = Attacker(port, path)
    start = getattr(attacker, name)
    if name in HOLDING:
        lines = start()
        opened.set()
        attacker.drip(lines if name != "idle" else [], ATTACK_S)
        closing.wait(2 * RELEASE_S)
        return
    threads = [threading.Thread(target=repeat, args=[start]) for _ in range(LINES)]
    for thread in threads:
        thread.start()
    opened.set()
    for thread in threads:
        thread.join()


def repeat(start):
    end = time.monotonic() + ATTACK_S
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            start()


def ask_for(seconds, port, question):
    """Seconds that each answer took, and how many did not come.

    Every second question comes over a connection of its own.
    """
    taken, failed = [], 0
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fresh = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for line in (kept, fresh):
            started = time.perf_counter()
            failed += not answers(line, question)
            taken.append(time.perf_counter() - started)
            time.sleep(PAUSE_S)
        fresh.close()
    kept.close()
    return taken, failed


def answers(line, question):
    """Whether a question gets its answer."""
    method, path, body = question
    try:
        line.request(method, path, body, {"Content-Type": "application/json"})
        answer = line.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException):
        line.close()
        return False
    return answer.status == 200


class Peak(threading.Thread):
    """The most memory of a process, in MB, looked at ten times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self._pid, self._most, self._stopped = pid, 0.0, threading.Event()
        self.start()

    def run(self):
        while not self._stopped.wait(0.1):
            self._most = max(self._most, resident(self._pid))

    def stop(self):
        self._stopped.set()
        self.join()
        return self._most


def wait_for_release(pid, sockets):
    """Seconds until the attackers' connections are closed, while they hold on."""
    started = time.monotonic()
    while num_sockets(pid) > sockets + 2:
        if time.monotonic() - started > RELEASE_S:
            return f"not in {RELEASE_S}: {num_sockets(pid) - sockets}"
        time.sleep(0.2)
    return f"{time.monotonic() - started:.1f}"


def end_under_attack(process, port, path, question):
    """Seconds that a program takes to end beside slow bodies."""
    attacker = Attacker(port, path)
    lines = attacker.slow_bodies()
    dripping = threading.Thread(target=attacker.drip, args=(lines, RELEASE_S))
    dripping.daemon = True
    dripping.start()
    started = time.monotonic()
    assert process.stop() == 0
    return time.monotonic() - started


def resident(pid):
    """Megabytes."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


if __name__ == "__main__":
    typer.run(main)
