"""Calls that are too many are refused at the door: unread, and without a thread."""

import threading
from collections.abc import Callable
from concurrent import futures

import grpc

from serving.model_server.scheduling.scheduler import overloaded
from serving.security.interceptor import OPEN


class CallThreads(futures.ThreadPoolExecutor):
    """Threads of a gRPC server.

    Args:
        num_threads: made when they are needed.

    Attributes:
        num_calls: under way or waiting for a thread.
    """

    def __init__(self, num_threads: int):
        super().__init__(num_threads, thread_name_prefix="grpc")
        self._lock = threading.Lock()
        self.num_calls = 0

    def submit(self, fn, /, *args, **kwargs):
        """As of any executor; gRPC submits every call."""
        future = super().submit(fn, *args, **kwargs)
        self._add(1)
        future.add_done_callback(lambda _: self._add(-1))
        return future

    def _add(self, number):
        with self._lock:
            self.num_calls += number


class _Here(futures.ThreadPoolExecutor):
    """Runs what is submitted at once, in the thread that submits it."""

    def submit(self, fn, /, *args, **kwargs):
        done: futures.Future = futures.Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Doorkeeper(grpc.ServerInterceptor):
    """Refuses calls while there are as many as may be; health checks come in.

    A refusal takes a tenth of a millisecond, a call a multiple of that before it
    reaches its model: without it a server that is asked for too much does little else
    than refuse.

    Args:
        threads: of the server; more than `max_calls`, so that probes find one.
        max_calls: at a time.
        refused: called for every refusal, to count it.
    """

    def __init__(
        self, threads: CallThreads, max_calls: int, refused: Callable[[], None]
    ):
        self._threads, self._max_calls = threads, max_calls
        self._refused = refused
        self._refusal = _refusal(max_calls)

    def intercept_service(self, continuation, handler_call_details):
        """Gives the method, or one that refuses."""
        is_full = self._threads.num_calls >= self._max_calls
        if not is_full or handler_call_details.method.startswith(OPEN):
            return continuation(handler_call_details)
        self._refused()
        return self._refusal


def _refusal(max_calls):
    error = overloaded(max_calls)

    def refuse(_, context):
        context.abort(error.code, error.message)

    # gRPC's own way to say where a method runs; its health service uses it.
    vars(refuse)["experimental_thread_pool"] = _Here(1)
    # Of a stream gRPC does not read the request before it calls the method.
    return grpc.stream_unary_rpc_method_handler(refuse)
