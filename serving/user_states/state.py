"""What is known of one user: the latest events, in order of time."""

import bisect
import math
import secrets
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from serving.user_states.events import Event, key_of_id

MAX_EVENTS = 500  # the latest that are kept
MAX_OUTSIDE = 500  # keys remembered of events that are no longer kept
MAX_TEXTS = 16  # events with a text that are kept, more than models read
MAX_CHARACTERS = 2_000  # of a text, more than encoders read


class KeptEvent(NamedTuple):
    """One event of a state; `key` is `Event.key()`."""

    timestamp: int
    sequence: int
    item_id: str
    event: str
    value: float | None
    key: int
    text: str = ""


@dataclass(frozen=True, eq=False)
class Interest:
    """A user's online interest vector, as `tfrec.inference.interest_decay` moves it.

    Attributes:
        model_version: whose embedding it lies in.
        updates: events that have moved it.
        timestamp: UTC seconds of the moment that it stands for.
        vector: `[dim]` float32.
        long_term: `[dim]` float32, where it began and goes back to.
    """

    model_version: int
    updates: int
    timestamp: int
    vector: np.ndarray
    long_term: np.ndarray


@dataclass
class UserState:
    """The last 500 events of a user, each counted once, the last 16 texts among them.

    Events are ordered by timestamp, then sequence, then arrival, so a late one takes
    the place of its time. An event is known again by its key as long as it is among
    the 500 kept or the last 500 that fell out of them. One repeated later than that
    is older than all that is kept: it counts as new, and changes only `version`.

    Attributes:
        version: how many events have been applied or taken back; 0 for a user nobody
            knows.
        events: `KeptEvent`s, oldest first.
        outside: keys of events that fell out, latest last.
        incarnation: random; tells a user who was forgotten from the same id come
            back, whose versions begin anew. No part of equality, as `outside`.
        interest: `Interest`, or None until somebody asks for it. No part of equality,
            for it depends on when that was.
        pending: keys of events that have come since and have not moved it yet.

    Example:
        >>> state = UserState()
        >>> late = Event(user_id="ann", item_id="a", timestamp=10)
        >>> state.apply(Event(user_id="ann", item_id="b", timestamp=20))
        True
        >>> state.apply(late), state.apply(late), state.version
        (True, False, 2)
        >>> [event.item_id for event in state.events]
        ['a', 'b']
    """

    version: int = 0
    events: list[KeptEvent] = field(default_factory=list)
    outside: list[int] = field(default_factory=list, compare=False)
    incarnation: int = field(
        default_factory=lambda: secrets.randbits(64), compare=False
    )
    interest: Interest | None = field(default=None, compare=False)
    pending: list[int] = field(default_factory=list, compare=False)

    def __post_init__(self):
        self._known = {event.key for event in self.events} | set(self.outside)

    def apply(self, event: Event) -> bool:
        """Puts an event in its place; False if it was there before."""
        key = event.key()
        if key in self._known:
            return False
        fields = (event.timestamp, event.sequence, event.item_id, event.event)
        kept = KeptEvent(*fields, event.value, key, event.text[:MAX_CHARACTERS])
        bisect.insort_right(self.events, kept, key=_moment)
        self._known.add(key)
        self.version += 1
        if kept.text:  # a step cannot read it: the vector begins again
            self.interest, self.pending = None, []
            self._drop_old_texts()
        elif self.interest is not None:
            self.pending.append(key)
        if len(self.events) > MAX_EVENTS:
            self._set_aside(self.events.pop(0).key)
        return True

    def take_back(self, event_id: str) -> bool:
        """Undoes an event, which may come again; False if none of the 500 has the id.

        The interest vector goes with it, because no step can be taken back.
        """
        key = key_of_id(event_id)
        kept = [event for event in self.events if event.key != key]
        if len(kept) == len(self.events):
            return False
        self.events = kept
        self._known.discard(key)
        self.version += 1
        self.interest, self.pending = None, []
        return True

    def history(self) -> list[tuple[str, str, float, int, str]]:
        """As `tfrec.client.histories.FIELDS`, oldest first, as a client sends it."""
        values = (math.nan if e.value is None else e.value for e in self.events)
        return [
            (e.item_id, e.event, value, e.timestamp, e.text)
            for e, value in zip(self.events, values, strict=True)
        ]

    def pending_events(self) -> list[KeptEvent]:
        """Events that have not moved the interest vector yet, oldest first."""
        waiting = set(self.pending)
        return [event for event in self.events if event.key in waiting]

    def _drop_old_texts(self):
        """Of more than 16 events with a text, the oldest loses it, or goes."""
        places = [place for place, event in enumerate(self.events) if event.text]
        if len(places) <= MAX_TEXTS:
            return
        event = self.events[places[0]]
        if event.item_id:
            self.events[places[0]] = event._replace(text="")
        else:
            self._set_aside(self.events.pop(places[0]).key)

    def _set_aside(self, key):
        self.outside.append(key)
        if key in self.pending:  # too old to count by now
            self.pending.remove(key)
        if len(self.outside) > MAX_OUTSIDE:
            self._known.discard(self.outside.pop(0))


def _moment(event):
    return event.timestamp, event.sequence
