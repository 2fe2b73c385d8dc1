"""What a log is told: records, each of one thing that happened, as JSON."""

import json
import time
from collections.abc import Mapping
from typing import Any

from serving.user_states.events import Event

EVENTS = "events"
IMPRESSIONS = "impressions"
ERASURES = "erasures"  # of what other records say of a user


def record(table: str, fields: Mapping[str, Any]) -> bytes:
    """A record of a table, received now."""
    about = {"table": table, "received": int(time.time())}
    return json.dumps(about | dict(fields), ensure_ascii=False).encode()


def event_record(event: Event) -> bytes:
    """What the log gets of something that somebody did."""
    return record(EVENTS, event.model_dump())


def erasure_record(user_id: str, event_id: str = "") -> bytes:
    """The record that one event of a user was taken back, or all that is known."""
    return record(ERASURES, {"user_id": user_id, "event_id": event_id})
