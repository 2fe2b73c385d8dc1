"""Bearer tokens in a file that may change, and what each may do."""

import enum
import hashlib
import hmac
from typing import NamedTuple

from tfrec.errors import ConfigError
from tfrec.watched_file import WatchedFile, tokens_in

MIN_LENGTH = 16  # letters; what is shorter can be guessed


class Role(enum.IntEnum):
    """What a caller may do; each may do what those before it may."""

    ASK = 1  # read, and be recommended to
    WRITE = 2  # change users and items
    ADMIN = 3  # change what is served


class Known(NamedTuple):
    """A token of the file: its digest, not itself."""

    number: int
    digest: bytes
    role: Role


class Tokens:
    """Tokens of a file, one a line, as `TOKEN` or `TOKEN ROLE`; `ask` without a role.

    Empty lines and those that begin with # are none. A file that changes is read again
    within two seconds; if it is wrong then, the tokens of before stay.

    Args:
        path: of the file.
        option: that named it, for errors.

    Raises:
        ConfigError: the file cannot be read, holds no token or one too short, or an
            unknown role.
    """

    def __init__(self, path, option: str = "--auth_token_file"):
        self._option = f"`{option}` {path}"
        self._file = WatchedFile(option, path, self._read)

    def find(self, token: str) -> Known | None:
        """Which token this is, None for none; takes as long for any."""
        digest = _digest(token)
        found = None
        for known in self._file.content():
            if hmac.compare_digest(known.digest, digest):
                found = known
        return found

    def _read(self, text):
        lines = tokens_in(text)
        if not lines or min(len(words[0]) for words in lines) < MIN_LENGTH:
            raise ConfigError(
                f"{self._option} must hold tokens of at least {MIN_LENGTH} letters, "
                f"one a line. Received: {len(lines)} tokens."
            )
        return [
            Known(number, _digest(token), self._role(number, more))
            for number, (token, *more) in enumerate(lines)
        ]

    def _role(self, number, words):
        roles = {role.name.lower(): role for role in Role}
        if len(words) > 1 or not set(words) <= roles.keys():
            # The words may be tokens, so they are not shown.
            raise ConfigError(
                f"{self._option} must have `TOKEN` or `TOKEN ROLE` on each line, the "
                f"role one of {', '.join(roles)}. Token {number + 1} has another."
            )
        return roles[words[0]] if words else Role.ASK


def _digest(token):
    return hashlib.sha256(token.encode(errors="replace")).digest()
