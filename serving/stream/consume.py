"""From a source into the states, batch by batch."""

import logging
import threading
import time
from dataclasses import dataclass

from serving.stream.metrics import ConsumerMetrics
from serving.stream.source import EventSource
from serving.user_states.events import EventError, read_event
from serving.user_states.store import Appended, StoreError, UserStates

logger = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 10  # for a store that takes no events
REPORT_S = 10


@dataclass
class Consumed:
    """What became of the messages so far."""

    accepted: int = 0
    duplicates: int = 0
    poison: int = 0

    def add(self, accepted: int, duplicates: int, poison: int) -> None:
        """Counts a batch."""
        self.accepted += accepted
        self.duplicates += duplicates
        self.poison += poison

    def __str__(self):
        return (
            f"{self.accepted} events applied, {self.duplicates} known already, "
            f"{self.poison} messages that are no events"
        )


def consume(
    source: EventSource,
    states: UserStates,
    metrics: ConsumerMetrics | None = None,
    stopped: threading.Event | None = None,
) -> Consumed:
    """Applies every event of a source until it ends.

    A batch is committed when its events are durable and its other messages put aside.
    A store that does not answer, or is full, is waited for.

    Args:
        source: where events come from.
        states: where they go.
        metrics: what is told of each batch, and of a store that is waited for.
        stopped: ends the waiting when set.

    Raises:
        StoreError: it was told to stop while it waited; what was not committed comes
            again.
        SourceError: the source cannot go on.
    """
    metrics = metrics or ConsumerMetrics(source.lag)
    stopped = stopped or threading.Event()
    consumed, reported = Consumed(), time.monotonic()
    for batch in source.batches():
        started = time.monotonic()
        events, rejected = _sort_out(batch)
        appended = _append(states, events, metrics, stopped)
        if rejected:
            source.reject(rejected)
        source.commit()
        counts = (appended.accepted, appended.duplicates, len(rejected))
        metrics.observe(*counts, time.monotonic() - started)
        consumed.add(*counts)
        if time.monotonic() - reported > REPORT_S:
            logger.info("%s.", consumed)
            reported = time.monotonic()
    return consumed


def _sort_out(batch):
    events, rejected = [], []
    for message in batch:
        try:
            events.append(read_event(message.body))
        except EventError as error:
            rejected.append((message, str(error)))
    return events, rejected


def _append(states, events, metrics, stopped):
    if not events:
        return Appended(0, 0, {})
    wait_s = FIRST_WAIT_S
    while True:
        try:
            appended = states.append(events)
        except StoreError as error:
            if not metrics.problem:
                logger.warning("%s Waiting for the store.", error)
            metrics.problem = str(error)
            if stopped.wait(wait_s):
                raise
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        else:
            if metrics.problem:
                logger.warning("The store accepts events again.")
            metrics.problem = ""
            return appended
