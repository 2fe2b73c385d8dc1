"""Tests of TLS, tokens and rates through both protocols of a server in this process."""

import contextlib
import http.client
import json
import ssl

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
)

from serving.model_server.server_settings import ServerSettings
from serving.security.tls import Tls, read_tls
from serving.security.tokens import Tokens
from serving.server import main
from tests.serving.local_server import serving
from tests.serving.programs import run_program
from tests.serving.security.certificates import Authority
from tests.serving.server_process import fails_with
from tfrec.errors import ConfigError

TOKEN, ADMIN = "a-token-of-this-test", "a-token-for-operators"
TIMEOUT_S = 20
MAX_BYTES = 10_000


@pytest.fixture(scope="module")
def mutual(toy, servable, mutual_tls):
    """A server that wants certificates."""
    with serving(toy, servable, tls=mutual_tls) as server:
        yield server


@pytest.fixture(scope="module")
def guarded(toy, servable, tmp_path_factory):
    """A server that wants tokens."""
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    path.write_text(f"# of the tests\n{TOKEN}\n{ADMIN} admin\n")
    limits = {"max_request_bytes": MAX_BYTES}
    with serving(toy, servable, tokens=Tokens(path), **limits) as server:
        yield server


def ask_grpc(channel, **options):
    """Number of versions of the toy."""
    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    asked = get_model_status_pb2.GetModelStatusRequest()
    asked.model_spec.name = "toy"
    answer = stub.GetModelStatus(asked, timeout=TIMEOUT_S, **options)
    return len(answer.model_version_status)


def secure_channel(server, authority, identity=(None, None)):
    key, chain = (text and text.encode() for text in identity)
    credentials = grpc.ssl_channel_credentials(authority.pem.encode(), key, chain)
    return grpc.secure_channel(server.address, credentials)


def ask_rest(connection, headers=None):
    """`(status, body)` of the toy's versions."""
    with contextlib.closing(connection):
        connection.request("GET", "/v1/models/toy", headers=headers or {})
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def https(server, authority, identity, folder):
    context = ssl.create_default_context(cadata=authority.pem)
    if identity:
        for name, text in zip(("key", "chain"), identity, strict=True):
            (folder / name).write_text(text)
        context.load_cert_chain(folder / "chain", folder / "key")
    host, port = server.rest_address.split(":")
    return http.client.HTTPSConnection(
        host, int(port), timeout=TIMEOUT_S, context=context
    )


def test_a_certificate_of_the_authority_is_let_in(mutual, authority, tmp_path):
    client = authority.issue("client")
    with secure_channel(mutual, authority, client) as channel:
        assert ask_grpc(channel) == 1
    assert ask_rest(https(mutual, authority, client, tmp_path))[0] == 200


@pytest.mark.parametrize("whose", ["nobody", "expired", "stranger"])
def test_other_certificates_are_refused(mutual, authority, tmp_path, whose):
    clients = {
        "nobody": None,
        "expired": authority.issue("client", days=-1),
        "stranger": Authority("theirs").issue("client"),
    }
    client = clients[whose]
    with (
        secure_channel(mutual, authority, client or (None, None)) as channel,
        fails_with("UNAVAILABLE", ""),
    ):
        ask_grpc(channel)
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        ask_rest(https(mutual, authority, client, tmp_path))


def test_plain_text_to_tls_is_refused(mutual):
    with (
        grpc.insecure_channel(mutual.address) as channel,
        fails_with("UNAVAILABLE", ""),
    ):
        ask_grpc(channel)
    host, port = mutual.rest_address.split(":")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask_rest(http.client.HTTPConnection(host, int(port), timeout=TIMEOUT_S))


def test_a_server_of_another_authority_is_not_believed(mutual):
    with (
        secure_channel(mutual, Authority("theirs")) as channel,
        fails_with("UNAVAILABLE", ""),
    ):
        ask_grpc(channel)


def test_the_token_lets_in(guarded):
    with grpc.insecure_channel(guarded.address) as channel:
        metadata = [("authorization", f"Bearer {TOKEN}")]
        assert ask_grpc(channel, metadata=metadata) == 1
    host, port = guarded.rest_address.split(":")
    headers = {"Authorization": f"bearer {TOKEN}"}
    assert ask_rest(http.client.HTTPConnection(host, int(port)), headers)[0] == 200


