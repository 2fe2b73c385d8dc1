"""The contract of everything that keeps a log."""

import abc

from serving.user_states.outbox import Batch
from tfrec.errors import ServingError


class LogError(ServingError):
    """The log cannot be written now."""


class LogSink(abc.ABC):
    """Where batches of records go; used by one thread."""

    @abc.abstractmethod
    def write(self, batch: Batch) -> None:
        """Returns when the batch is durable. The same one again changes nothing.

        Raises:
            LogError: it is not; it may be tried again.
        """

    @abc.abstractmethod
    def tidy(self, now: float) -> None:
        """Deletes what is too old at `now`, UTC seconds; raises as `write`."""

    @abc.abstractmethod
    def close(self) -> None:
        """Ends the connection."""
