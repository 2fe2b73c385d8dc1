"""A small file that may change while a program runs."""

import logging
import pathlib
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from tfrec.errors import ConfigError

logger = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks at the file
Content = TypeVar("Content")


class WatchedFile(Generic[Content]):
    """What a file says; read again when it has changed, and then rested for a second.

    If it is wrong then, as a file that is half written or empty, what it said before
    stays, with a warning.

    Args:
        option: that named the file, for errors.
        path: of the file.
        read: its text to what it says; raises `ConfigError`.

    Attributes:
        problem: why what it said before stays, `""` if it does not.

    Raises:
        ConfigError: the file cannot be read, or is wrong.
    """

    def __init__(self, option: str, path, read: Callable[[str], Content]):
        self._option = option
        self._path = pathlib.Path(path)
        self._read_text = read
        self._lock = threading.Lock()
        self._stamp = self._seen = self._read_stamp()
        self._content = self._read()
        self._looked = time.monotonic()
        self.problem = ""

    def content(self) -> Content:
        """What it says now."""
        with self._lock:
            if time.monotonic() - self._looked >= LOOK_S:
                self._looked = time.monotonic()
                self._look()
        return self._content

    def _look(self):
        try:
            stamp, seen = self._read_stamp(), self._seen
            self._seen = stamp
            if stamp == self._stamp or stamp != seen:
                return  # as it was, or perhaps still being written
            self._stamp = stamp
            self._content = self._read()
            logger.info("%s was read again.", self._path)
            self.problem = ""
        except ConfigError as error:
            if str(error) != self.problem:
                logger.warning("%s Its previous content stays in use.", error)
            self.problem = str(error)

    def _read_stamp(self):
        try:
            stat = self._path.stat()
        except OSError as error:
            raise self._unreadable(error) from None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _read(self):
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            is_text = isinstance(error, OSError)
            raise self._unreadable(error if is_text else "it is not UTF-8") from None
        return self._read_text(text)

    def _unreadable(self, error):
        return ConfigError(f"`{self._option}` cannot be read: {error}.")


def tokens_in(text: str) -> list[list[str]]:
    """The words of each line; empty lines and those that begin with # are left out.

    Example:
        >>> tokens_in("# ours\\nsecret-of-a-reader\\nsecret-of-a-writer write\\n")
        [['secret-of-a-reader'], ['secret-of-a-writer', 'write']]
    """
    lines = [line.strip() for line in text.splitlines()]
    return [line.split() for line in lines if line and not line.startswith("#")]
