"""Which connections stay when there are too many of them."""

import enum
import time
from collections import Counter
from collections.abc import Callable, Collection


class Stage(enum.IntEnum):
    """How far a connection is: the lower, the sooner it has to go."""

    NEW = 0  # has asked nothing yet
    SENDING = 1  # has sent headers and not yet all of the body
    KNOWN = 2  # was answered, and may ask again
    ASKING = 3  # waits for its answer, and is left alone


class Visit:
    """One open connection.

    Args:
        peer: address of who opened it.
        close: closes it at once.

    Attributes:
        stage: set it with `enter`.
        since: `time.monotonic()` at which the stage began.
    """

    def __init__(self, peer: str, close: Callable[[], object]):
        self.peer = peer
        self.close = close
        self.enter(Stage.NEW)

    def enter(self, stage: Stage) -> None:
        """Goes over to a stage."""
        self.stage = stage
        self.since = time.monotonic()


class Visits:
    """The open connections of a port, never more than a number of them.

    Those that wait longest give way to those that come: first of the address over its
    share, then of the address with the most.

    Args:
        most: connections, three quarters of them from one address.

    Example:
        >>> visits, closed = Visits(2), []
        >>> for peer in "aab":
        ...     _ = visits.admit(Visit(peer, lambda peer=peer: closed.append(peer)))
        >>> closed, len(visits)
        (['a'], 2)
    """

    def __init__(self, most: int):
        self._most = most
        self._most_of_one = max(1, most * 3 // 4)
        self._visits: dict[Visit, None] = {}
        self._of_peer: Counter[str] = Counter()

    def __len__(self):
        return len(self._visits)

    def admit(self, visit: Visit) -> bool:
        """Lets a connection in, at another's cost if need be.

        Returns:
            False if it has to go itself, because all others wait for answers.
        """
        if self._of_peer[visit.peer] >= self._most_of_one:
            has_room = self._dismiss(self._those_of(visit.peer))
        else:
            has_room = len(self) < self._most or self.make_room()
        if has_room:
            self._visits[visit] = None
            self._of_peer[visit.peer] += 1
        return has_room

    def leave(self, visit: Visit) -> None:
        """Forgets a connection."""
        if visit in self._visits:
            del self._visits[visit]
            self._of_peer[visit.peer] -= 1
            if not self._of_peer[visit.peer]:
                del self._of_peer[visit.peer]

    def make_room(self) -> bool:
        """Closes a connection of the address with the most; False if none may go."""
        for peer, _ in self._of_peer.most_common():
            if self._dismiss(self._those_of(peer)):
                return True
        return False

    def close_all(self) -> None:
        """Closes every connection."""
        for visit in list(self._visits):
            visit.close()

    def _those_of(self, peer):
        return [visit for visit in self._visits if visit.peer == peer]

    def _dismiss(self, visits: Collection[Visit]):
        idle = [visit for visit in visits if visit.stage < Stage.ASKING]
        if not idle:
            return False
        first = min(idle, key=lambda visit: (visit.stage, visit.since))
        self.leave(first)
        first.close()
        return True
