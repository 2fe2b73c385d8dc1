"""What the client's calls return."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recommendation:
    """One item of an answer.

    Attributes:
        item_id: as in the catalogue.
        score: orders the items of one answer.
        probability: of the user's interest in it, calibrated.
        title: `""` if the client has no catalogue.
    """

    item_id: str
    score: float
    probability: float
    title: str = ""


@dataclass(frozen=True)
class VersionStatus:
    """How far the server is with one version of the model."""

    version: int
    state: str  # "LOADING", "AVAILABLE", "END", …
    error: str  # why it was refused, or what its items lack; "" if all is well
