"""Tests of logs in Kafka topics, with a real broker."""

import json

import pytest

from serving.interaction_log import kafka
from serving.interaction_log.kafka import KafkaLog
from serving.interaction_log.sink import LogError
from serving.user_states.log_records import erasure_record, event_record
from serving.user_states.outbox import Batch
from tests.contracts.user_states import event
from tests.serving.online.broker import Broker


@pytest.fixture
def broker():
    broker = Broker()
    yield broker
    broker.kill()


def test_records_come_in_order_by_user(broker, monkeypatch):
    broker.make_topic("log")
    log = KafkaLog(f"kafka://{broker.address}/log")
    log.write(Batch("n", [event_record(event("ann", 1)), erasure_record("ann")]))
    found = broker.read("log", 2)
    assert [json.loads(each.value())["table"] for each in found] == [
        "events",
        "erasures",
    ]
    assert {each.key() for each in found} == {b"ann"}
    log.close()


def test_a_broker_that_is_away(broker, monkeypatch):
    monkeypatch.setattr(kafka, "TIMEOUT_S", 1)
    log = KafkaLog(f"kafka://{broker.address}/log")
    broker.kill()
    with pytest.raises(
        LogError, match=r"The log in topic log at .* \(1 of 1 records\)"
    ):
        log.write(Batch("n", [event_record(event("ann", 1))]))
    log.close()
