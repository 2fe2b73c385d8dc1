"""Who vouches for whom in these tests."""

import pytest

from serving.security.tls import Tls
from tests.serving.security.certificates import Authority


@pytest.fixture(scope="session")
def authority():
    return Authority("ours")


@pytest.fixture(scope="session")
def identity(authority):
    """`(key, certificate)` of the server."""
    return authority.issue("server")


@pytest.fixture(scope="session")
def mutual_tls(authority, identity):
    """`Tls` of a server that wants certificates."""
    key, certificate = identity
    return Tls(
        server_key=key,
        server_cert=certificate,
        custom_ca=authority.pem,
        client_verify=True,
    )
