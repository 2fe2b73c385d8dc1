"""The contract of every source of events."""

import abc
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tfrec.errors import ServingError


class SourceError(ServingError):
    """Events cannot be read any more."""


class Message(NamedTuple):
    """One event as it came.

    Attributes:
        body: what should be JSON; None if the source had none.
        place: where it stands, for people.
        origin: the source's own record of it, if it has one.
    """

    body: bytes | None
    place: str
    origin: Any = None


class EventSource(abc.ABC):
    """Events in batches of bounded size; the next is read when one is dealt with."""

    @abc.abstractmethod
    def batches(self) -> Iterator[list[Message]]:
        """Batches as they come, until the source ends or is told to stop.

        Raises:
            SourceError: nothing will ever come again.
        """

    @abc.abstractmethod
    def reject(self, rejected: Sequence[tuple[Message, str]]) -> None:
        """Puts aside messages that are no events, each with the reason.

        When it returns they are as safe as the source can make them.
        """

    @abc.abstractmethod
    def commit(self) -> None:
        """Notes that all batches so far need not come again."""

    def lag(self) -> float:
        """Messages that wait to be read, NaN if the source cannot tell."""
        return math.nan

    @abc.abstractmethod
    def close(self) -> None:
        """Ends the connection."""
