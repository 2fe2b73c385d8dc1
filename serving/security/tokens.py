"""Bearer tokens in a file that may change."""

import hashlib
import hmac
import logging
import pathlib
import threading
import time

from tfrec.errors import ConfigError

logger = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks at the file
MIN_LENGTH = 16  # letters; what is shorter can be guessed


class Tokens:
    """Tokens of a file: one a line; empty lines and those that begin with # are none.

    Only their digests are kept. A file that changes is read again within a second; if
    it is wrong then, the tokens of before stay.

    Args:
        path: of the file.

    Raises:
        ConfigError: the file cannot be read, or holds no token or one too short.
    """

    def __init__(self, path):
        self._path = pathlib.Path(path)
        self._lock = threading.Lock()
        self._stamp = self._read_stamp()
        self._digests = self._read()
        self._looked = time.monotonic()

    def find(self, token: str) -> int | None:
        """Which token this is, None for none; takes as long for any."""
        self._look()
        digest = _digest(token)
        found = None
        for number, known in enumerate(self._digests):
            if hmac.compare_digest(known, digest):
                found = number
        return found

    def _look(self):
        with self._lock:
            if time.monotonic() - self._looked < LOOK_S:
                return
            self._looked = time.monotonic()
            try:
                stamp = self._read_stamp()
                if stamp == self._stamp:
                    return
                self._stamp, self._digests = stamp, self._read()
                logger.info("%s was read again.", self._path)
            except ConfigError as error:
                logger.error("%s The tokens of before stay.", error)

    def _read_stamp(self):
        try:
            stat = self._path.stat()
        except OSError as error:
            raise ConfigError(f"`--auth_token_file` cannot be read: {error}.") from None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _read(self):
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            words = error if isinstance(error, OSError) else "it is not UTF-8"
            raise ConfigError(f"`--auth_token_file` cannot be read: {words}.") from None
        tokens = [line.strip() for line in lines]
        tokens = [token for token in tokens if token and not token.startswith("#")]
        if not tokens or min(map(len, tokens)) < MIN_LENGTH:
            raise ConfigError(
                f"`--auth_token_file` {self._path} must hold tokens of at least "
                f"{MIN_LENGTH} letters, one a line. Received: {len(tokens)} tokens."
            )
        return [_digest(token) for token in tokens]


def _digest(token):
    return hashlib.sha256(token.encode(errors="replace")).digest()
