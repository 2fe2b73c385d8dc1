"""Events from a Kafka topic, each at least once.

Offsets are committed after the events of a batch are in the store, so a consumer that
is killed reads its last batch again, which the states recognise. Messages should have
their user's id as key, so that one consumer gets all of a user and no two wait for each
other; the states are right without it as well.
"""

import logging
import math
import threading
import urllib.parse
from collections.abc import Iterator
from typing import NamedTuple

from serving.stream.dead_letters import DeadLetters
from serving.stream.source import EventSource, Message, SourceError
from tfrec.errors import ConfigError, MissingPackageError

logger = logging.getLogger(__name__)

MAX_BATCH = 1000  # messages
WAIT_S = 0.5  # between two looks whether to stop
SESSION_MS = 6000  # then a killed consumer's partitions go to others
QUEUE_KB = 16_384  # read ahead, per consumer
FETCH_WAIT_MS = 20  # some brokers look for news only when this is over


class Address(NamedTuple):
    """Where events come from: `host:port[,host:port]`, topic and consumer group."""

    brokers: str
    topic: str
    group: str


class KafkaSource(EventSource):
    """A member of a consumer group; waits for a broker that is away.

    Args:
        url: `kafka://host:port[,host:port]/topic?group=name`.
        stopped: ends the reading when set.

    Raises:
        ConfigError: the URL is wrong.
        MissingPackageError: confluent-kafka is not installed.
    """

    def __init__(self, url: str, stopped: threading.Event):
        address = read_address(url)
        self._stopped = stopped
        self._lag = math.nan
        self._consumer = _connect(address)
        self._dead_letters = DeadLetters(address.brokers, address.topic, stopped)

    def batches(self) -> Iterator[list[Message]]:
        while not self._stopped.is_set():
            # The first is waited for; what has come behind it is taken along.
            first = self._consumer.poll(WAIT_S)
            records = [] if first is None else [first, *self._at_hand()]
            self._lag = self._count_waiting()
            if records:
                yield [_message(record) for record in _good(records)]

    def _at_hand(self):
        return self._consumer.consume(MAX_BATCH - 1, timeout=0)

    def reject(self, rejected):
        self._dead_letters.send(rejected)

    def commit(self):
        """As in the contract; does not wait: at worst a batch comes again."""
        self._consumer.commit(asynchronous=True)

    def lag(self):
        """As in the contract; of its partitions, when it last heard of them."""
        return self._lag  # told to other threads, which must not ask the consumer

    def _count_waiting(self):
        waiting = 0
        for place in self._consumer.position(self._consumer.assignment()):
            _, end = self._consumer.get_watermark_offsets(place, cached=True)
            waiting += max(0, end - max(0, place.offset))
        return waiting

    def close(self):
        """As in the contract; waits for commits under way and leaves the group."""
        self._consumer.close()


def read_address(url: str) -> Address:
    """The parts of a URL.

    Example:
        >>> read_address("kafka://127.0.0.1:9092/events?group=states")
        Address(brokers='127.0.0.1:9092', topic='events', group='states')

    Raises:
        ConfigError: a part is missing.
    """
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    address = Address(parts.netloc, parts.path.strip("/"), query.pop("group", ""))
    if parts.scheme != "kafka" or not all(address) or query or "/" in address.topic:
        raise ConfigError(
            "`--source` must be kafka://HOST:PORT/TOPIC?group=NAME, because offsets "
            f"are kept for a group. Received: {url!r}."
        )
    return address


def _connect(address):
    try:
        from confluent_kafka import Consumer
    except ImportError as error:
        raise MissingPackageError(
            "Kafka needs a package: pip install 'tfrec[stream]'."
        ) from error
    settings = {
        "bootstrap.servers": address.brokers,
        "group.id": address.group,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": SESSION_MS,
        "heartbeat.interval.ms": SESSION_MS // 3,
        "fetch.wait.max.ms": FETCH_WAIT_MS,
        "queued.max.messages.kbytes": QUEUE_KB,
        "on_commit": _warn_of_commit,
    }
    consumer = Consumer(settings, logger=logger)
    consumer.subscribe([address.topic])
    return consumer


def _warn_of_commit(error, partitions):
    if error is not None and error.code() != error._NO_OFFSET:
        logger.warning("Offsets are not committed yet: %s", error)


def _good(records):
    """Records that are messages; what librdkafka says in between is logged."""
    for record in records:
        error = record.error()
        if error is None:
            yield record
        elif error.fatal():
            raise SourceError(f"The Kafka consumer has failed: {error}.")
        else:
            logger.warning("Kafka: %s", error)


def _message(record):
    place = f"{record.topic()}[{record.partition()}]@{record.offset()}"
    return Message(record.value(), place, record)
