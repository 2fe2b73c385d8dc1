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
    return tuple(_kind(part.strip()) for part in _parts(text))


def read_answers(text: str) -> dict[str, float | None]:
    """What answers are worth by kind; see `read_worths`.

    Example:
        >>> read_answers("up=1,usual")
        {'up': 1.0, '': None}
    """
    worths = read_worths("--satisfaction", text)
    return {_kind(name): worth for name, worth in worths.items()}


def read_worths(flag: str, text: str) -> dict[str, float | None]:
    """Numbers by name from `"a=0.5,b"`, None where no number is given.

    Args:
        flag: where the text comes from, for the message.
        text: names and numbers.

    Raises:
        ConfigError: a number is none, or a name comes twice.

    Example:
        >>> read_worths("--shares", "a=0.5,b")
        {'a': 0.5, 'b': None}
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
        worths[name] = worth
    return worths


def _kind(name: str) -> str:
    return "" if name == USUAL else name


def _parts(text: str) -> Iterable[str]:
    return (part for part in text.split(",") if part.strip())
