"""What a click means: the events it sends, and the events that only hide an item."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tfrec.errors import ConfigError


@dataclass(frozen=True)
class Reaction:
    """The kind and value of the event that a click sends.

    Example:
        >>> Reaction.parse("rating=5")
        Reaction(event='rating', value=5.0)
        >>> Reaction.parse("skip")
        Reaction(event='skip', value=None)
    """

    event: str = ""
    value: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Reaction":
        """Reads `KIND`, `KIND=VALUE` or `""` for the log's usual kind.

        Raises:
            ConfigError: the value is no finite number.
        """
        event, has_value, value = text.partition("=")
        try:
            number = float(value) if has_value else None
        except ValueError:
            number = math.nan
        if number is not None and not math.isfinite(number):
            raise ConfigError(
                "A reaction must be KIND or KIND=NUMBER, because it becomes an event. "
                f"Received: {text!r}."
            )
        return cls(event, number)


@dataclass(frozen=True)
class Reactions:
    """How a log speaks of interest and of its opposite.

    Attributes:
        like: what a click on "like" sends.
        skip: what a click on "skip" sends.
        hiding: kinds of events that the model is not told of, because it learnt from
            none and would take them for interest; their items do not come back.
    """

    like: Reaction = Reaction()
    skip: Reaction = Reaction("skip")
    hiding: frozenset[str] = frozenset()

    def is_dislike(self, event: str, value: float | None) -> bool:
        """Whether an event speaks against its item, as a click on "skip" does."""
        is_skip = event == self.skip.event and self.skip.value in (None, value)
        return is_skip or event in self.hiding

    def split(self, history: Sequence[tuple]) -> tuple[list[tuple], list[str]]:
        """What the model is told, and ids of the items that are hidden.

        Args:
            history: `(item_id, event, value, timestamp)`.
        """
        told = [each for each in history if each[1] not in self.hiding]
        hidden = {each[0] for each in history if each[1] in self.hiding}
        return told, sorted(hidden)
