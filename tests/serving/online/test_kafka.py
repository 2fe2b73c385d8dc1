"""Tests of the consumer with a real broker."""

import pytest

from serving.user_states.memory import MemoryStates
from serving.user_states.sqlite import SqliteStates
from tests.contracts.user_states import event
from tests.serving.online.broker import Broker
from tests.serving.online.consumer_process import consuming
from tests.serving.online.gateway_process import eventually

WELL = {"status": "ok", "store": "ok"}
USERS = [f"user {n}" for n in range(10)]


@pytest.fixture(scope="module")
def broker():
    broker = Broker()
    yield broker
    broker.kill()


@pytest.fixture
def states(tmp_path):
    states = SqliteStates(tmp_path / "states.db")
    yield states
    states.close()


@pytest.fixture
def store(tmp_path, states):
    """URL of the same store."""
    return f"sqlite:///{tmp_path}/states.db"


def events(first, last):
    """One event per number, of the users in turn."""
    return [
        {"user_id": USERS[n % 10], "item_id": f"item {n}", "timestamp": n}
        for n in range(first, last)
    ]


def is_replay_of(states, sent):
    """Whether each event was applied once, and nothing else."""
    replay = MemoryStates()
    replay.append([event(**each) for each in sent])
    return all(states.get(user_id) == replay.get(user_id) for user_id in USERS)


def test_events_are_applied_and_poison_is_put_aside(broker, states, store, tmp_path):
    broker.make_topic("mixed")
    good, bad = events(0, 300), [b"{", None, b'{"user_id": "ann", "item_id": "a"}']
    broker.produce("mixed", [*good[:100], *bad, *good[100:], *good[50:60]])
    with consuming(broker.url("mixed"), store, tmp_path / "log") as consumer:
        eventually(lambda: is_replay_of(states, good))
        letters = broker.read("mixed.dead-letter", 3)
        eventually(lambda: broker.committed("mixed") == 313)
        assert consumer.ask("GET", "/health") == (200, WELL)
        _, told = consumer.ask("GET", "/metrics")
        code, out = consumer.stop()
    assert code == 0
    assert out == (
        "300 events applied, 10 known already, 3 messages that are no events.\n"
    )
    for outcome, count in {"accepted": 300, "duplicate": 10, "poison": 3}.items():
        line = f'tfrec_consumer_events_total{{outcome="{outcome}"}} {count}.0'
        assert line in told.splitlines()
    assert "tfrec_consumer_lag 0.0" in told.splitlines()
    assert [letter.value() for letter in letters] == bad
    headers = [dict(letter.headers()) for letter in letters]
    assert [each["place"] for each in headers] == [
        b"mixed[0]@100",
        b"mixed[0]@101",
        b"mixed[0]@102",
    ]
    assert headers[2]["reason"] == b"`timestamp` must be given."
    assert letters[0].key() == b"?"


@pytest.mark.slow  # the broker waits for the killed consumer to come back
def test_kill_9_loses_and_doubles_nothing(broker, states, store, tmp_path):
    broker.make_topic("killed")
    sent = events(0, 8_000)
    broker.produce("killed", sent)
    with consuming(broker.url("killed"), store, tmp_path / "log") as first:
        eventually(lambda: states.get(USERS[0]).version > 0)
        first.kill()
    versions = sum(states.get(user_id).version for user_id in USERS)
    assert versions < 8_000  # it was killed half way
    with consuming(broker.url("killed"), store, tmp_path / "log") as second:
        eventually(lambda: is_replay_of(states, sent))
        eventually(lambda: broker.committed("killed") == 8_000)
        code, out = second.stop()
    assert code == 0
    applied, known, _ = (int(word) for word in out.split() if word.isdecimal())
    assert applied + versions == 8_000
    assert known < 4_000  # it went on where offsets were committed


def test_the_broker_goes_and_comes(states, store, tmp_path):
    broker = Broker()
    with consuming(broker.url("events"), store, tmp_path / "log") as consumer:
        broker.make_topic("events")  # it was not there when the consumer came
        broker.produce("events", events(0, 50))
        eventually(lambda: is_replay_of(states, events(0, 50)))
        broker.kill()
        broker.restart()
        broker.make_topic("events")
        broker.produce("events", events(50, 90))
        eventually(lambda: is_replay_of(states, events(0, 90)))
        assert consumer.stop()[0] == 0
    broker.kill()
