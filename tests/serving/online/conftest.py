"""One Redis for the whole folder."""

import pytest

from tests.serving.online.redis_server import RedisServer


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    """A `RedisServer`."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()
