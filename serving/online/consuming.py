"""From a source into the states, batch by batch."""

import logging
import time
from dataclasses import dataclass

from serving.online.events import EventError, read_event
from serving.online.sources.source import EventSource
from serving.online.stores.user_states import StoreError, StoreFullError, UserStates

logger = logging.getLogger(__name__)

PATIENCE_S = 60  # with a store that does not answer
PAUSE_S = 1
REPORT_S = 10


@dataclass
class Consumed:
    """What became of the messages so far."""

    accepted: int = 0
    duplicates: int = 0
    poison: int = 0

    def __str__(self):
        return (
            f"{self.accepted} events applied, {self.duplicates} known already, "
            f"{self.poison} messages that are no events"
        )


def consume(source: EventSource, states: UserStates) -> Consumed:
    """Applies every event of a source until it ends.

    A batch is committed when its events are durable and its other messages put aside.

    Raises:
        StoreError: the store did not answer for a minute, or is full; what was not
            committed comes again.
        SourceError: the source cannot go on.
    """
    consumed, reported = Consumed(), time.monotonic()
    for batch in source.batches():
        events, rejected = _sort_out(batch)
        if events:
            appended = _append(states, events)
            consumed.accepted += appended.accepted
            consumed.duplicates += appended.duplicates
        if rejected:
            source.reject(rejected)
            consumed.poison += len(rejected)
        source.commit()
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


def _append(states, events):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return states.append(events)
        except StoreFullError:
            raise
        except StoreError as error:
            if time.monotonic() > deadline:
                raise
            logger.warning("%s Trying again.", error)
            time.sleep(PAUSE_S)
