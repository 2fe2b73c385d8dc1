"""Events as they come in: checked one by one, with words for what is wrong."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from serving.fields import (
    Id,
    ItemId,
    Kind,
    Seconds,
    Sequence,
    Text,
    Value,
    complete,
)
from serving.wording import SHOWN, brief, describe
from tfrec.errors import ServingError


class EventError(ServingError, ValueError):
    """What came is no event."""


class Event(BaseModel):
    """One thing that one user did.

    Fields that are not listed are ignored; null stands for an absent field.

    Attributes:
        user_id: who; whole numbers are taken as well, as in every table.
        item_id: with what; `""` for a text without an item, such as a search.
        timestamp: whole UTC seconds; fractions and ISO 8601 strings are taken as well.
        event: kind, `""` for the log's usual one.
        value: rating, amount or the like; None for a typical one.
        sequence: order among events of one second; where it is not given, the
            microseconds of the time.
        event_id: what tells this event from all others of the user; `""` if the
            item, the kind, the timestamp, the sequence and the text do.
        text: what the user wrote, such as a search or a review.
        recommendation_id: of the list that showed the item; `""` for none.

    Example:
        >>> event = Event(user_id=7, item_id="a", timestamp="1970-01-02")
        >>> event.user_id, event.timestamp
        ('7', 86400)
    """

    model_config = ConfigDict(frozen=True)

    user_id: Id
    text: Text = ""
    item_id: ItemId
    timestamp: Seconds = Field(json_schema_extra={"description": "UTC seconds"})
    event: Kind = ""
    value: Value = None
    sequence: Sequence = 0
    event_id: Kind = ""
    recommendation_id: Kind = ""

    @model_validator(mode="before")
    @classmethod
    def _read_moment(cls, raw):
        return complete(raw)

    def key(self) -> int:
        """64 bits that are the same for the same event of the same user."""
        if self.event_id:
            return key_of_id(self.event_id)
        parts = [self.item_id, self.event, str(self.timestamp), str(self.sequence)]
        return _key("by content", *parts, *([self.text] if self.text else []))


def key_of_id(event_id: str) -> int:
    """The key of a user's event that has this `event_id`."""
    return _key("by id", event_id)


def _key(*parts):
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
        serving.user_states.events.EventError: `timestamp` must be given.
    """
    if isinstance(raw, bytes | str):
        raw = _parse(raw)
    if not isinstance(raw, dict):
        raise EventError(f"An event must be a JSON object. Received: {brief(raw)}.")
    try:
        return Event.model_validate(raw)
    except ValidationError as error:
        raise EventError(describe(error.errors(include_url=False))) from None


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
            f"An event must be JSON in UTF-8: {error}. Received: {brief(text)}."
        ) from None
