"""The gateway, as a process of its own or in a thread, and a way to ask it."""

import contextlib
import http.client
import json
import time
import urllib.parse

from serving.gateway.app import make_app
from serving.gateway.door import LIMITS, Hosts, make_door, write_error
from serving.gateway.impression_routes import add_log
from serving.gateway.model_client import ModelClient
from serving.gateway.ruling import add_rules
from serving.gateway.texts import add_texts
from serving.gateway.titles import ItemTitles
from serving.http.listening import HttpServer
from serving.interaction_log.opening import open_writer
from serving.security.gate import Gate
from serving.words.settings import WordsSettings
from tests.serving.listening_process import ListeningProcess
from tfrec.client.client import RecommenderClient


class Http:
    """Asks a gateway, with a connection for each request."""

    def __init__(self, port):
        self.port = port

    def __call__(self, method, path, body=None, **headers):
        """Status and parsed body; `body` is sent as JSON, bytes as they are.

        Headers are given as `content_type="text/plain"`; None leaves one out.
        """
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"content_type": "application/json"} | headers
        given = headers.items()
        headers = {name.replace("_", "-"): value for name, value in given if value}
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
        is_json = response.headers["Content-Type"] == "application/json"
        return response.status, json.loads(text) if is_json else text.decode()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def recommend(self, user_id, **wishes):
        """The recommendations of a user, which must come."""
        query = urllib.parse.urlencode(wishes)
        user_id = urllib.parse.quote(user_id, safe="")
        status, body = self("GET", f"/v1/users/{user_id}/recommendations?{query}")
        assert status == 200, body
        return body


class GatewayProcess(ListeningProcess):
    """`python -m serving.gateway` with some flags; it listens at `port`."""

    def __init__(self, *flags):
        line = r"Running gateway at http://127\.0\.0\.1:(\d+)"
        super().__init__("serving.gateway", line, *flags)
        self.port = int(self.address)


@contextlib.contextmanager
def gateway_thread(
    states, target, items=None, tokens=None, words=(), rules=None, log=None, **page
):
    """A gateway in this process, for the length of a block; gives `Http`.

    `words` are the settings and the language model that write texts, `rules` is a
    file, `log` a folder, `page` are `reactions` and `users` of `make_app`.
    """
    with RecommenderClient(target, "toy", timeout_s=20) as client:
        link = ModelClient(client)
        link.look()
        catalogue = ItemTitles(items)
        app = make_app(states, link, catalogue, **page)
        add_rules(app, rules, link, catalogue, states)
        writer = open_writer(states, str(log or ""), None, 600)
        if writer:
            add_log(app, writer, states, "toy")
        writing = add_texts(app, *(words or (WordsSettings(), None)))
        door = make_door(app, Gate(tokens), Hosts("127.0.0.1"))
        server = HttpServer(door, "127.0.0.1", 0, LIMITS, write_error)
        server.start()
        try:
            yield Http(int(server.address.split(":")[1]))
        finally:
            server.drain()
            writing.close()
            app.state.impressions.close()
            if writer:
                writer.close()


def eventually(call, seconds=20):
    """Waits until `call()` is true."""
    deadline = time.monotonic() + seconds
    while not call():
        assert time.monotonic() < deadline, "It did not come to pass."
        time.sleep(0.05)
