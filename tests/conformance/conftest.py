"""The server under test: any that is running, or our own.

    make conformance TARGET=host:8500 REST=host:8501 MODEL=movielens LABEL=stable

Without TARGET it is `serving.server`'s, with the exact flavour of a small model.
"""

import os
import threading

import pytest

from tests.conformance.asking import Asking, Place


@pytest.fixture(scope="session")
def place(request):
    """`Place` of the server under test."""
    target = os.environ.get("CONFORMANCE_TARGET")
    if target:
        host = target.rpartition(":")[0]
        rest = os.environ.get("CONFORMANCE_REST") or f"{host}:8501"
        model = os.environ.get("CONFORMANCE_MODEL") or "default"
        yield Place(target, rest, model, os.environ.get("CONFORMANCE_LABEL", ""))
        return
    server = our_server(request.getfixturevalue("artefact_folders")["exact"])
    yield Place(server.address, server.rest_address, "films", "stable")
    server.drain()


def our_server(folder):
    """A `ModelServer` of a version folder in this process."""
    from serving.model_server.model_store import ModelSettings, ModelStore
    from serving.model_server.server import ModelServer
    from serving.model_server.server_settings import ServerSettings

    labels = (("stable", int(folder.name)),)
    store = ModelStore(ModelSettings("films", folder.parent, labels=labels))
    server = ModelServer([store], ServerSettings(rest_port=0))
    server.start(0, threading.Event())
    return server


@pytest.fixture(scope="session")
def asking(place):
    """`Asking` of the model under test."""
    asking = Asking(place)
    yield asking
    asking.channel.close()


@pytest.fixture(scope="session")
def version(asking):
    """Number of the version that answers."""
    spec, _ = asking.answer(asking.request("", {"user_text": [""]}))
    return spec.version.value


@pytest.fixture(scope="session")
def items(asking):
    """Ids of ten items, as the model gives them to somebody unknown: bytes."""
    return asking.predict("recommend", user_text=[""])["item_ids"][0].tolist()
