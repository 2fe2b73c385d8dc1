"""Tests of serving.stream.dead_letters where a broker refuses."""

import threading
import types

import pytest
from confluent_kafka import KafkaError

from serving.stream.dead_letters import DeadLetters
from serving.stream.source import Message, SourceError

ORIGIN = types.SimpleNamespace(key=lambda: b"ann")


class Refusing:
    """A producer whose broker answers with each of some error codes in turn."""

    def __init__(self, *codes):
        self.bodies = []
        self._codes = list(codes)

    def produce(self, topic, body, key, headers, on_delivery):
        self.bodies.append(body)
        error = KafkaError(self._codes.pop(0)) if self._codes else None
        on_delivery(error, None)

    def flush(self):
        pass


def letters(producer, stopped):
    """Letters to a broker that is not there but for this producer."""
    letters = DeadLetters("127.0.0.1:1", "events", stopped)
    letters._producer, letters._make_topic = producer, lambda: None
    return letters


def test_what_is_not_delivered_is_sent_again():
    producer = Refusing(KafkaError._MSG_TIMED_OUT)
    some = [(Message(b"a", "a place", ORIGIN), "why"), (Message(b"b", "", ORIGIN), "")]
    letters(producer, threading.Event()).send(some)
    assert producer.bodies == [b"a", b"b", b"a"]


def test_a_body_that_is_too_long_is_left_out():
    producer = Refusing(KafkaError.MSG_SIZE_TOO_LARGE)
    letters(producer, threading.Event()).send([(Message(b"a", "", ORIGIN), "why")])
    assert producer.bodies == [b"a", None]


def test_who_is_told_to_stop_says_what_is_left():
    stopped = threading.Event()
    stopped.set()
    undelivered = letters(Refusing(KafkaError._MSG_TIMED_OUT), stopped)
    with pytest.raises(SourceError, match=r"1 messages .* into events.dead-letter"):
        undelivered.send([(Message(b"a", "", ORIGIN), "why")])
