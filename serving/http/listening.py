"""A port, and the thread behind it."""

import asyncio
import contextlib
import errno
import functools
import logging
import socket
import ssl
import threading
from collections.abc import Callable

import uvicorn

from serving.http.limits import HttpLimits
from serving.http.protocol import PatientProtocol
from serving.http.visits import Visit, Visits
from tfrec.errors import ServingError

logger = logging.getLogger(__name__)

BACKLOG = 2048  # connections that wait to be accepted
REST_S = 0.1  # before it is tried again when the system has no more descriptors
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class HttpServer:
    """Serves an ASGI app on a port, in a thread of its own.

    Args:
        app: what answers, a `Door` in front.
        host: address to bind.
        port: 0 for a free one.
        limits: of the port.
        write_error: words to the body of an answer to what is no HTTP.
        tls: certificates, None for plain text.
        flag: what chose the port, for errors.

    Attributes:
        address: `"host:port"`.

    Raises:
        ServingError: the port is taken or the address may not be bound.
    """

    def __init__(
        self,
        app,
        host: str,
        port: int,
        limits: HttpLimits,
        write_error: Callable[[str], bytes],
        tls: ssl.SSLContext | None = None,
        flag: str = "--port",
    ):
        listener = _listen(host, port, flag)
        name = f"[{host}]" if ":" in host else host
        self.address = f"{name}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            interface="asgi3",
            ws="none",
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=limits.drain_s + 1,
        )
        self._server = _Server(config, listener, limits, write_error, tls)
        self._listener = listener
        self._thread = threading.Thread(
            target=self._server.run, name="http", daemon=True
        )

    def start(self) -> None:
        """Answers from now on."""
        self._thread.start()

    def drain(self) -> None:
        """Takes no new requests and finishes those under way, while there is time."""
        self._server.should_exit = True
        if self._thread.ident:
            self._thread.join()
        self._listener.close()


class _Server(uvicorn.Server):
    """uvicorn's, but that connections are accepted, counted and closed here."""

    def __init__(self, config, listener, limits, write_error, tls):
        super().__init__(config)
        self._listener = listener
        self._limits = limits
        self._write_error = write_error
        self._tls = tls
        self._visits = Visits(limits.max_connections)
        self._opening: dict[asyncio.Task, Visit] = {}
        self._resting: asyncio.TimerHandle | None = None

    async def startup(self, sockets=None):
        await self.lifespan.startup()
        self._loop = asyncio.get_running_loop()
        self._listen()
        self.servers = []
        self.started = True

    async def shutdown(self, sockets=None):
        if self._resting:
            self._resting.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for visit in self._opening.values():
            visit.close()
        await asyncio.gather(*self._opening)  # those that are open are closed below
        self._loop.call_later(self._limits.drain_s, self._visits.close_all)
        await super().shutdown()

    def _listen(self):
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self):
        """Takes one of those who wait, so that everybody else has a turn."""
        try:
            line, peer = self._listener.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._rest(error)
            return  # another kind is of a caller who went at once
        self._greet(line, peer[0])

    def _rest(self, error):
        if not self._visits.make_room():
            logger.error("No connection can be accepted: %s.", error)
        self._loop.remove_reader(self._listener)
        self._resting = self._loop.call_later(REST_S, self._listen)

    def _greet(self, line, peer):
        visit = Visit(peer, functools.partial(_hang_up, line))
        if not self._visits.admit(visit):
            line.close()
            return
        task = self._loop.create_task(self._open(line, visit))
        self._opening[task] = visit
        task.add_done_callback(self._opening.pop)

    async def _open(self, line, visit):
        """Makes a connection of a socket: shakes hands, where there is TLS."""
        protocol = functools.partial(
            PatientProtocol,
            visit,
            self._limits,
            self._visits.leave,
            self._write_error,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        wait_s = self._limits.header_s if self._tls else None
        try:
            await self._loop.connect_accepted_socket(
                protocol, line, ssl=self._tls, ssl_handshake_timeout=wait_s
            )
        except OSError as error:
            logger.debug("A connection failed: %s.", error)
            self._visits.leave(visit)


def _hang_up(line):
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _listen(host, port, flag):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ServingError(
            f"`{flag}` must be free and `--host` an address of this machine. "
            f"Received: {host}:{port}. {error}"
        ) from error
    listener.setblocking(False)
    # asyncio does so only for sockets that it made; without it answers take 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
