"""When and how requests reach a model."""

from collections.abc import Sequence
from typing import Protocol

import grpc

from serving.model_server.scheduling.deadline import Deadline
from tfrec.export.servable import Servable
from tfrec.protocol.status import RequestError


class Scheduler(Protocol):
    """Answers calls from many threads, no more at a time than the machine bears."""

    def run(
        self,
        servable: Servable,
        signature_name: str,
        inputs: dict,
        outputs: Sequence[str],
        deadline: Deadline,
    ) -> dict:
        """Answers one call, as `Servable.run` does.

        Raises:
            RequestError: the model's, RESOURCE_EXHAUSTED when too many wait, and
                those of `Deadline.check`.
        """

    @property
    def num_waiting(self) -> int:
        """Requests that wait for their turn."""

    def close(self) -> None:
        """Ends what runs in the background, when nothing is asked any more."""


def overloaded(max_waiting: int) -> RequestError:
    """More requests wait than may."""
    return RequestError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"The server is overloaded: {max_waiting} requests wait already. Try again "
        "later.",
    )
