"""Versions of the toy, and a client of its server, for the whole folder."""

import pytest

from tests.serving.toy_artefact import write_toy
from tfrec.client.client import RecommenderClient
from tfrec.export.servable import Servable


@pytest.fixture(scope="session")
def doubled(tmp_path_factory):
    """Version folder of a toy whose scores are twice as large per item."""
    return write_toy(tmp_path_factory.mktemp("doubled") / "toy", version=2, scale=2.0)


@pytest.fixture(scope="session")
def servable(toy):
    """The toy in this process."""
    return Servable.load(toy)


@pytest.fixture(scope="session")
def client(target, toy):
    """A client that knows the titles."""
    items = toy / "1" / "assets.extra" / "items.parquet"
    with RecommenderClient(target, "toy", items=items) as client:
        yield client
