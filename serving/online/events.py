"""Events as they come in: checked one by one, with words for what is wrong."""

import datetime
import hashlib
import json
import math
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from serving.histories import MAX_FLOAT
from tfrec.errors import ServingError

MILLISECONDS = 1e11  # seconds beyond it lie after the year 5138
MAX_TEXT = 512  # characters of an id or of a kind of event
SHOWN = 3  # bad events that a message tells of


class EventError(ServingError, ValueError):
    """What came is no event."""


def _read_value(raw):
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ValueError("must be a number or absent")
    if not abs(raw) <= MAX_FLOAT:
        raise ValueError("must be a finite number of 32 bits")
    return float(raw)


# Of an event, and of one in a session: None for a typical one.
Value = Annotated[float | None, BeforeValidator(_read_value)]


class Event(BaseModel):
    """One thing that one user did.

    Fields that are not listed are ignored; null stands for an absent field.

    Attributes:
        user_id: who; whole numbers are taken as well, as in every table.
        item_id: with what.
        timestamp: UTC seconds; ISO 8601 strings are taken as well.
        event: kind, `""` for the log's usual one.
        value: rating, amount or the like; None for a typical one.
        sequence: order among events of one second.
        event_id: what tells this event from all others of the user; `""` if the
            item, the kind, the timestamp and the sequence do.

    Example:
        >>> event = Event(user_id=7, item_id="a", timestamp="1970-01-02")
        >>> event.user_id, event.timestamp
        ('7', 86400)
    """

    model_config = ConfigDict(frozen=True)

    user_id: str
    item_id: str
    timestamp: int = Field(json_schema_extra={"description": "UTC seconds"})
    event: str = ""
    value: Value = None
    sequence: int = 0
    event_id: str = ""

    @field_validator("user_id", "item_id", mode="before")
    @classmethod
    def _read_id(cls, raw):
        text = _read_text(raw)
        if not text.strip():
            raise ValueError("must not be empty")
        return text

    @field_validator("event", "event_id", mode="before")
    @classmethod
    def _read_optional_text(cls, raw):
        return "" if raw is None else _read_text(raw)

    @field_validator("timestamp", mode="before")
    @classmethod
    def _read_time(cls, raw):
        seconds = _read_seconds(raw)
        if abs(seconds) > MILLISECONDS:
            raise ValueError(
                "looks like milliseconds; divide it by 1000 to get seconds"
            )
        return seconds

    @field_validator("sequence", mode="before")
    @classmethod
    def _read_sequence(cls, raw):
        number = 0 if raw is None else _whole(raw)
        if number is None or abs(number) >= 2**63:
            raise ValueError("must be a whole number of 64 bits or absent")
        return number

    def key(self) -> int:
        """64 bits that are the same for the same event of the same user."""
        parts = ["by id", self.event_id]
        if not self.event_id:
            moment = (str(self.timestamp), str(self.sequence))
            parts = ["by content", self.item_id, self.event, *moment]
        text = "\0".join(parts).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def read_event(raw: Any) -> Event:
    """The event in a JSON text or in what JSON was parsed to.

    Args:
        raw: `bytes` or `str` of one JSON object, or a dict.

    Raises:
        EventError: what each wrong field must be.

    Example:
        >>> read_event({"user_id": "ann", "item_id": "a"})
        Traceback (most recent call last):
        serving.online.events.EventError: `timestamp` must be given.
    """
    if isinstance(raw, bytes | str):
        raw = _parse(raw)
    if not isinstance(raw, dict):
        raise EventError(f"An event must be a JSON object. Received: {_short(raw)}.")
    try:
        return Event.model_validate(raw)
    except ValidationError as error:
        words = (_words(each) for each in error.errors(include_url=False))
        raise EventError(" ".join(words)) from None


def read_events(raw: Any) -> list[Event]:
    """One event or a list of them, all right or none.

    Args:
        raw: parsed JSON.

    Raises:
        EventError: how many are wrong, and the first three with their places.
    """
    raw = raw if isinstance(raw, list) else [raw]
    events, problems = [], []
    for number, each in enumerate(raw, start=1):
        try:
            events.append(read_event(each))
        except EventError as error:
            problems.append(f"Event {number}: {error}")
    if problems:
        raise EventError(
            f"{len(problems)} of {len(raw)} events are wrong, and none was applied. "
            + " ".join(problems[:SHOWN])
        )
    return events


def _parse(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EventError(
            f"An event must be JSON in UTF-8: {error}. Received: {_short(text)}."
        ) from None


def _words(problem):
    name = problem["loc"][0]
    if problem["type"] == "missing":
        return f"`{name}` must be given."
    rule = problem["msg"].removeprefix("Value error, ")
    return f"`{name}` {rule}. Received: {_short(problem['input'])}."


def _short(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _read_text(raw):
    number = None if isinstance(raw, str) else _whole(raw)
    text = raw if number is None else str(number)
    if not isinstance(text, str):
        raise ValueError("must be a string")
    if len(text) > MAX_TEXT or "\0" in text:
        raise ValueError(
            f"must have at most {MAX_TEXT} characters and no NUL, because states "
            "are kept compact"
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be Unicode; it has half of a surrogate pair") from None
    return text


def _read_seconds(raw):
    number = _whole(raw)
    if number is not None:
        return number
    try:
        moment = datetime.datetime.fromisoformat(raw)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return math.floor(moment.timestamp())
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be whole UTC seconds or ISO 8601") from None


def _whole(raw):
    """The integer that `raw` is or spells, None for anything else."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    if isinstance(raw, str) and raw.removeprefix("-").isdecimal() and len(raw) < 20:
        return int(raw)
    return raw if isinstance(raw, int) else None
