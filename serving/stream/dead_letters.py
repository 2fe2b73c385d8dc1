"""Where messages of a Kafka topic go that are no events."""

import functools
import logging
import threading

from serving.stream.source import Message, SourceError

logger = logging.getLogger(__name__)

SUFFIX = ".dead-letter"  # of the topic's name
TIMEOUT_S = 10  # to deliver, and then again
ANY_SIZE = 1_000_000_000  # bytes, the most there is


class DeadLetters:
    """Writes key and body as they came, with the headers `reason` and `place`.

    A body that the broker finds too long is left out; `place` tells where it is.

    Args:
        brokers: `host:port[,host:port]`.
        topic: theirs is called `<topic>.dead-letter`, and made if it is absent.
        stopped: ends the attempts when set.
    """

    def __init__(self, brokers: str, topic: str, stopped: threading.Event):
        self._brokers = brokers
        self._topic = topic + SUFFIX
        self._stopped = stopped

    def send(self, rejected) -> None:
        """Returns when the broker has all of them, however long it is away.

        Args:
            rejected: `(Message, reason)` pairs.

        Raises:
            SourceError: it was told to stop before.
        """
        waiting = list(rejected)
        while waiting:
            waiting = self._attempt(waiting)
            if waiting and self._stopped.is_set():
                raise SourceError(
                    f"{len(waiting)} messages are no events and could not be put into "
                    f"{self._topic}; they will be read again at the next start."
                )

    @functools.cached_property
    def _producer(self):
        from confluent_kafka import Producer

        settings = {
            "bootstrap.servers": self._brokers,
            "acks": "all",
            "message.timeout.ms": 1000 * TIMEOUT_S,
            "message.max.bytes": ANY_SIZE,  # the broker judges
        }
        return Producer(settings, logger=logger)

    def _attempt(self, rejected):
        """Those that could not be delivered."""
        self._make_topic()
        failed: list[tuple[Message, str]] = []
        for message, reason in rejected:
            self._produce(message, reason, failed)
        self._producer.flush()
        if failed:
            logger.warning("%s messages are not in %s yet.", len(failed), self._topic)
        return failed

    def _produce(self, message, reason, failed):
        def note(error, _):
            if error is None:
                return
            # With its headers a letter may be too long where its message was not.
            is_too_long = error.code() == error.MSG_SIZE_TOO_LARGE
            rest = message._replace(body=None) if is_too_long else message
            failed.append((rest, reason))

        logger.warning("%s is no event: %s", message.place, reason)
        headers = {"reason": reason.encode(), "place": message.place.encode()}
        key = message.origin.key()
        self._producer.produce(
            self._topic, message.body, key, headers=headers, on_delivery=note
        )

    def _make_topic(self):
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self._brokers}, logger=logger)
        usual = -1  # copies, as the broker is set
        topic = NewTopic(self._topic, num_partitions=1, replication_factor=usual)
        (made,) = admin.create_topics([topic], request_timeout=TIMEOUT_S).values()
        try:
            made.result()
        except KafkaException as error:  # it is there already, or delivery will tell
            logger.debug("Topic %s: %s", self._topic, error)
