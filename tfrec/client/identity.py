"""How a program that asks a server is believed, and whom it believes itself."""

import pathlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import grpc
from typer import Option

from tfrec.errors import ConfigError
from tfrec.watched_file import WatchedFile, tokens_in

# The options of every program that asks a model server.
Ca = Annotated[str, Option("--ca", help="Authority of the server, PEM. Turns TLS on.")]
Cert = Annotated[str, Option("--cert", help="Client certificate, PEM.")]
Key = Annotated[str, Option("--key", help="Key of the client certificate, PEM.")]
_OPTION = "--token-file"
TokenFile = Annotated[str, Option(_OPTION, help="File with a bearer token.")]


@dataclass(frozen=True)
class Identity:
    """What goes with a client's calls.

    Attributes:
        credentials: for TLS, None for plain text.
        token: bearer token, or what gives it, asked before each call; `""` for none.
    """

    credentials: grpc.ChannelCredentials | None = None
    token: str | Callable[[], str] = field(default="", repr=False)


def read_identity(ca: str, cert: str, key: str, token_file: str) -> Identity:
    """The identity that files hold; all may be `""`.

    Args:
        ca: PEM file of the server's authority; without it calls are plain text.
        cert: PEM file of the client's certificate, for servers that want one.
        key: PEM file of its private key.
        token_file: file whose first token is shown; lines that begin with # are none.
            It is read again when it changes.

    Raises:
        ConfigError: a file cannot be read, is wrong, or lacks its companion.
    """
    if bool(cert) != bool(key) or (cert and not ca):
        raise ConfigError(
            "`--cert` and `--key` must come together and with `--ca`, because a client "
            "shows them to a server that it knows."
        )
    credentials = _credentials(ca, cert, key) if ca else None
    if not token_file:
        return Identity(credentials)
    return Identity(credentials, WatchedFile(_OPTION, token_file, _first).content)


def _credentials(ca: str, cert: str, key: str) -> grpc.ChannelCredentials:
    authority = _read("--ca", ca)
    pair = (_read("--key", key), _read("--cert", cert)) if cert else (None, None)
    try:  # gRPC would say only that the server cannot be reached
        context = ssl.create_default_context(cadata=authority.decode("ascii"))
        if cert:
            # Without a password of our own, OpenSSL would ask for one on a terminal.
            context.load_cert_chain(cert, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            "`--ca`, `--cert` and `--key` must be PEM, and the key that of the "
            f"certificate: {error}."
        ) from None
    return grpc.ssl_channel_credentials(authority, *pair)


def _first(text: str) -> str:
    """The first token; a role may stand behind it, as in the file of a server."""
    tokens = [words[0] for words in tokens_in(text)]
    if not tokens or not tokens[0].isascii():
        raise ConfigError(
            f"`{_OPTION}` must hold a token in ASCII. Received: {len(tokens)} lines."
        )
    return tokens[0]


def _read(option: str, path: str) -> bytes:
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"`{option}` cannot be read: {error}.") from None
