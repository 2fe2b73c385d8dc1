"""Stores by URL."""

import pathlib
from typing import Annotated

from typer import Option

from serving.user_states.masking import masked
from serving.user_states.store import UserStates
from tfrec.errors import ConfigError

# The option of every program that has states.
Store = Annotated[
    str,
    Option(
        "--store",
        envvar="TFREC_STORE",
        show_envvar=True,
        help="Store of user states: sqlite:///PATH, redis://[:PASSWORD@]HOST:PORT/0 or "
        "memory:. Put a URL with a password into the environment variable, since all "
        "users of the machine see arguments.",
    ),
]


def open_states(url: str) -> UserStates:
    """The store that a URL names.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`,
            `redis://[:password@]host:port/0[?ttl_s=7776000]` (`rediss` for TLS) or
            `memory:`.

    Raises:
        ConfigError: the URL is none of these.
        StoreError: the store cannot be opened.
    """
    scheme = url.partition(":")[0]
    path = url.removeprefix("sqlite:///")
    if scheme == "sqlite" and path not in ("", url):
        from serving.user_states.sqlite import SqliteStates

        return SqliteStates(pathlib.Path(path))
    if scheme in ("redis", "rediss"):
        from serving.user_states.redis import RedisStates

        return RedisStates(url)
    if url == "memory:":
        from serving.user_states.memory import MemoryStates

        return MemoryStates()
    raise ConfigError(
        "`--store` must be sqlite:///PATH, redis://HOST:PORT/0 or memory:. "
        f"Received: {masked(url)!r}."
    )
