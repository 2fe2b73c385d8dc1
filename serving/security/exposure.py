"""Which addresses a server may bind without more."""

import ipaddress

from tfrec.errors import ConfigError


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's alone.

    Example:
        >>> [is_loopback(host) for host in ("localhost", "::1", "0.0.0.0")]
        [True, True, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_privacy(host: str, is_private: bool, ways: str) -> None:
    """Refuses to speak plain text where others may listen.

    Args:
        host: address to bind.
        is_private: whether there is TLS, or the operator allows plain text.
        ways: the flags that would make it so.

    Raises:
        ConfigError: it would.
    """
    if not (is_private or is_loopback(host)):
        raise ConfigError(
            "`--host` must be an address of this machine alone, such as 127.0.0.1, "
            "because requests and answers are plain text. Received: "
            f"{host}. Give {ways} where the network keeps others out."
        )
