"""Fields of requests, read by the rules of `tfrec.values`."""

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from tfrec.values import (
    NO_TIME,
    Moment,
    read_given_id,
    read_id,
    read_number,
    read_text,
    read_time,
)

_WHOLE = re.compile(r"([+-]?[0-9]{1,19})(?:\.0+)?")


def read_seconds(raw: Any) -> int:
    """Whole UTC seconds of a time that must be given; raises as `read_time`."""
    moment = raw if isinstance(raw, Moment) else read_time(raw)
    if moment is None:
        raise ValueError(NO_TIME)
    return moment.seconds


def read_sequence(raw: Any) -> int:
    """A place among the events of one second, 0 where there is none.

    Raises:
        ValueError: it is no whole number of 64 bits.
    """
    if raw is None:
        return 0
    is_whole = isinstance(raw, float) and raw.is_integer()
    text = str(int(raw) if is_whole else raw)
    found = None if isinstance(raw, bool) else _WHOLE.fullmatch(text.strip())
    if not found or abs(int(found[1])) >= 2**63:
        raise ValueError("must be a whole number of 64 bits or absent")
    return int(found[1])


def complete(raw: Any) -> Any:
    """An event whose time is read, and whose fraction of a second orders it.

    Only where `sequence` is not given. A time that is wrong stays for its own field to
    refuse. The item that a text does without is `""`.
    """
    if not isinstance(raw, dict):
        return raw
    if raw.get("text") and raw.get("item_id") is None:
        raw = raw | {"item_id": ""}
    try:
        moment = read_time(raw.get("timestamp"))
    except ValueError:
        return raw
    if moment is None:
        return raw
    if raw.get("sequence") is None:
        raw = raw | {"sequence": moment.microseconds}
    return raw | {"timestamp": moment}


def _read_value(raw):
    number = read_number(raw)
    return None if math.isnan(number) else number


def _read_optional_seconds(raw):
    return None if raw in (None, "") else read_seconds(raw)


def _read_now(raw):
    seconds = _read_optional_seconds(raw)
    if seconds is not None and seconds < 1:
        raise ValueError("must be after the beginning of 1970")
    return seconds


def _needs_item(item_id: str, info: ValidationInfo) -> str:
    if not item_id and not info.data.get("text"):
        raise ValueError("must not be empty, except where there is a `text`")
    return item_id


Id = Annotated[str, BeforeValidator(read_given_id)]
Kind = Annotated[str, BeforeValidator(read_id)]  # or another text that may be absent
Text = Annotated[str, BeforeValidator(read_text)]
# Of an event whose `text`, a field before it, may stand without an item.
ItemId = Annotated[str, BeforeValidator(read_id), AfterValidator(_needs_item)]
Value = Annotated[float | None, BeforeValidator(_read_value)]
Seconds = Annotated[int, BeforeValidator(read_seconds)]
OptionalSeconds = Annotated[int | None, BeforeValidator(_read_optional_seconds)]
Now = Annotated[int | None, BeforeValidator(_read_now)]  # None for the clock
Sequence = Annotated[int, BeforeValidator(read_sequence)]
