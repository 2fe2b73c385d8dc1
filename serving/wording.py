"""What is wrong with a request, in words: pydantic's findings in our form of errors."""

import difflib
import reprlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

SHOWN = 3  # problems that one message tells of
_Problem = Mapping[str, Any]
# Of pydantic's kinds of problems, all that our models and parameters can have; the
# braces take what pydantic gives beside.
_RULES = {
    "missing": "must be given",
    "string_type": "must be a string",
    "string_unicode": "must be Unicode",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of at most 64 bits",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "list_type": "must be a list",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
}
_OTHER = "is not what this route takes; /docs shows it"
_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = 80


class RequestBody(BaseModel):
    """A body that people send: fields with unknown names are wrong, not ignored."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, raw):
        if isinstance(raw, dict):
            check_names(raw, cls.model_fields)
        return raw


def check_names(given: Iterable[Any], known: Collection[str]) -> None:
    """Refuses names that nobody knows.

    Raises:
        ValueError: with the nearest known name, if one is near.

    Example:
        >>> check_names(["k", "categories"], ["k", "category"])
        Traceback (most recent call last):
        ValueError: has the unknown `categories`. Did you mean `category`?
    """
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f"Did you mean `{close[0]}`?" if close else "Leave it out."
            raise ValueError(f"has the unknown `{str(name)[:80]}`. {hint}")


def describe(problems: Sequence[_Problem], place: str = "The body") -> str:
    """What must be otherwise, of the first problems.

    Args:
        problems: as pydantic's `errors()` has them.
        place: what a problem without a field is a problem of.
    """
    return " ".join(_describe_one(each, place) for each in problems[:SHOWN])


def _describe_one(problem, place):
    name = ".".join(map(str, problem["loc"]))
    name = f"`{name}`" if name else place
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":  # the words are our own
        rule = str(context["error"])
    else:
        rule = _RULES.get(kind, _OTHER).format_map(context)
    if rule.endswith((".", "?")):
        return f"{name} {rule}"
    received = "" if kind == "missing" else f" Received: {brief(problem['input'])}."
    return f"{name} {rule}.{received}"


def brief(value: Any) -> str:
    """A value as Python writes it, its beginning if it is long.

    Example:
        >>> brief(["a"] * 1000)
        "['a', 'a', 'a', 'a', 'a', 'a', ...]"
    """
    return _brief.repr(value)
