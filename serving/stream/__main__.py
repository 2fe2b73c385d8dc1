"""Reads events into the states that the gateway serves from.

    python -m serving.stream --store sqlite:///states.db \
        --source "kafka://127.0.0.1:9092/events?group=states"

SIGTERM lets the batch under way finish. Any number of consumers may share a group; a
store that is away or full is waited for.
"""

import contextlib
import logging
import signal
import threading
from typing import Annotated

from typer import Option

from serving.interaction_log.log_writer import INTERVAL_S
from serving.interaction_log.opening import (
    Log,
    LogInterval,
    LogKeepDays,
    open_writer,
)
from serving.user_states.opening import Store, open_states
from tfrec.program import run_program


def run(
    source: Annotated[
        str,
        Option(
            help="Events: kafka://HOST:PORT/TOPIC?group=NAME, jsonl:PATH or - (stdin)."
        ),
    ],
    store: Store,
    metrics_port: Annotated[
        int | None,
        Option(help="Port of /metrics and /health; 0 takes a free one. Default: none."),
    ] = None,
    metrics_host: Annotated[
        str, Option(help="Address of /metrics and /health. They need no token.")
    ] = "127.0.0.1",
    log: Log = "",
    log_keep_days: LogKeepDays = None,
    log_interval_s: LogInterval = INTERVAL_S,
):
    """Reads events from a source and applies each of them once to its user's state."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    from serving.stream.consume import consume
    from serving.stream.metrics import ConsumerMetrics, answering
    from serving.stream.opening import open_source

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    states = open_states(store)
    writer = open_writer(states, log, log_keep_days, log_interval_s)
    events = open_source(source, stopped)
    metrics = ConsumerMetrics(events.lag)
    try:
        with contextlib.ExitStack() as stack:
            if writer:
                writer.start()
                stack.callback(writer.close)
            where = ""
            if metrics_port is not None:
                served = answering(metrics, metrics_port, metrics_host)
                port = stack.enter_context(served)
                name = f"[{metrics_host}]" if ":" in metrics_host else metrics_host
                where = f", metrics at http://{name}:{port}/metrics"
            print(f"Consuming {source}{where} ...", flush=True)
            print(f"{consume(events, states, metrics, stopped)}.")
    finally:
        events.close()
        states.close()


def main():
    """Entry point of `tfrec-consume`."""
    run_program(run)


if __name__ == "__main__":
    main()
