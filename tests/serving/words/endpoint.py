"""A server of chat completions that answers well or in every wrong way."""

import contextlib
import http.server
import json
import threading
import time


class Endpoint:
    """Listens on 127.0.0.1, and behaves as `act` says.

    Attributes:
        url: up to the version.
        questions: bodies that came, as JSON.
        headers: of the last request.
        act: function of the handler and the question.
    """

    def __init__(self, act):
        self.questions, self.headers, self.act = [], {}, act
        self.is_over = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                size = int(self.headers["content-length"])
                question = json.loads(self.rfile.read(size))
                outer.questions.append(question)
                outer.headers = dict(self.headers)
                self.close_connection = True
                with contextlib.suppress(OSError):
                    outer.act(self, question)

            def log_message(self, *_):
                """Says nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(
            target=self._server.serve_forever, args=[0.05], daemon=True
        ).start()

    def close(self):
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()

    # What it may do.

    def hang(self, handler, question):
        self.is_over.wait(30)

    def trickle(self, handler, question):
        """Headers, and then a byte now and again, for ever."""
        begin(handler, "text/event-stream")
        while not self.is_over.wait(0.05):
            handler.wfile.write(b":")
            handler.wfile.flush()

    def trickle_headers(self, handler, question):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
        while not self.is_over.wait(0.05):
            handler.wfile.write(b"y")
            handler.wfile.flush()


@contextlib.contextmanager
def answering(act):
    """An `Endpoint` for the length of a block."""
    endpoint = Endpoint(act)
    try:
        yield endpoint
    finally:
        endpoint.close()


def begin(handler, kind, status=200):
    handler.send_response(status)
    handler.send_header("content-type", kind)
    handler.end_headers()


def write(handler, data):
    handler.wfile.write(data)
    handler.wfile.flush()


def says(*texts, finish="stop"):
    """Streams a text as OpenAI's servers do; of several the next one each time."""
    left = list(texts)

    def act(handler, question):
        text = left.pop(0) if len(left) > 1 else left[0]
        begin(handler, "text/event-stream")
        for letter in [text[i : i + 7] for i in range(0, len(text), 7)]:
            chunk = {"choices": [{"delta": {"content": letter}, "finish_reason": None}]}
            write(handler, event(chunk))
        write(handler, event({"choices": [{"delta": {}, "finish_reason": finish}]}))
        usage = {"prompt_tokens": 50, "completion_tokens": min(10, 1 + len(text) // 7)}
        write(handler, event({"choices": [], "usage": usage}))
        write(handler, b"data: [DONE]\n\n")

    return act


def echoes(write_answer):
    """Streams what a function makes of the last message."""

    def act(handler, question):
        says(write_answer(question["messages"][-1]["content"]))(handler, question)

    return act


def says_whole(text):
    """Answers in one piece, as servers do that do not stream."""

    def act(handler, question):
        begin(handler, "application/json")
        message = {"message": {"content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 50, "completion_tokens": 10}
        write(handler, json.dumps({"choices": [message], "usage": usage}).encode())

    return act


def sends(*parts, kind="text/event-stream", status=200, pause_s=0.0):
    """Answers with bytes, whatever they are."""

    def act(handler, question):
        begin(handler, kind, status)
        for part in parts:
            write(handler, part)
            time.sleep(pause_s)

    return act


def floods(megabytes):
    """A stream of a text without an end."""

    def act(handler, question):
        begin(handler, "text/event-stream")
        chunk = {"choices": [{"delta": {"content": "sea " * 4000}}]}
        data = event(chunk)
        for _ in range(megabytes * 2**20 // len(data)):
            write(handler, data)

    return act


def event(chunk):
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"
