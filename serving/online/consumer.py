"""Reads events into the states that the gateway serves from.

    python -m serving.online.consumer --store sqlite:///states.db \
        --source "kafka://127.0.0.1:9092/events?group=states"

SIGTERM lets the batch under way finish. Any number of consumers may share a group.
"""

import logging
import signal
import threading
from typing import Annotated

from typer import Option

from tfrec.program import run_program


def run(
    source: Annotated[
        str,
        Option(help="kafka://HOST:PORT/TOPIC?group=NAME, jsonl:PATH or - for stdin."),
    ],
    store: Annotated[str, Option(help="sqlite:///PATH or redis://HOST:PORT/0")],
):
    """Applies every event of a source to its user's state, once."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    from serving.online.consuming import consume
    from serving.online.sources.opening import open_source
    from serving.online.stores.opening import open_states

    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    states = open_states(store)
    events = open_source(source, stopped)
    print(f"Consuming {source} ...", flush=True)
    try:
        print(f"{consume(events, states)}.")
    finally:
        events.close()
        states.close()


def main():
    """Entry point of `tfrec-consume`."""
    run_program(run)


if __name__ == "__main__":
    main()
