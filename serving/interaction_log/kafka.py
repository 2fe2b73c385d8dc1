"""A log in a Kafka topic: each record as JSON, with its user's id as key.

A batch that is written again, since the process ended before it was done, is there
twice: readers drop rows that they have, as they do for events that are sent again. A
user who is forgotten has a record of the table `erasures`; the topic's retention
deletes what came before it.
"""

import json
import logging
import urllib.parse

from serving.interaction_log.sink import LogError, LogSink
from serving.user_states.outbox import Batch
from tfrec.errors import ConfigError, MissingPackageError

logger = logging.getLogger(__name__)

TIMEOUT_S = 30  # to deliver a batch
ANY_SIZE = 1_000_000_000  # bytes, the most there is: the broker judges


class KafkaLog(LogSink):
    """Waits for all replicas.

    Args:
        url: `kafka://host:port[,host:port]/topic`.

    Raises:
        ConfigError: the URL is wrong.
        MissingPackageError: confluent-kafka is not installed.
    """

    def __init__(self, url: str):
        self._brokers, self._topic = _read(url)
        try:
            from confluent_kafka import Producer
        except ImportError as error:
            raise MissingPackageError(
                "Kafka needs a package: pip install 'tfrec[stream]'."
            ) from error
        settings = {
            "bootstrap.servers": self._brokers,
            "enable.idempotence": True,
            "message.timeout.ms": 1000 * TIMEOUT_S,
            "message.max.bytes": ANY_SIZE,
        }
        self._producer = Producer(settings, logger=logger)

    def write(self, batch: Batch) -> None:
        problems: list[str] = []

        def note(error, _):
            if error is not None:
                problems.append(str(error))

        for each in batch.records:
            self._produce(each, json.loads(each)["user_id"], note)
        self._producer.flush()
        if problems:
            raise LogError(
                f"The log in topic {self._topic} at {self._brokers}: {problems[0]} "
                f"({len(problems)} of {len(batch.records)} records)."
            )

    def _produce(self, record, key, note):
        while True:
            try:
                self._producer.produce(self._topic, record, key, on_delivery=note)
            except BufferError:  # until some are delivered, or have failed
                self._producer.poll(1)
            else:
                return

    def tidy(self, now: float) -> None:
        """Nothing: a topic has a retention of its own."""

    def close(self) -> None:
        self._producer.flush()


def _read(url):
    parts = urllib.parse.urlsplit(url)
    topic = parts.path.strip("/")
    if not parts.netloc or not topic or "/" in topic or parts.query:
        raise ConfigError(
            f"`--log` must be a folder or kafka://HOST:PORT/TOPIC. Received: {url!r}."
        )
    return parts.netloc, topic
