"""The port of the REST API, and the thread behind it."""

import socket
import ssl
import threading

import uvicorn

from serving.rest.app import RestApp
from serving.rest.protocol import PatientProtocol
from tfrec.errors import ServingError

BACKLOG = 2048  # connections that wait to be accepted


class RestServer:
    """Serves a `RestApp` on a port, in a thread of its own.

    Args:
        app: what answers.
        host: address to bind.
        port: 0 for a free one.
        drain_s: seconds that requests under way get when it stops.
        tls: certificates, None for plain text.

    Attributes:
        address: `"host:port"`.

    Raises:
        ServingError: the port is taken or the address may not be bound.
    """

    def __init__(
        self,
        app: RestApp,
        host: str,
        port: int,
        drain_s: int,
        tls: ssl.SSLContext | None = None,
    ):
        self._listener = _listen(host, port)
        name = f"[{host}]" if ":" in host else host
        self.address = f"{name}:{self._listener.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            http=PatientProtocol,
            lifespan="off",
            interface="asgi3",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=drain_s,
        )
        config.load()
        config.ssl = tls
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="rest", daemon=True
        )

    def start(self) -> None:
        """Answers from now on."""
        self._thread.start()

    def drain(self) -> None:
        """Takes no new requests and finishes those under way."""
        self._server.should_exit = True
        if self._thread.ident:
            self._thread.join()
        self._listener.close()


def _listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ServingError(
            "`--rest_api_port` must be free and `--host` an address of this machine. "
            f"Received: {host}:{port}. {error}"
        ) from error
    # asyncio does so only for sockets that it made; without it answers take 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
