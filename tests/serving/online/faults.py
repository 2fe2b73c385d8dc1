"""Processes that are killed while events stream in, and a look at what is left.

Events take two ways into one Redis: posted to a gateway, and through a broker and a
consumer. Any of the four may be killed with SIGKILL and started again. Every event has
a second of its own and users have fewer than 500, so a state shows all that happened.
"""

import contextlib
import json
import threading
import time

from confluent_kafka import KafkaException, Producer

from serving.user_states.redis import RedisStates
from tests.contracts.user_states import event, timestamps
from tests.serving.online.broker import Broker
from tests.serving.online.consumer_process import ConsumerProcess
from tests.serving.online.gateway_process import GatewayProcess, Http
from tests.serving.online.redis_server import RedisServer, free_port

TOPIC, USERS = "events", 100
RECOVERY_S = 120
PAUSE_S = 0.01  # between two events of one way
SOURCES = ("posted", "streamed")


def numbered(way, n):
    """The nth event of a way; no two share user and second."""
    user_id, second = f"{way} {n % USERS}", 1 + n // USERS
    return {"user_id": user_id, "item_id": f"item {n}", "timestamp": second}


class System:
    """Redis, broker, consumer and gateway, each of which can be killed.

    Args:
        folder: where Redis and logs are kept.
    """

    def __init__(self, folder):
        self._log = folder / "consumer.log"
        self.redis, self.broker = RedisServer(folder), Broker()
        self.broker.make_topic(TOPIC)
        self._gateway_port = free_port()
        self.start_consumer()
        self.start_gateway()
        self.states = RedisStates(self.redis.url)

    def start_consumer(self):
        url = self.broker.url(TOPIC)
        self.consumer = ConsumerProcess(url, self.redis.url, self._log)

    def start_gateway(self):
        nobody = ("--target", "127.0.0.1:1", "--model", "none")
        place = ("--store", self.redis.url, "--port", self._gateway_port)
        self.gateway = GatewayProcess(*nobody, *place)
        self.ask = Http(self.gateway.port)

    def kill_and_restart(self, victim, pause_s):
        """SIGKILL to one of "consumer", "gateway", "store", "broker", then a start."""
        parts = {"consumer": self.consumer, "store": self.redis, "broker": self.broker}
        if victim == "gateway":
            self.gateway.process.kill()
            self.gateway.stop()
        else:
            parts[victim].kill()
        time.sleep(pause_s)
        if victim == "broker":
            self.broker.restart()
            self.broker.make_topic(TOPIC)
        elif victim == "store":
            self.redis.restart()
        else:
            {"consumer": self.start_consumer, "gateway": self.start_gateway}[victim]()

    def stop(self):
        self.states.close()
        self.consumer.kill()
        self.gateway.process.kill()
        self.gateway.stop()
        self.broker.kill()
        self.redis.kill()


class Load:
    """Two threads that send events, from `start` to `stop`, round after round.

    Attributes:
        sent: way -> how many events; the posted ones are sent until acknowledged.
        acknowledged: how many posted events were answered with 202.
    """

    def __init__(self, system):
        self._system, self._stopped = system, threading.Event()
        self.sent, self.acknowledged = dict.fromkeys(SOURCES, 0), 0
        settings = {"bootstrap.servers": system.broker.address, "linger.ms": 1}
        self._producer = Producer(settings | {"message.timeout.ms": 2000})

    def start(self):
        self._stopped.clear()
        ways = (self._post, self._stream)
        self._threads = [threading.Thread(target=each) for each in ways]
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Returns when all that is posted is acknowledged, or nobody answers."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def stream(self, numbers):
        """Sends some of the streamed events, again maybe."""
        for n in numbers:
            row = numbered("streamed", n)
            with contextlib.suppress(BufferError, KafkaException):
                self._producer.produce(TOPIC, json.dumps(row), row["user_id"])
            self._producer.poll(0)
        self._producer.flush(5)

    def _post(self):
        while not self._stopped.is_set():
            body = numbered("posted", self.sent["posted"])
            self.sent["posted"] += 1
            deadline = time.monotonic() + RECOVERY_S
            while not self._is_accepted(body):
                if time.monotonic() > deadline:
                    return
                time.sleep(0.1)
            self.acknowledged += 1
            time.sleep(PAUSE_S)

    def _is_accepted(self, body):
        try:
            status, _ = self._system.ask("POST", "/v1/events", body)
        except (OSError, ValueError, EOFError):  # killed before or in its answer
            return False
        assert status in (202, 503), status
        return status == 202

    def _stream(self):
        while not self._stopped.is_set():
            first = self.sent["streamed"]
            self.sent["streamed"] += 10
            self.stream(range(first, first + 10))
            time.sleep(10 * PAUSE_S)


def problems(system, load):
    """What is wrong with the states, after all has come to rest: sentences."""
    found = []
    acknowledged = {_place("posted", n) for n in range(load.acknowledged)}
    lost = acknowledged - _applied(system, "posted")
    if lost:
        found.append(f"{len(lost)} acknowledged events are lost: {sorted(lost)[:3]}")
    _stream_again(system, load)
    for way in SOURCES:
        replay = _replay(way, load.sent[way])
        for user_id, expected in replay.items():
            state = system.states.get(user_id)
            if (state.version, timestamps(state)) != (len(expected), expected):
                found.append(
                    f"{user_id} has version {state.version} for {len(expected)} events"
                )
    return found


def _stream_again(system, load):
    """The broker forgets when it dies: what was not consumed is sent once more."""
    deadline = time.monotonic() + RECOVERY_S
    while time.monotonic() < deadline:
        applied = _applied(system, "streamed")
        missing = [
            n
            for n in range(load.sent["streamed"])
            if _place("streamed", n) not in applied
        ]
        if not missing:
            return
        load.stream(missing)
        time.sleep(1)


def _applied(system, way):
    """`(user, second)` of every event in the states of a way."""
    users = [f"{way} {n}" for n in range(USERS)]
    return {(u, t) for u in users for t in timestamps(system.states.get(u))}


def _place(way, n):
    row = numbered(way, n)
    return row["user_id"], row["timestamp"]


def _replay(way, count):
    """User -> seconds of each event, in order."""
    seconds = {}
    for n in range(count):
        each = event(**numbered(way, n))
        seconds.setdefault(each.user_id, []).append(each.timestamp)
    return seconds


def run_round(system, load, victim, rng):
    """Load, a kill at a random moment, a restart, rest; what is wrong afterwards."""
    load.start()
    try:
        time.sleep(rng.uniform(0.2, 1.5))
        system.kill_and_restart(victim, rng.uniform(0, 0.5))
        time.sleep(rng.uniform(0.2, 1.0))
    finally:
        load.stop()
    return problems(system, load)


@contextlib.contextmanager
def running_system(folder):
    """A `System` for the length of a block."""
    system = System(folder)
    try:
        yield system
    finally:
        system.stop()
