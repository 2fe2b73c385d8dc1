"""Columns of a log beyond those that every log has: what they are, and their use."""

import dataclasses
import keyword
from dataclasses import dataclass
from typing import Any, Literal, get_args

from tfrec.errors import ConfigError
from tfrec.toml import known_name

Kind = Literal["number", "category", "categories", "time", "vector", "text"]
Use = Literal["towers", "words", "filter"]
Side = Literal["items", "users", "context"]
KINDS: tuple[Kind, ...] = get_args(Kind)
USES: tuple[Use, ...] = get_args(Use)
SIDES: tuple[Side, ...] = get_args(Side)
SIDE_OF: dict[str, Side] = {"events": "context", "items": "items", "users": "users"}
PREFIXES: dict[Side, str] = {"items": "item_", "users": "user_", "context": "context_"}
OF_ITEMS: dict[Kind, tuple[Use, ...]] = {  # what a kind may be used for
    "number": ("towers", "filter"),
    "category": ("towers", "filter", "words"),
    "categories": ("towers", "filter", "words"),
    "time": ("towers", "filter"),
    "vector": ("towers",),
    "text": ("words",),
}
TAKEN = {  # columns that have a meaning already
    "items": {"item_id", "title", "text", "category", "domain", "keywords", "topic"}
    | {"available_from", "available_until", "vector", "ids", "after"},
    "users": {"user_id", "text"},
    "context": {"user_id", "item_id", "timestamp", "event", "value", "sequence"}
    | {"event_id", "text"},
}


@dataclass(frozen=True)
class FeatureColumn:
    """A column that the configuration names.

    Attributes:
        side: table of the column; `"context"` stands for events and requests.
        name: of the column.
        kind: what its cells are.
        uses: `"towers"` learn from it; `"words"`, its words are part of the text of the
            item or of the profile; `"filter"`, requests may be narrowed by it.
        file: `.npy` file of the vectors, beside the tables; `""` for a column.
    """

    side: Side
    name: str
    kind: Kind
    uses: frozenset[Use]
    file: str = ""

    @property
    def input_name(self) -> str:
        """What a saved model calls it, such as `"user_age"`."""
        return PREFIXES[self.side] + self.name


def feature_columns(side: Side, values: dict[str, Any]) -> tuple[FeatureColumn, ...]:
    """The columns of one side, as the configuration names them.

    Args:
        side: of those in `SIDES`.
        values: column name -> kind, or -> `{"kind": …, "use": […], "file": …}`.

    Raises:
        ConfigError: a name is taken or no name, or a kind or use is unknown or does
            not go with the other.

    Example:
        >>> price, image = feature_columns(
        ...     "items", {"price": "number", "image": {"kind": "vector"}}
        ... )
        >>> price.input_name, sorted(price.uses), image.kind
        ('item_price', ['filter', 'towers'], 'vector')
    """
    return tuple(_column(side, name, value) for name, value in values.items())


def _column(side: Side, name: str, value: Any) -> FeatureColumn:
    key = f"features.{side}.{name}"
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise ConfigError(
            f"A name in `features.{side}` must have only letters, digits and _, "
            f"because inputs of the model are called by it. Received: {name!r}. Give "
            "it another name and map it with `data.columns`."
        )
    if name in TAKEN[side]:
        raise ConfigError(
            f"`features.{side}` must not name `{name}`, because that column has a "
            "meaning of its own and is read without it."
        )
    settings = value if isinstance(value, dict) else {"kind": value}
    for each in settings:
        known_name(f"{key}.{each}", ("kind", "use", "file"), "key", each)
    kind, file = settings.get("kind"), settings.get("file", "")
    if kind not in KINDS:
        raise ConfigError(
            f"`{key}` must be one of {_listed(KINDS)}. Received: {kind!r}."
        )
    if file and (kind != "vector" or not str(file).endswith(".npy")):
        raise ConfigError(
            f"`{key}.file` must be the name of an .npy file, for a vector. "
            f"Received: {file!r} for a {kind}."
        )
    if side == "context" and (kind == "text" or file):
        raise ConfigError(
            f"`{key}` must be another kind, because a text of an event is in its "
            f"column `text`, and vectors in a column. Received: {value!r}."
        )
    return FeatureColumn(side, name, kind, _uses(key, side, kind, settings), str(file))


def _uses(key: str, side: Side, kind: Kind, settings: dict[str, Any]) -> frozenset[Use]:
    possible = OF_ITEMS[kind]
    if side != "items":
        possible = tuple(each for each in possible if each != "filter")
    usual = tuple(each for each in possible if each != "words") or possible
    uses = settings.get("use", [*usual])
    if not isinstance(uses, list) or not uses or not {*uses} <= {*possible}:
        raise ConfigError(
            f"`{key}.use` must be a list of {_listed(possible)} for a {kind}. "
            f"Received: {uses!r}."
        )
    return frozenset(uses)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@dataclass(frozen=True, kw_only=True)
class FeaturesConfig:
    """Columns by their kinds: "number", "category", "categories", "time", "vector" or
    "text"; or tables such as { kind = "category", use = ["filter"] }.
    """

    items: dict = dataclasses.field(default_factory=dict)  # of the catalogue
    users: dict = dataclasses.field(default_factory=dict)  # of the people
    context: dict = dataclasses.field(default_factory=dict)  # of events, requests

    def __post_init__(self) -> None:
        for side in SIDES:
            self.columns(side)

    def columns(self, side: Side) -> tuple[FeatureColumn, ...]:
        """The columns of one side."""
        return feature_columns(side, getattr(self, side))

    def used_for(self, use: Use, side: Side) -> tuple[FeatureColumn, ...]:
        """Those of one use."""
        return tuple(each for each in self.columns(side) if use in each.uses)
