"""Models that were saved before boosts and freshness existed."""

import dataclasses
import logging

import grpc
import numpy as np

from tfrec.protocol.status import RequestError

logger = logging.getLogger(__name__)

BOOST_INPUTS = frozenset(
    {"boost_labels", "boost_values", "freshness_weight", "freshness_half_life_hours"}
)
# What servers of the protocol say of an input that the signature lacks.
_WORDS = ("Inputs contains invalid name", "input size does not match signature")


@dataclasses.dataclass
class OldModels:
    """Lets such models answer without boosts, and says so once.

    Attributes:
        is_known: whether it was said.
    """

    is_known: bool = False

    def without_boosts(
        self, inputs: dict[str, np.ndarray], error: RequestError
    ) -> dict[str, np.ndarray]:
        """What to ask after an error: the same, but without boosts and freshness.

        Args:
            inputs: of the call that failed.
            error: how it failed.

        Raises:
            RequestError: the error, where it is about something else.
        """
        is_about_names = any(words in error.message for words in _WORDS)
        is_invalid = error.code is grpc.StatusCode.INVALID_ARGUMENT
        used = inputs.keys() & BOOST_INPUTS
        if not (is_invalid and is_about_names and used):
            raise error
        if not self.is_known:
            logger.warning(
                "Boosts and freshness are not applied: the model that answers was "
                "saved before it took them. Train and save a new version."
            )
        self.is_known = True
        return {name: each for name, each in inputs.items() if name not in used}
