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
class SimilarItem:
    """One item that is like another.

    Attributes:
        item_id: as in the catalogue.
        score: orders the items of one answer.
        title: `""` if the client has no catalogue.
    """

    item_id: str
    score: float
    title: str = ""


@dataclass(frozen=True)
class EventKind:
    """What a model learnt of one kind of event.

    Attributes:
        name: as in a history.
        positive: how many events of the log showed interest.
        negative: how many showed its absence.
        neutral: how many were neither.
        positive_value: a high value among the positive ones.
        negative_value: a low value among the negative ones.
    """

    name: str
    positive: int
    negative: int
    neutral: int
    positive_value: float
    negative_value: float

    @property
    def is_dislike(self) -> bool:
        """Whether all that the log has of it was negative."""
        return self.negative > 0 == self.positive + self.neutral


@dataclass(frozen=True)
class VersionStatus:
    """How far the server is with one version of the model."""

    version: int
    state: str  # "LOADING", "AVAILABLE", "END", …
    error: str  # why it was refused, or what its items lack; "" if all is well
