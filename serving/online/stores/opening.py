"""Stores by URL."""

import pathlib

from serving.online.stores.user_states import UserStates
from tfrec.errors import ConfigError


def open_states(url: str) -> UserStates:
    """The store that a URL names.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`,
            `redis://host:port/0[?ttl_s=7776000]` (`rediss` for TLS) or `memory:`.

    Raises:
        ConfigError: the URL is none of these.
        StoreError: the store cannot be opened.
    """
    scheme = url.partition(":")[0]
    path = url.removeprefix("sqlite:///")
    if scheme == "sqlite" and path not in ("", url):
        from serving.online.stores.sqlite import SqliteStates

        return SqliteStates(pathlib.Path(path))
    if scheme in ("redis", "rediss"):
        from serving.online.stores.redis import RedisStates

        return RedisStates(url)
    if url == "memory:":
        from serving.online.stores.memory import MemoryStates

        return MemoryStates()
    raise ConfigError(
        "`--store` must be sqlite:///PATH, redis://HOST:PORT/0 or memory:. "
        f"Received: {url!r}."
    )
