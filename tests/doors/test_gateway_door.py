"""Who comes into a gateway through its socket, and what words the others get."""

import http.client
import logging
import re
import ssl

import pytest

from serving.gateway import __main__ as gateway
from serving.security.tokens import Tokens
from serving.user_states.memory import MemoryStates
from tests.serving.listening_process import ListeningProcess
from tests.serving.online.gateway_process import Http, gateway_thread
from tests.serving.programs import run_program
from tests.serving.security.certificates import Authority

NOWHERE = "127.0.0.1:1"  # what is asked here needs no model server
EVENT = {"user_id": "ann", "item_id": "a", "timestamp": 1}
TOKENS = {role: f"a-token-that-may-{role}" for role in ("ask", "write", "admin")}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def ask():
    with gateway_thread(MemoryStates(), NOWHERE) as ask:
        yield ask


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A gateway that wants tokens."""
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    path.write_text("\n".join(f"{token} {role}" for role, token in TOKENS.items()))
    with gateway_thread(MemoryStates(), NOWHERE, tokens=Tokens(path)) as ask:
        yield ask


# === Other pages in a browser ===


@pytest.mark.parametrize("kind", ["text/plain", FORM, "multipart/form-data", None])
def test_bodies_are_declared_as_json(ask, kind):
    status, answer = ask("POST", "/v1/events", EVENT, content_type=kind)
    assert status == 415
    assert "`Content-Type` must be application/json, in UTF-8." in answer["detail"]
    assert ask("GET", "/v1/users/ann/state")[1]["events"] == []


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=UTF-8"]
)
def test_json_may_be_written_in_several_ways(ask, kind):
    body = {"history": ["a"]}
    status, _ = ask("POST", "/v1/sessions/interests", body, content_type=kind)
    assert status == 503  # since the model server is away


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/events"), ("DELETE", "/v1/users/ann")]
)
def test_other_pages_change_nothing(ask, headers, method, path):
    status, answer = ask(method, path, EVENT if method == "POST" else None, **headers)
    assert status == 403
    assert "`Origin` must be this gateway's own" in answer["detail"]


def test_the_gateways_own_page_does(ask):
    own = {"origin": f"http://127.0.0.1:{ask.port}", "sec_fetch_site": "same-origin"}
    assert ask("DELETE", "/v1/users/ann", **own)[0] == 200
    preflight = {
        "origin": "https://evil.example",
        "access_control_request_method": "GET",
    }
    assert ask("OPTIONS", "/v1/events", **preflight)[0] == 405


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.nip.io", ""]
)
def test_other_names_of_this_machine_are_refused(ask, host):
    status, answer = ask("GET", "/v1/users/ann/state", host=host or " ")
    assert status == 421
    assert "Start it with `--allowed-host`" in answer["detail"]
    assert ask("GET", "/health", host=host or " ")[0] == 200  # of a probe


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:8080", "LOCALHOST.", "[::1]:80", "127.9.9.9"]
)
def test_names_of_this_machine_are_its_own(ask, host):
    assert ask("GET", "/v1/users/ann/state", host=host)[0] == 200


# === Tokens ===


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/v1/users/ann/state", "ask"),
        ("GET", "/v1/users/ann/interests", "ask"),
        ("GET", "/v1/users/ann/texts", "ask"),
        ("GET", "/v1/page", "ask"),
        ("GET", "/v1/lists/popular", "ask"),
        ("GET", "/v1/users/ann/rows", "ask"),
        ("GET", "/metrics", "ask"),
        ("POST", "/v1/sessions/interests", "ask"),
        ("POST", "/v1/events", "write"),
        ("POST", "/v1/items", "write"),
        ("DELETE", "/v1/items/a", "write"),
        ("DELETE", "/v1/users/ann", "write"),
    ],
)
def test_each_route_wants_a_role(guarded, method, path, needed):
    body = [] if method == "POST" else None
    assert guarded(method, path, body)[0] == 401
    wrong = {"authorization": "Bearer nobody-knows-this-token"}
    assert guarded(method, path, body, **wrong)[0] == 401
    roles = list(TOKENS)
    for role, token in TOKENS.items():
        status, _ = guarded(method, path, body, authorization=f"Bearer {token}")
        is_enough = roles.index(role) >= roles.index(needed)
        assert (status == 403) is not is_enough


@pytest.mark.parametrize("path", ["/", "/web/main.js", "/docs", "/openapi.json"])
def test_pages_are_open_and_hold_nobody(guarded, path):
    assert guarded("GET", path)[0] == 200


def test_refusals_are_counted(guarded):
    guarded("GET", "/v1/users/ann/state")
    shown = {"authorization": f"Bearer {TOKENS['ask']}"}
    _, text = guarded("GET", "/metrics", **shown)
    assert re.search(r'seconds_count{method="GET",route="none",status="401"} \d', text)


# === Words ===


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("recommendations?categories=y", "`categories`. Did you mean `category`?"),
        ("recommendations?quary=y", "`quary`. Did you mean `query`?"),
        ("recommendations?k=1&k=2", "`k` must be given once."),
        ("interests?then=1", "has the unknown `then`."),
        ("texts?kinds=push", "`kinds`. Did you mean `kind`?"),
        ("state?k=1", "The query has the unknown `k`. Leave it out."),
        (f"recommendations?now={2**63}", "`now` looks like milliseconds"),
        (f"recommendations?now={'9' * 5000}", "`now` looks like milliseconds"),
        ("recommendations?k=many", "`k` must be a whole number. Received: 'many'."),
        ("recommendations?explain=often", "`explain` must be true or false."),
        ("recommendations?mode=x", "`mode` must be 'history' or 'interest'."),
    ],
)
def test_parameters_are_known_or_wrong(ask, path, words):
    status, answer = ask("GET", f"/v1/users/ann/{path}")
    assert status == 422
    assert words in answer["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"histroy": []},
            "The body has the unknown `histroy`. Did you mean `history`?",
        ),
        ({"history": [{"item": "a"}]}, "`history.0` has the unknown `item`."),
        ({"history": [{}]}, "`history.0.item_id` must be given."),
        (
            {"history": [{"item_id": ""}]},
            "`history.0.item_id` must not be empty, except",
        ),
        ({"history": ["a"] * 1001}, "`history` must have at most 1000 entries."),
        ({"history": "a"}, "`history` must be a list. Received: 'a'."),
        ({"history": [None]}, "`history.0` must be a JSON object. Received: None."),
        ({"now": 2**63}, "`now` looks like milliseconds"),
        ({"now": 0.5}, "`now` must be after the beginning of 1970"),
        ({"now": 10**400}, "`now` looks like milliseconds"),
        ({"query": 7}, "`query` must be a string. Received: 7."),
        ({"explain": "often"}, "`explain` must be true or false."),
        ([], "The body must be a JSON object. Received: []."),
        (None, "The body must be given."),
        (b'{"query": "\\ud800"}', "The body must be JSON: "),
        (b"\xff", "The body must be JSON: "),
        (b"[" * 10_000, "The body must be JSON: recursion limit exceeded"),
    ],
)
def test_bodies_are_right_or_told_what_is_wrong(ask, body, words):
    status, answer = ask("POST", "/v1/sessions/recommendations", body)
    assert status == 422
    assert words in answer["detail"]


def test_events_may_have_fields_of_their_own(ask):
    assert ask("POST", "/v1/events", EVENT | {"colour": "red"})[0] == 202


ODD = [
    *(None, True, -1, 0.5, 2**63, 10**30, 1e308, "", "x" * 2000, "\0", "é\u2028"),
    *([], [[]], [None], {}, {"a": {}}, [{"item_id": [1]}]),
]
FIELDS = ["k", "now", "query", "category", "explain", "allow_repeats", "history"]
FIELDS += ["user_id", "item_id", "timestamp", "event", "value", "sequence", "event_id"]
PYDANTIC = re.compile(
    r"Input should|valid |string_|value_error|function-|constrained|type="
)


@pytest.mark.parametrize("path", ["/v1/sessions/recommendations", "/v1/events"])
def test_no_body_fails_the_gateway_or_gets_a_librarys_words(ask, path):
    for field in FIELDS:
        for odd in ODD:
            body = EVENT if path == "/v1/events" else {"history": [{"item_id": "a"}]}
            status, answer = ask("POST", path, body | {field: odd})
            assert status in (202, 422, 503), (field, odd, answer)
            assert not PYDANTIC.search(answer.get("detail", "")), answer


def test_no_address_fails_the_gateway(ask):
    names = ["%00", "%ED%A0%80", "%FF", "x" * 3000, "%F0%9F%98%80", "a%2Fb", "."]
    for name in names:
        for path in (f"/v1/users/{name}/state", f"/v1/items?query={name}", f"/{name}"):
            assert ask("GET", path)[0] in (200, 404, 422), path


def test_a_failure_of_our_own_is_told_and_logged_once(monkeypatch, caplog):
    def fail(*_):
        raise KeyError("secret")

    monkeypatch.setattr(MemoryStates, "get", fail)
    with gateway_thread(MemoryStates(), NOWHERE) as ask, caplog.at_level(logging.ERROR):
        named = {"x_request_id": "order-7"}
        status, answer = ask("GET", "/v1/users/ann/state", **named)
    assert (status, answer["request_id"]) == (500, "order-7")
    assert "request order-7" in answer["detail"]
    assert "secret" not in answer["detail"]
    assert [each.name for each in caplog.records].count("serving.gateway.errors") == 1
    assert not [each for each in caplog.records if each.name.startswith("uvicorn")]
    assert "request order-7" in caplog.text


# === Pages ===


def test_the_docs_need_no_script_and_no_other_site(ask):
    connection = http.client.HTTPConnection("127.0.0.1", ask.port, timeout=30)
    connection.request("GET", "/docs")
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script|https?://|<style|style=", page)
    for path, methods in ask("GET", "/openapi.json")[1]["paths"].items():
        for method in methods:
            assert f"<code>{method.upper()} {path}</code>" in page
    assert "<code>allow_repeats</code>" in page


# === The program ===


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--host", "0.0.0.0"], "Give `--tls-cert` and `--tls-key`, or `--allow-plain"),
        (
            ["--host", "0.0.0.0", "--allow-plaintext"],
            "`--auth-token-file` must be given",
        ),
        (["--allowed-host", "*"], "`--allowed-host` must be a name without"),
        (["--tls-cert", "x"], "`--tls-cert` and `--tls-key` must come together"),
        (["--tls-client-ca", "x"], "`--tls-client-ca` with them"),
        (["--auth-token-file", "none"], "`--auth-token-file` cannot be read"),
    ],
)
def test_everybodys_history_is_not_opened_by_mistake(monkeypatch, capsys, flags, words):
    usual = ("--target", NOWHERE, "--model", "toy", "--store", "memory:")
    assert run_program(monkeypatch, gateway.main, *usual, *flags) == 1
    assert words in capsys.readouterr().err


def test_the_gateway_speaks_tls_and_wants_tokens(tmp_path):
    """The program itself, on every address of the machine."""
    authority = Authority("ours")
    key, certificate = authority.issue("gateway")
    texts = {"key": key, "cert": certificate, "tokens": f"{TOKENS['ask']}\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    flags = ("--target", NOWHERE, "--model", "toy", "--store", "memory:")
    flags += ("--tls-cert", tmp_path / "cert", "--tls-key", tmp_path / "key")
    flags += ("--auth-token-file", tmp_path / "tokens", "--host", "0.0.0.0")
    line = r"Running gateway at https://0\.0\.0\.0:(\d+)"
    process = ListeningProcess("serving.gateway", line, *flags)
    ask = Https(int(process.address), authority)
    assert ask("GET", "/v1/users/ann/state")[0] == 401
    shown = {"authorization": f"Bearer {TOKENS['ask']}"}
    assert ask("GET", "/v1/users/ann/state", **shown)[0] == 200
    assert ask("POST", "/v1/events", EVENT, **shown)[0] == 403
    assert process.stop() == 0


class Https(Http):
    """Asks over TLS."""

    def __init__(self, port, authority):
        super().__init__(port)
        self._context = ssl.create_default_context(cadata=authority.pem)

    def connect(self):
        return http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=30, context=self._context
        )
