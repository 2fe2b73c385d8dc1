"""Models that were saved before they took all inputs of today."""

import logging

import grpc
import numpy as np

from tfrec.protocol.status import RequestError

logger = logging.getLogger(__name__)

LATER_INPUTS = {  # that older models answer without
    "Boosts and freshness": frozenset(
        {"boost_labels", "boost_values", "freshness_weight"}
        | {"freshness_half_life_hours"}
    ),
    "Live counts": frozenset(
        {"popular_item_ids", "popular_counts", "popular_recent_counts"}
        | {"popular_total"}
    ),
}
# What servers of the protocol say of an input that the signature lacks.
_WORDS = ("Inputs contains invalid name", "input size does not match signature")


class OldModels:
    """Lets such models answer without later inputs, and says of each so once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def without_later(
        self, inputs: dict[str, np.ndarray], error: RequestError
    ) -> dict[str, np.ndarray]:
        """What to ask after an error: the same, but without later inputs.

        Args:
            inputs: of the call that failed.
            error: how it failed.

        Raises:
            RequestError: the error, where it is about something else.
        """
        is_about_names = any(words in error.message for words in _WORDS)
        is_invalid = error.code is grpc.StatusCode.INVALID_ARGUMENT
        used = {w: inputs.keys() & names for w, names in LATER_INPUTS.items()}
        if not (is_invalid and is_about_names and any(used.values())):
            raise error
        for what, names in used.items():
            if names and what not in self._told:
                self._told.add(what)
                logger.warning(
                    "%s are not applied: the model that answers was saved before it "
                    "took them. Train and save a new version.",
                    what,
                )
        later = frozenset().union(*used.values())
        return {name: each for name, each in inputs.items() if name not in later}
