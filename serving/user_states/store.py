"""The contract of every store of user states."""

import abc
import functools
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from serving.user_states.counts import HalfLife, Levels, tally
from serving.user_states.events import Event
from serving.user_states.log_records import erasure_record, event_record
from serving.user_states.outbox import Outbox
from serving.user_states.state import Interest, UserState
from serving.user_states.state_codec import decode_state, encode_state
from tfrec.errors import ServingError

MAX_SHOWN = 1000  # items that one user was shown, the last ones
Read = Callable[[Sequence[str]], Sequence[bytes | None]]


class StoreError(ServingError):
    """The store cannot answer, and nothing of what was asked for was done."""


class StoreFullError(StoreError):
    """The store has no room left."""


class NoSuchEventError(ServingError, LookupError):
    """An event that is to be taken back is not among those that are kept."""


@dataclass(frozen=True)
class Appended:
    """What became of some events.

    Attributes:
        accepted: how many were new.
        duplicates: how many had been applied before.
        versions: state version per user after it.
    """

    accepted: int
    duplicates: int
    versions: dict[str, int]


class UserStates(abc.ABC):
    """States of users that outlive the process; safe for many threads.

    Every call raises `StoreError` if the store cannot answer.

    Attributes:
        outbox: records that wait for a log.
        keeps_log: whether events, and what is taken back or forgotten, have a record
            there. Somebody must write a log then.
    """

    outbox: Outbox
    keeps_log: bool = False

    @abc.abstractmethod
    def get(self, user_id: str) -> UserState:
        """The state of a user, that of an unknown one if there is none."""

    def append(self, events: Sequence[Event]) -> Appended:
        """Applies events, each once, all or none, and counts them for their items.

        When it returns they are as durable as the store can make them, and any
        `get` sees them. Other writers may append at the same time.

        Raises:
            StoreFullError: there is no room; nothing was applied.
        """
        make = functools.partial(change, events, keeps_log=self.keeps_log)
        return self._change(make).appended

    def keep_interest(self, user_id: str, seen: UserState, interest: Interest) -> None:
        """Keeps a vector that all events of a state have moved.

        Does nothing if the user has another state by now: whoever reads that one
        moves its vector again.

        Args:
            user_id: whose.
            seen: the state that the vector was made from.
            interest: `Interest`.
        """
        self._change(functools.partial(_replace_interest, user_id, seen, interest))

    def remove(self, user_id: str, event_id: str) -> int:
        """Takes back one event, as durably as `append`; it may come again.

        Counts keep it, as they keep what forgotten users did: they fade by themselves.

        Returns:
            The version of the state after it.

        Raises:
            NoSuchEventError: no event of the user that is kept has the id.
        """
        records = self._erasures(user_id, event_id)
        make = functools.partial(_take_back, user_id, event_id, records)
        removed = self._change(make)
        return removed.appended.versions[user_id]

    @abc.abstractmethod
    def _change(self, make: "Callable[[Read], Change]") -> "Change":
        """Stores what `make` makes of the bytes that are there, all or nothing.

        Nobody else changes them in between; `make` may be called again.
        """

    @abc.abstractmethod
    def forget(self, user_id: str) -> bool:
        """Removes all that is known of a user; whether there was anything."""

    def _erasures(self, user_id, event_id=""):
        return [erasure_record(user_id, event_id)] if self.keeps_log else []

    @abc.abstractmethod
    def note_shown(self, user_id: str, item_ids: Sequence[str], now: int) -> None:
        """Keeps which items a list showed somebody, the last `MAX_SHOWN` of them.

        Args:
            user_id: who.
            item_ids: of the list.
            now: UTC seconds.
        """

    @abc.abstractmethod
    def shown(self, user_id: str) -> list[tuple[str, int]]:
        """Item ids and UTC seconds of what is kept by `note_shown`, oldest first."""

    @abc.abstractmethod
    def counted_kinds(self) -> list[str]:
        """Kinds of events that were counted."""

    @abc.abstractmethod
    def most_counted(
        self, kinds: Collection[str], half_life: HalfLife, limit: int
    ) -> set[str]:
        """Ids of the items with the largest counts.

        Args:
            kinds: of events.
            half_life: by which counts are compared.
            limit: how many items at most, of each kind.
        """

    @abc.abstractmethod
    def levels(
        self, kinds: Collection[str], item_ids: Collection[str]
    ) -> dict[str, Levels]:
        """How often some items were had, events of some kinds together.

        `ALL_ITEMS` among the ids stands for all of them.

        Returns:
            Item id -> `Levels`, without the items that have no such event.
        """

    @abc.abstractmethod
    def check(self) -> None:
        """Does nothing if the store answers."""

    @abc.abstractmethod
    def close(self) -> None:
        """Ends the connection."""


@dataclass(frozen=True)
class Change:
    """What some events make of the states as they are read.

    Attributes:
        before: bytes of each changed user's state, None for an unknown user.
        after: bytes of each changed user's state.
        appended: `Appended`.
        counted: what is added to counts, by kind and item id.
        records: for the outbox.
    """

    before: dict[str, bytes | None]
    after: dict[str, bytes]
    appended: Appended
    counted: dict[tuple[str, str], Levels] = field(default_factory=dict)
    records: Sequence[bytes] = ()


def change(events: Sequence[Event], read: Read, keeps_log: bool = False) -> Change:
    """Applies events to states in memory.

    Args:
        events: of any users.
        read: gives the stored bytes of each of some users.
        keeps_log: whether those that are new have records.
    """
    by_user = defaultdict(list)
    for event in events:
        by_user[event.user_id].append(event)
    stored = dict(zip(by_user, read(list(by_user)), strict=True))
    new: list[Event] = []
    versions, after = {}, {}
    for user_id, own in by_user.items():
        state = decode_state(stored[user_id])
        before = state.version
        new += filter(state.apply, own)
        versions[user_id] = state.version
        if state.version != before:
            after[user_id] = encode_state(state)
    appended = Appended(len(new), len(events) - len(new), versions)
    before_all = {user_id: stored[user_id] for user_id in after}
    records = [event_record(event) for event in new] if keeps_log else []
    return Change(before_all, after, appended, tally(new, time.time()), records)


def _take_back(user_id, event_id, records, read):
    (stored,) = read([user_id])
    state = decode_state(stored)
    if not state.take_back(event_id):
        raise NoSuchEventError(
            "`event_id` must be that of an event that is kept of this user, because "
            f"only such an event can be taken back. Received: {event_id!r}."
        )
    appended = Appended(0, 0, {user_id: state.version})
    after = {user_id: encode_state(state)}
    return Change({user_id: stored}, after, appended, records=records)


def _replace_interest(user_id, seen, interest, read):
    (stored,) = read([user_id])
    state = decode_state(stored)
    if (state.incarnation, state.version) != (seen.incarnation, seen.version):
        return _NOTHING
    state.interest, state.pending = interest, []
    after = {user_id: encode_state(state)}
    return Change({user_id: stored}, after, _NOTHING.appended)


_NOTHING = Change({}, {}, Appended(0, 0, {}))
