"""A server of the toy in this process, with any settings."""

import contextlib
import threading

from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.server import ModelServer
from serving.model_server.server_settings import ServerSettings


@contextlib.contextmanager
def serving(toy, servable, **settings):
    """A `ModelServer` for the length of a block."""
    store = ModelStore(ModelSettings("toy", toy), load=lambda folder: servable)
    server = ModelServer([store], ServerSettings(rest_port=0, **settings))
    server.start(0, threading.Event())
    yield server
    server.drain()
