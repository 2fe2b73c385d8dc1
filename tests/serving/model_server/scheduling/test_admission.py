"""Tests of the refusal at the door, on a gRPC server in this process."""

import threading
import time

import grpc
import pytest

from serving.model_server.scheduling.admission import CallThreads, Doorkeeper

WAIT_S = 20


class Waiting:
    """A server whose `Predict` echoes once `released`; two calls may be in it."""

    def __init__(self):
        self.entered, self.released = threading.Semaphore(0), threading.Event()
        self.num_refused = 0
        self.threads = CallThreads(4)
        door = Doorkeeper(self.threads, 2, self._refused)
        self.server = grpc.server(self.threads, interceptors=[door])
        predict = grpc.unary_unary_rpc_method_handler(self._wait)
        check = grpc.unary_unary_rpc_method_handler(lambda request, _: request)
        handlers = {"test.Service": predict, "grpc.health.v1.Health": check}
        for service, handler in handlers.items():
            generic = grpc.method_handlers_generic_handler(service, {"Call": handler})
            self.server.add_generic_rpc_handlers([generic])
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")

    def _refused(self):
        self.num_refused += 1

    def _wait(self, request, _):
        self.entered.release()
        assert self.released.wait(WAIT_S)
        return request

    def call(self, service="test.Service"):
        method = self.channel.unary_unary(f"/{service}/Call")
        return method.future(b"hello", timeout=WAIT_S)


@pytest.fixture
def waiting():
    waiting = Waiting()
    yield waiting
    waiting.released.set()
    waiting.channel.close()
    waiting.server.stop(0).wait()


def test_what_is_too_much_is_refused_at_once(waiting):
    under_way = [waiting.call(), waiting.call()]
    for _ in under_way:
        assert waiting.entered.acquire(timeout=WAIT_S)
    for _ in range(3):
        error = waiting.call().exception()
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "overloaded: 2 requests" in error.details()
    assert waiting.num_refused == 3
    assert waiting.call("grpc.health.v1.Health").result() == b"hello"
    waiting.released.set()
    assert [call.result() for call in under_way] == [b"hello"] * 2


def test_there_is_room_again_when_calls_end(waiting):
    """Ended by an answer or by their caller."""
    for end in (lambda call: waiting.released.set(), lambda call: call.cancel()):
        waiting.released.clear()
        calls = [waiting.call(), waiting.call()]
        for _ in calls:
            assert waiting.entered.acquire(timeout=WAIT_S)
        for call in calls:
            end(call)
        waiting.released.set()
        for _ in range(WAIT_S * 100):
            if not waiting.threads.num_calls:
                break
            time.sleep(0.01)
        assert waiting.call().result() == b"hello"
        assert waiting.entered.acquire(timeout=WAIT_S)
    assert waiting.num_refused == 0
