"""Certificates, in tensorflow_model_server's own `SSLConfig`."""

import pathlib
import ssl
import tempfile
from dataclasses import dataclass, field

import grpc

from serving.text_protos import new_message, read_text_proto
from tfrec.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Tls:
    """Who the server is, and whom it lets in. Texts are PEM.

    Attributes:
        server_key: private key.
        server_cert: certificate, and those that lead to its authority.
        custom_ca: authority of the clients' certificates, `""` for the system's.
        client_verify: whether clients must have a certificate.

    Raises:
        ConfigError: key or certificates are wrong, or do not belong together.
    """

    server_key: str = field(repr=False)
    server_cert: str = field(repr=False)
    custom_ca: str = field(default="", repr=False)
    client_verify: bool = False

    def __post_init__(self):
        self.context()  # whatever is wrong is wrong at the start

    def credentials(self) -> grpc.ServerCredentials:
        """For a gRPC server."""
        return grpc.ssl_server_credentials(
            [(self.server_key.encode(), self.server_cert.encode())],
            root_certificates=self.custom_ca.encode() or None,
            require_client_auth=self.client_verify,
        )

    def context(self) -> ssl.SSLContext:
        """For any other server."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self._load_identity(context)
            if self.custom_ca:
                context.load_verify_locations(cadata=self.custom_ca)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(
                "The server's key, its certificate and the authority of its clients "
                f"must be PEM, and the key that of the certificate: {error}."
            ) from None
        if self.client_verify:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _load_identity(self, context):
        with tempfile.TemporaryDirectory() as name:  # nobody else may read it
            key, certificate = pathlib.Path(name, "key"), pathlib.Path(name, "cert")
            key.write_text(self.server_key, encoding="utf-8")
            certificate.write_text(self.server_cert, encoding="utf-8")
            # Without a password of our own, OpenSSL would ask for one on a terminal.
            context.load_cert_chain(certificate, key, password="")


def read_tls(path) -> Tls:
    """What a `--ssl_config_file` says.

    Raises:
        ConfigError: the file is missing or does not parse, or its content is wrong.
    """
    config = new_message("SSLConfig")
    read_text_proto("--ssl_config_file", path, config, is_secret=True)
    return Tls(
        server_key=config.server_key,
        server_cert=config.server_cert,
        custom_ca=config.custom_ca,
        client_verify=config.client_verify,
    )


def read_tls_files(cert: str, key: str, client_ca: str) -> Tls | None:
    """Certificates in files of their own; all may be `""`, which is plain text.

    Args:
        cert: PEM file of the server's certificate, `--tls-cert`.
        key: PEM file of its private key, `--tls-key`.
        client_ca: PEM file of the authority whose certificates clients must show,
            `--tls-client-ca`; `""` if they need none.

    Raises:
        ConfigError: a file cannot be read, is wrong, or lacks its companion.
    """
    if bool(cert) != bool(key) or (client_ca and not cert):
        raise ConfigError(
            "`--tls-cert` and `--tls-key` must come together, and `--tls-client-ca` "
            "with them, because they are one side of TLS."
        )
    if not cert:
        return None
    return Tls(
        server_key=_read("--tls-key", key),
        server_cert=_read("--tls-cert", cert),
        custom_ca=_read("--tls-client-ca", client_ca) if client_ca else "",
        client_verify=bool(client_ca),
    )


def _read(option, path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = error if isinstance(error, OSError) else "it is not PEM"
        raise ConfigError(f"`{option}` cannot be read: {words}.") from None
