"""Records that wait in a store until a log has them.

A store keeps the record of an event together with the state that the event changes,
all or nothing. So a log has each event that was acknowledged, once, whenever a process
ends.

Reference:
    Richardson: Microservices Patterns (2018), section 3.3.7, the transactional outbox.
"""

import abc
from collections.abc import Sequence
from dataclasses import dataclass

LEASE_S = 30  # for which a batch belongs to who took it


@dataclass(frozen=True)
class Batch:
    """The oldest records, in the order in which they came.

    Attributes:
        name: of this batch alone, among those of all stores.
        records: as of `log_records`.
    """

    name: str
    records: Sequence[bytes]


class Outbox(abc.ABC):
    """A queue whose batches stay the same until they are done; safe for many threads.

    Whoever takes a batch has it for `LEASE_S`; after that another one gets the same.
    Every call raises `StoreError` if the store cannot answer.
    """

    @abc.abstractmethod
    def add(self, records: Sequence[bytes]) -> None:
        """Appends records, as durably as the store keeps events.

        Raises:
            StoreFullError: there is no room; none was added.
        """

    @abc.abstractmethod
    def take(self, most: int) -> Batch | None:
        """The batch to be written next: the last one again if it was not done.

        Args:
            most: records of a new batch.

        Returns:
            None if there is nothing, or another one is writing.
        """

    @abc.abstractmethod
    def done(self, batch: Batch) -> None:
        """Removes what was taken; does nothing if it is another's by now."""

    @abc.abstractmethod
    def waiting(self) -> int:
        """How many records there are, those that were taken among them."""