@pytest.mark.parametrize(
    "header", ["", TOKEN, f"Basic {TOKEN}", "Bearer wrong", f"Bearer {TOKEN}x"]
)
def test_without_the_token_nothing_is_told(guarded, header):
    metadata = [("authorization", header)] if header else []
    with (
        grpc.insecure_channel(guarded.address) as channel,
        fails_with("UNAUTHENTICATED", "`authorization: Bearer TOKEN`"),
    ):
        ask_grpc(channel, metadata=metadata)
    host, port = guarded.rest_address.split(":")
    connection = http.client.HTTPConnection(host, int(port))
    status, answer = ask_rest(connection, {"Authorization": header})
    assert status == 401
    assert list(answer) == ["error"]


def test_a_token_that_may_ask_may_not_change_what_is_served(guarded):
    with grpc.insecure_channel(guarded.address) as channel:
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        asked = model_management_pb2.ReloadConfigRequest()
        for token, code in {
            TOKEN: "PERMISSION_DENIED",
            ADMIN: "INVALID_ARGUMENT",
        }.items():
            metadata = [("authorization", f"Bearer {token}")]
            with fails_with(code, ""):
                stub.HandleReloadConfigRequest(
                    asked, timeout=TIMEOUT_S, metadata=metadata
                )


def test_a_message_is_not_read_before_its_token_is_known(guarded):
    """Else it would be refused for its size."""
    with grpc.insecure_channel(guarded.address) as channel:
        send = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        for token, code in {
            "no": "UNAUTHENTICATED",
            TOKEN: "RESOURCE_EXHAUSTED",
        }.items():
            metadata = [("authorization", f"Bearer {token}")]
            with fails_with(code, ""):
                send(b"x" * 100 * MAX_BYTES, timeout=TIMEOUT_S, metadata=metadata)


def test_health_is_open_and_reflection_is_not(guarded):
    with grpc.insecure_channel(guarded.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        assert health.Check(health_pb2.HealthCheckRequest()).status == 1
        with pytest.raises(grpc.RpcError):
            ProtoReflectionDescriptorDatabase(channel).get_services()


def test_a_client_that_asks_too_often(toy, servable):
    with (
        serving(toy, servable, max_requests_per_s=0.01) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        assert ask_grpc(channel) == 1  # the one that a bucket always holds
        with fails_with("RESOURCE_EXHAUSTED", "asks more often than it may"):
            ask_grpc(channel)
        host, port = server.rest_address.split(":")
        assert ask_rest(http.client.HTTPConnection(host, int(port)))[0] == 429


def test_secrets_are_not_shown(identity, tmp_path):
    key, certificate = identity
    settings = ServerSettings(tls=Tls(server_key=key, server_cert=certificate))
    assert key.splitlines()[1] not in repr(settings)
    path = tmp_path / "tokens"
    path.write_text(TOKEN)
    assert TOKEN not in repr(ServerSettings(tokens=Tokens(path)))


def ssl_config(key, certificate):
    return f"server_key: {json.dumps(key)} server_cert: {json.dumps(certificate)}"


def test_tls_in_tf_servings_format(identity, tmp_path):
    path = tmp_path / "ssl.config"
    path.write_text(ssl_config(*identity))
    tls = read_tls(path)
    assert (tls.server_key, tls.server_cert) == identity
    assert not tls.client_verify


def test_wrong_tls_files_are_not_quoted(authority, identity, tmp_path):
    key, certificate = identity
    other_key, _ = authority.issue("other")
    path = tmp_path / "ssl.config"
    secret = key.splitlines()[1]
    for text, words in [
        (f'server_key: "{secret}', "line 1 is wrong"),
        (ssl_config(secret, certificate), "must be PEM"),
        (ssl_config(other_key, certificate), "must be PEM, and the key that of"),
    ]:
        path.write_text(text)
        with pytest.raises(ConfigError, match=words) as caught:
            read_tls(path)
        assert secret not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org"])
def test_plain_text_stays_at_home(monkeypatch, capsys, host):
    flags = f"--host={host}", "--model_base_path=nowhere"
    assert run_program(monkeypatch, main, *flags) == 1
    assert "Give `--ssl_config_file`, or `--allow_plaintext`" in capsys.readouterr().err
    assert run_program(monkeypatch, main, *flags, "--allow_plaintext") == 1
    assert "Received: nowhere" in capsys.readouterr().err
