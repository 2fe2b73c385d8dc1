"""What events mean: the ones that a click sends, and those that only hide an item."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfrec.client.answers import EventKind
from tfrec.errors import ConfigError
from tfrec.reasons.naming import may_be_named

USUAL = ""  # the log's usual kind
SKIP = "skip"


@dataclass(frozen=True)
class Reaction:
    """The kind and value of the event that a click sends.

    Example:
        >>> Reaction.parse("rating=5")
        Reaction(event='rating', value=5.0)
        >>> Reaction.parse("skip")
        Reaction(event='skip', value=None)
    """

    event: str = USUAL
    value: float | None = None

    @classmethod
    def read(cls, text: str | None) -> "Reaction | None":
        """What an option says, None where it is left out; raises as `parse`."""
        return None if text is None else cls.parse(text)

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


def no_kinds() -> None:
    """The kinds of a model that does not tell them."""


@dataclass(frozen=True)
class Reactions:
    """How events speak of interest and of its opposite, by what the model learnt.

    An event of a kind that the log did not have says nothing about interest, and the
    model takes it so: such events only hide their items.

    Attributes:
        kinds: gives what the model that is served now learnt, None if it does not tell.
        chosen_like: what a click on "like" sends, None for what suits the model.
        chosen_skip: the same of "skip".
        chosen_hiding: kinds that only hide their items, though the model learnt them.
    """

    kinds: Callable[[], Sequence[EventKind] | None] = no_kinds
    chosen_like: Reaction | None = None
    chosen_skip: Reaction | None = None
    chosen_hiding: frozenset[str] = frozenset()

    @property
    def like(self) -> Reaction:
        """What "like" sends: the most frequent sign of interest, and a high value."""
        if self.chosen_like:
            return self.chosen_like
        positive = [kind for kind in self.kinds() or () if kind.positive]
        if not positive:
            return Reaction()
        best = max(positive, key=lambda kind: kind.positive)
        return Reaction(best.name, best.positive_value)

    @property
    def skip(self) -> Reaction:
        """What "skip" sends: the most frequent dislike, or a kind that only hides."""
        if self.chosen_skip:
            return self.chosen_skip
        kinds = self.kinds() or ()
        if dislikes := [kind for kind in kinds if kind.is_dislike]:
            worst = max(dislikes, key=lambda kind: kind.negative)
            return Reaction(worst.name, worst.negative_value)
        name, known = SKIP, {kind.name for kind in kinds}
        while name in known:  # as interest, by a log without rules
            name = f"not {name}"
        return Reaction(name)

    def hides(self, event: str) -> bool:
        """Whether events of a kind only hide their items."""
        if event in self.chosen_hiding:
            return True
        kinds = self.kinds()
        if kinds is None:  # an older model: all is interest to it that it does not know
            return event == SKIP and not self.chosen_skip
        return event != USUAL and all(kind.name != event for kind in kinds)

    def reward(self, event: str, value: float | None) -> float | None:
        """1 for interest, 0 for its opposite, as "skip" is, None for neither."""
        skip = self.skip
        if event == skip.event and skip.value in (None, value):
            return 0.0
        if self.hides(event):
            return None
        learnt = (kind for kind in self.kinds() or () if kind.name == event)
        return float(not any(kind.is_dislike for kind in learnt))

    def may_be_named(self, history: Sequence[tuple]) -> np.ndarray:
        """Which events may be a reason, `[events]` bool; `history` as for `split`."""
        kinds = [kind for _, kind, *_ in history]
        values = np.array([value for _, _, value, *_ in history], float)
        rewards = [self.reward(kind, value) for _, kind, value, *_ in history]
        return may_be_named(kinds, values, np.array([e == 0 for e in rewards], bool))

    def met(self, history: Sequence[tuple]) -> set[str]:
        """Items that a history has met: by events that may be interest.

        Args:
            history: as for `split`.
        """
        dislikes = {kind.name for kind in self.kinds() or () if kind.is_dislike}
        visible, _ = self.split(history)
        return {each[0] for each in visible if each[1] not in dislikes} - {""}

    def split(self, history: Sequence[tuple]) -> tuple[list[tuple], list[str]]:
        """The events that the model reads, and ids of the items that are hidden.

        Args:
            history: as `tfrec.client.histories.FIELDS`. What has no item is read,
                whatever its kind: its text says what it means.
        """
        hiding = {event for event in {each[1] for each in history} if self.hides(event)}
        visible = [each for each in history if each[1] not in hiding or not each[0]]
        hidden = {each[0] for each in history if each[1] in hiding} - {""}
        return visible, sorted(hidden)
