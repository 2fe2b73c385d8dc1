"""Bodies of requests, read whole, as many at a time as the memory bears."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from serving.http.limits import HttpLimits, Refusal

BLOCK_BYTES = 1024 * 1024


class CallerGone(Exception):
    """Nobody waits for the answer any more."""


class Bodies:
    """Reads the bodies of one port.

    Where they are more than the memory bears, the one that is being sent the longest
    gives way.

    Args:
        limits: of the port.
    """

    def __init__(self, limits: HttpLimits):
        self._limits = limits
        self._held = 0
        self._unread: dict[_Reading, None] = {}  # the oldest first

    @contextlib.asynccontextmanager
    async def whole(self, scope, receive) -> AsyncIterator[bytes]:
        """The body of a request; its memory counts until the end of the block.

        Raises:
            Refusal: it is too large, or too slow for what else there is.
            CallerGone: the connection ended before the body did.
        """
        self._check_length(scope)
        reading = _Reading(asyncio.timeout(self._limits.body_s))
        try:
            yield await self._read(reading, receive)
        finally:
            self._held -= reading.size

    def _check_length(self, scope):
        for name, value in scope["headers"]:
            if name == b"content-length" and int(value) > self._limits.max_body_bytes:
                raise self._too_large()

    async def _read(self, reading, receive):
        self._unread[reading] = None
        try:
            async with reading.timeout:
                started = asyncio.get_running_loop().time()
                while not reading.is_whole:
                    await self._read_part(reading, receive)
                    if not reading.has_to_go:
                        seconds = self._seconds(reading.size)
                        reading.timeout.reschedule(started + seconds)
        except TimeoutError:
            raise Refusal(408, "The body came too slowly.", retry_after="1") from None
        finally:
            del self._unread[reading]
        return reading.body()

    def _seconds(self, size):
        """That a body may have taken when so much of it is here."""
        seconds = self._limits.body_s + size / self._limits.min_rate
        return min(seconds, self._limits.max_body_s)

    async def _read_part(self, reading, receive):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        reading.take(message["body"])
        reading.is_whole = not message["more_body"]
        self._held += len(message["body"])
        if reading.size > self._limits.max_body_bytes:
            raise self._too_large()
        if self._held > self._limits.max_held_bytes:
            self._make_room(reading)

    def _make_room(self, reading):
        others = (each for each in self._unread if each is not reading)
        slowest = next((each for each in others if not each.has_to_go), None)
        if slowest is None:
            raise Refusal(503, "Too many large bodies are read.", retry_after="1")
        slowest.has_to_go = True
        slowest.timeout.reschedule(asyncio.get_running_loop().time())

    def _too_large(self):
        return Refusal(
            413,
            f"A body must have at most {self._limits.max_body_bytes} bytes. Send "
            "several requests.",
        )


class _Reading:
    """A body that is being read."""

    def __init__(self, timeout: asyncio.Timeout):
        self.timeout = timeout
        self.size = 0
        self.is_whole = False
        self.has_to_go = False
        self._blocks: list[bytes] = []
        self._in_blocks = 0  # bytes
        self._pieces: list[bytes] = []  # since the last block

    def take(self, piece):
        """Keeps what came; small pieces as one block, which a heap gives back."""
        self.size += len(piece)
        self._pieces.append(piece)
        if self.size - self._in_blocks >= BLOCK_BYTES:
            self._blocks.append(b"".join(self._pieces))
            self._pieces.clear()
            self._in_blocks = self.size

    def body(self):
        """All that came."""
        return b"".join([*self._blocks, *self._pieces])
