"""HTTP/1.1 connections that nobody can hold open for nothing."""

import asyncio
from collections.abc import Callable

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.http.limits import CLOSE_S, LINGER_BYTES, HttpLimits
from serving.http.visits import Stage, Visit

PART_BYTES = 16 * 1024  # of a body, for which the app is woken
MAX_PIPELINED = 8  # requests that may come before the answer to the first


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an end to its patience.

    Headers, framing and pauses are bounded here; bodies are, where they are read.

    Args:
        visit: this connection.
        limits: of the port.
        leave: called when the connection is over.
        write_error: words to the body of an answer.
        uvicorn: what `HttpToolsProtocol` wants.
    """

    def __init__(
        self,
        visit: Visit,
        limits: HttpLimits,
        leave: Callable[[Visit], None],
        write_error: Callable[[str], bytes],
        **uvicorn,
    ):
        super().__init__(**uvicorn)
        self._visit = visit
        self._limits = limits
        self._leave = leave
        self._write_error = write_error
        self._end: asyncio.TimerHandle | None = None  # of this stage
        self._stall: asyncio.TimerHandle | None = None
        self._is_coming = False  # a message has begun and is not complete
        self._is_refused = False  # and what else comes is poured away
        self._framing = 0  # bytes of it that are not its body
        self._body = 0

    def connection_made(self, transport):
        """Starts the time for the first headers."""
        super().connection_made(transport)
        self._visit.close = transport.abort
        self._end_in(self._limits.header_s)

    def connection_lost(self, exc):
        """Ends all times."""
        self._end_never()
        self.resume_writing()
        self._leave(self._visit)
        super().connection_lost(exc)

    def data_received(self, data):
        """Reads on, unless headers or what frames a body never end."""
        self._framing += len(data)
        if self._is_refused:
            if self._framing > LINGER_BYTES:
                self.transport.abort()
            return
        super().data_received(data)
        most = self._limits.max_header_bytes + self._body
        if self._is_coming and self._framing > most and not self.transport.is_closing():
            self._refuse(431, f"Headers must have at most {most} bytes.")

    def on_message_begin(self):
        """Starts the time for the headers of one more request."""
        super().on_message_begin()
        self._is_coming, self._framing, self._body = True, 0, 0
        if self._visit.stage != Stage.NEW:
            self._end_in(self._limits.header_s)

    def on_header(self, name, value):
        """Takes a header, unless there are too many."""
        super().on_header(name, value)
        if len(self.headers) > self._limits.max_headers:
            raise httptools.HttpParserError("too many headers")

    def on_headers_complete(self):
        """Ends the time for headers."""
        self._end_never()
        super().on_headers_complete()
        if len(self.pipeline) > MAX_PIPELINED:
            raise httptools.HttpParserError("too many requests at once")
        self._visit.enter(Stage.SENDING)

    def on_body(self, body):
        """Takes a part of a body."""
        self._framing -= len(body)
        self._body += len(body)
        if len(self.cycle.body) + len(body) < PART_BYTES:
            self.cycle.body += body  # it is handed on with more, or at the end
        else:
            super().on_body(body)

    def on_message_complete(self):
        """From now on the connection waits for us."""
        self._is_coming = False
        if not self.cycle.response_complete:
            self._end_never()
            self._visit.enter(Stage.ASKING)
        super().on_message_complete()

    def on_response_complete(self):
        """Starts the time for one more request, or for taking the last answer."""
        super().on_response_complete()
        if self.cycle.response_complete:  # no other is under way
            self._visit.enter(Stage.KNOWN)
            is_last = self.transport.is_closing()
            self._end_in(CLOSE_S if is_last else self._limits.keep_alive_s)

    def send_400_response(self, msg):
        """Refuses what is no HTTP."""
        self._refuse(400, "The request must be HTTP/1.1 with headers of usual number.")

    def pause_writing(self):
        """Starts the time in which the caller must take some of its answer."""
        super().pause_writing()
        wait_s = self._limits.stall_s
        self._stall = self.loop.call_later(wait_s, self.transport.abort)

    def resume_writing(self):
        """Ends that time."""
        super().resume_writing()
        if self._stall:
            self._stall.cancel()
            self._stall = None

    def shutdown(self):
        """Ends what is idle now, and soon what is still being sent."""
        super().shutdown()
        if self._visit.stage == Stage.SENDING:
            self._end_in(min(CLOSE_S, self._limits.drain_s))

    def _refuse(self, status, words):
        """Answers in place of the app, unless that is answering, and ends."""
        self._is_coming, self._is_refused = False, True
        is_answered = self._visit.stage == Stage.ASKING or self.pipeline
        cycle = self.cycle
        if cycle and cycle.response_started and not cycle.response_complete:
            is_answered = True
        if is_answered:
            self.transport.abort()
            return
        body = self._write_error(words)
        head = (
            b"content-type: application/json\r\nconnection: close\r\ncontent-length: "
        )
        size = str(len(body)).encode()
        parts = (STATUS_LINE[status], head, size, b"\r\n\r\n", body)
        self.transport.write(b"".join(parts))
        if self.transport.can_write_eof():
            self.transport.write_eof()  # closed now, the answer could be lost
        else:
            self.transport.close()
        self._end_in(CLOSE_S)

    def _end_in(self, seconds):
        self._end_never()
        self._end = self.loop.call_later(seconds, self.transport.abort)

    def _end_never(self):
        if self._end:
            self._end.cancel()
            self._end = None
