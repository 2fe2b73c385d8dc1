"""How long an answer is wanted."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc

from tfrec.protocol.status import RequestError

_LONGEST_S = 365 * 86_400.0


def _never():
    return False


@dataclass(frozen=True)
class Deadline:
    """When a request need not be answered any more.

    Attributes:
        at: `time.monotonic()` of the last moment, in seconds.
        is_cancelled: whether the caller has gone.

    Example:
        >>> Deadline.after(60).check()
    """

    at: float = math.inf
    is_cancelled: Callable[[], bool] = _never

    @classmethod
    def after(
        cls, seconds: float | None, is_cancelled: Callable[[], bool] = _never
    ) -> "Deadline":
        """A deadline some seconds from now; None for no end.

        gRPC gives centuries where a caller gave none, more than clocks can add.
        """
        if seconds is None or seconds > _LONGEST_S:
            return cls(is_cancelled=is_cancelled)
        return cls(time.monotonic() + seconds, is_cancelled)

    def remaining_s(self) -> float | None:
        """Seconds left, at least 0, or None for no end."""
        if math.isinf(self.at):
            return None
        return max(0.0, self.at - time.monotonic())

    def check(self) -> None:
        """Refuses work that nobody waits for.

        Raises:
            RequestError: DEADLINE_EXCEEDED or CANCELLED.
        """
        if time.monotonic() >= self.at:
            raise deadline_exceeded()
        if self.is_cancelled():
            raise RequestError(
                grpc.StatusCode.CANCELLED, "The caller cancelled the request."
            )


def deadline_exceeded() -> RequestError:
    """Nobody waits for the answer any more."""
    return RequestError(
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "The deadline passed before the request was computed.",
    )
