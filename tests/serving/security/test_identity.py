"""Tests of the programs that ask a server with certificates and tokens."""

import types

import pytest

from serving.client import main
from serving.gateway import __main__ as gateway
from serving.security.tokens import Tokens
from tests.serving.local_server import serving
from tests.serving.programs import run_program
from tests.serving.security.certificates import Authority
from tfrec import watched_file
from tfrec.client.connection import Connection
from tfrec.client.identity import Identity, read_identity
from tfrec.errors import ConfigError

TOKEN, OTHER_TOKEN = "a-token-of-this-test", "another-token-altogether"


@pytest.fixture(scope="module")
def files(authority, tmp_path_factory):
    """Name to path of every certificate, key and token of these tests."""
    folder = tmp_path_factory.mktemp("identity")
    theirs = Authority("theirs")
    texts = {"ca": authority.pem, "their-ca": theirs.pem}
    clients = {
        "good": authority.issue("client"),
        "expired": authority.issue("client", days=-1),
        "their": theirs.issue("client"),
    }
    for name, (key, certificate) in clients.items():
        texts |= {f"{name}-key": key, f"{name}-cert": certificate}
    texts |= {"token": f"# of the tests\n{TOKEN}\n", "wrong-token": OTHER_TOKEN}
    texts |= {"two-tokens": f"{TOKEN} write\n{OTHER_TOKEN}", "no-pem": "nothing"}
    texts |= {"no-token": "# none yet\n"}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {name: str(folder / name) for name in texts}


@pytest.fixture(scope="module")
def secured(toy, servable, mutual_tls, files):
    """A server that wants certificates and tokens."""
    tokens = Tokens(files["token"])
    with serving(toy, servable, tls=mutual_tls, tokens=tokens) as server:
        yield server


def options(files, ca="ca", client="good", token="token"):
    """Flags by the names of the files; `""` leaves one out."""
    given = {
        "--ca": ca,
        "--cert": client and f"{client}-cert",
        "--key": client and f"{client}-key",
        "--token-file": token,
    }
    return [word for flag, f in given.items() if f for word in (flag, files[f])]


@pytest.fixture
def ask(secured, monkeypatch, capsys):
    """Runs the client program; gives exit code, stdout and stderr."""

    def ask(*more):
        flags = ("--target", secured.address, "--model", "toy", "--timeout-s", 5)
        code = run_program(monkeypatch, main, *flags, *more)
        return code, *capsys.readouterr()

    return ask


def test_the_client_is_let_in(ask, files):
    code, out, _ = ask(*options(files), "--history", "a")
    assert code == 0
    assert "café" in out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"token": ""}, "UNAUTHENTICATED"),
        ({"token": "wrong-token"}, "UNAUTHENTICATED"),
        ({"client": ""}, "UNAVAILABLE"),
        ({"client": "expired"}, "UNAVAILABLE"),
        ({"client": "their"}, "UNAVAILABLE"),
        ({"ca": "their-ca"}, "UNAVAILABLE"),
        ({"ca": "", "client": ""}, "UNAVAILABLE"),  # plain text
    ],
)
def test_others_are_not(ask, files, given, words):
    code, _, err = ask(*options(files, **given))
    assert code == 1
    assert f"Error: {words}" in err
    assert TOKEN not in err


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("ca", "good-cert", "", ""), "`--cert` and `--key` must come together"),
        (("", "good-cert", "good-key", ""), "and with `--ca`"),
        (("no-pem", "", "", ""), "must be PEM"),
        (("ca", "good-cert", "expired-key", ""), "the key that of the certificate"),
        (("", "", "", "no-token"), "must hold a token in ASCII. Received: 0 lines"),
        (("", "", "", "no-such-file"), "`--token-file` cannot be read"),
    ],
)
def test_files_that_are_wrong(files, names, words):
    paths = [name and files.get(name, name) for name in names]
    with pytest.raises(ConfigError, match=words) as caught:
        read_identity(*paths)
    assert TOKEN not in str(caught.value)


def test_nothing_given_is_plain_text(files):
    assert read_identity("", "", "", "") == Identity(None, "")
    assert TOKEN not in repr(read_identity("", "", "", files["token"]))


def test_the_first_of_several_tokens_is_shown(files):
    assert read_identity("", "", "", files["two-tokens"]).token() == TOKEN


def test_a_token_that_is_exchanged_is_taken_up(tmp_path, monkeypatch, caplog):
    """No restart: the gateway and the client ask for it before each call."""
    monkeypatch.setattr(watched_file, "LOOK_S", 0)
    path = tmp_path / "token"
    path.write_text(TOKEN)
    connection = Connection(
        target="x", timeout_s=1, retries=0, token=read_identity("", "", "", path).token
    )
    path.write_text("")  # as if it were being written
    shown = [connection.metadata for _ in range(3)]
    assert shown == 3 * [[("authorization", f"Bearer {TOKEN}")]]
    assert "Its previous content stays in use." in caplog.text
    path.write_text(OTHER_TOKEN)
    shown = [connection.metadata for _ in range(3)]
    assert shown[-1] == [("authorization", f"Bearer {OTHER_TOKEN}")]


def test_the_gateway_asks_a_secured_server(secured, files, monkeypatch):
    """All of the program but the page: its link has seen version 1."""
    links = []

    def make_app(states, link, *_):
        links.append(link)

    monkeypatch.setattr("serving.gateway.app.make_app", make_app)
    closing = types.SimpleNamespace(close=lambda: None)
    monkeypatch.setattr("serving.gateway.texts.add_texts", lambda *_: closing)
    monkeypatch.setattr("serving.gateway.door.make_door", lambda *_: None)
    monkeypatch.setattr(gateway, "_run", lambda server, _: server.drain())
    flags = ("--target", secured.address, "--model", "toy", "--store", "memory:")
    assert run_program(monkeypatch, gateway.main, *flags, *options(files)) == 0
    assert [(link.version, link.problem) for link in links] == [(1, "")]


def test_the_gateway_refuses_half_an_identity(monkeypatch, capsys, files):
    flags = ("--target", "127.0.0.1:1", "--model", "toy", "--store", "memory:")
    half = ("--cert", files["good-cert"])
    assert run_program(monkeypatch, gateway.main, *flags, *half) == 1
    assert "`--cert` and `--key` must come together" in capsys.readouterr().err
