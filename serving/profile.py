"""What is known of a user before any event."""

from collections.abc import Mapping
from typing import Any, NamedTuple

NO_FEATURES: Mapping[str, Any] = {}


class Profile(NamedTuple):
    """A text, and columns by name.

    Attributes:
        text: `""` for none.
        features: column -> value as the file has it, without missing ones.
    """

    text: str = ""
    features: Mapping[str, Any] = NO_FEATURES
