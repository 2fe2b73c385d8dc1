"""Which kinds of events are clicks, conversions, values and satisfaction."""

import dataclasses
from collections.abc import Iterable, Mapping

from tfrec.errors import ConfigError
from tfrec.values import read_number

USUAL = "usual"  # how a list of kinds names the kind ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CountedKinds:
    """What the metrics of an experiment count."""

    clicks: tuple[str, ...] = ("", "click")
    conversions: tuple[str, ...] = ("purchase",)
    values: tuple[str, ...] = ("purchase",)  # whose values are summed per person
    # Kind -> what one event is worth; None for the event's own value.
    satisfaction: Mapping[str, float | None] = dataclasses.field(default_factory=dict)

    def names(self) -> set[str]:
        """All kinds that are counted anywhere."""
        return {*self.clicks, *self.conversions, *self.values, *self.satisfaction}


def read_kinds(text: str) -> tuple[str, ...]:
    """Kinds from `"click,usual"`, where `usual` is the kind that has no name.

    Example:
        >>> read_kinds("click, usual")
        ('click', '')
    """
    names = [part.strip() for part in text.split(",")]
    return tuple("" if name == USUAL else name for name in names if name)


def read_worths(flag: str, text: str) -> dict[str, float | None]:
    """Numbers by name from `"up=1,down=0,survey"`, None where no number is given.

    Args:
        flag: where the text comes from, for the message.
        text: names and numbers.

    Raises:
        ConfigError: a number is none, or a name comes twice.

    Example:
        >>> read_worths("--satisfaction", "up=1,down=0,survey")
        {'up': 1.0, 'down': 0.0, 'survey': None}
    """
    worths: dict[str, float | None] = {}
    for part in _parts(text):
        name, sign, number = (each.strip() for each in part.partition("="))
        try:
            worth = read_number(number) if sign else None
        except ValueError:
            worth = float("nan")
        if not name or name in worths or worth != worth:
            raise ConfigError(
                f"`{flag}` must be NAME or NAME=NUMBER, each name once and with commas "
                f"between them. Received: {text!r}."
            )
        worths["" if name == USUAL else name] = worth
    return worths


def _parts(text: str) -> Iterable[str]:
    return (part for part in text.split(",") if part.strip())
