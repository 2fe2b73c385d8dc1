"""The nearest of many names."""

from collections.abc import Iterable

from tfrec.errors import MissingPackageError
from tfrec.optional import import_optional

MIN_RATIO = 86  # percent; "jurasic park" has 96 with "jurassic park"


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name with the fewest edits, None if all need too many.

    Without RapidFuzz nothing is near, and names must be spelt right.

    Example:
        >>> closest("jurasic park", ["jurassic park", "park row"])
        'jurassic park'
    """
    try:
        package = import_optional(
            "rapidfuzz", "near names", "Install tfrec[sentences]."
        )
    except MissingPackageError:
        return None
    from_ratio = {"scorer": package.fuzz.ratio, "score_cutoff": MIN_RATIO}
    found = package.process.extractOne(name, names, **from_ratio)
    return found[0] if found else None
