"""What each user was shown last, to say what has changed since."""

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from serving.user_states.state import UserState

MAX_LISTS = 10_000  # users, each with one kind of question
Key: TypeAlias = tuple[str, Hashable]  # user id and question


@dataclass(frozen=True)
class ShownList:
    """A list, and the state that it was made of.

    Attributes:
        item_ids: best first.
        model_version: that made it.
        state_version: as of `UserState`, with `incarnation`.
        last_key: of the state's latest event, None if it had none.
    """

    item_ids: tuple[str, ...]
    model_version: int
    state_version: int
    incarnation: int
    last_key: int | None

    @classmethod
    def of(
        cls, item_ids: Sequence[str], model_version: int, state: UserState
    ) -> "ShownList":
        """The list that a state has led to."""
        last_key = state.events[-1].key if state.events else None
        versions = (model_version, state.version, state.incarnation)
        return cls(tuple(item_ids), *versions, last_key)


@dataclass(frozen=True)
class Before:
    """The list before, as a new one is told of it.

    Attributes:
        places: item id -> its place in that list, from 1.
        num_new: how many of the history's latest events have come since.
    """

    places: dict[str, int]
    num_new: int


class LastLists:
    """Remembers the last two lists of different states; safe for many threads.

    They are kept in this process alone: after a restart, or at another gateway, the
    first list has none before it.

    Args:
        most: how many users' lists are kept, the longest unused goes first.
    """

    def __init__(self, most: int = MAX_LISTS):
        self._most = most
        self._shown: OrderedDict[Key, tuple[ShownList, ShownList | None]]
        self._shown = OrderedDict()
        self._lock = threading.Lock()

    def before(self, key: Key, state: UserState, model_version: int) -> Before | None:
        """The last list of an earlier state, None if there is none to compare with.

        Args:
            key: user id and question.
            state: as it is now.
            model_version: that answers now; lists of others are not compared.
        """
        with self._lock:
            last, older = self._shown.get(key, (None, None))
        if last and _has_state(last, state):
            last = older
        if last is None or last.model_version != model_version:
            return None
        if last.state_version and last.incarnation != state.incarnation:
            return None
        places = {item_id: at for at, item_id in enumerate(last.item_ids, start=1)}
        return Before(places, _num_since(state, last.last_key))

    def note(self, key: Key, shown: ShownList, state: UserState) -> None:
        """Keeps a list; a second one of the same state takes the place of the first."""
        with self._lock:
            last, older = self._shown.get(key, (None, None))
            kept = older if last and _has_state(last, state) else last
            self._shown[key] = (shown, kept)
            self._shown.move_to_end(key)
            if len(self._shown) > self._most:
                self._shown.popitem(last=False)

    def forget(self, user_id: str) -> None:
        """Drops the lists of a user."""
        with self._lock:
            for key in [key for key in self._shown if key[0] == user_id]:
                del self._shown[key]


def _has_state(shown, state):
    has_version = shown.state_version == state.version
    return has_version and (not state.version or shown.incarnation == state.incarnation)


def _num_since(state, last_key):
    """Events after the one that was the latest; 0 if that has been taken back."""
    if last_key is None:
        return len(state.events)
    keys = [event.key for event in state.events]
    return len(keys) - 1 - keys.index(last_key) if last_key in keys else 0


def question_of(options) -> Hashable:
    """What must be alike for two lists of a user to be compared.

    Args:
        options: `ListOptions`.
    """
    return dataclasses.replace(options, explain=False, now=None, lang="en")
