"""Who vouches for whom in these tests."""

import pytest

from tests.serving.security.certificates import Authority


@pytest.fixture(scope="session")
def authority():
    return Authority("ours")


@pytest.fixture(scope="session")
def identity(authority):
    """`(key, certificate)` of the server."""
    return authority.issue("server")
