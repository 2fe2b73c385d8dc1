"""How far a servable is with the log of its model's items."""

import time

from tfrec.export.item_log import Reading

SHOWN = 3  # items and lines that words name


class Following:
    """Written by the one thread that follows, read by those who look.

    Attributes:
        num_made: changes made so far.
        num_passed_over: changes that could not be made, and lines that are no change.
    """

    def __init__(self):
        self.num_made = self.num_passed_over = 0
        self._refused: frozenset[str] = frozenset()  # ids, until a later change is made
        self._lines: tuple[str, ...] = ()  # of this log
        self._failure = ""
        self._behind_since: float | None = None

    @property
    def behind_s(self) -> float:
        """Seconds for which the log has held something that is not in yet, or 0."""
        since = self._behind_since
        return 0.0 if since is None else time.monotonic() - since

    @property
    def trouble(self) -> str:
        """Why items are not served as the log says, `""` if they are."""
        words = []
        if self._failure:
            words.append(f"The log of items cannot be read: {self._failure}.")
        if self._refused:
            shown = ", ".join(map(repr, sorted(self._refused)[:SHOWN]))
            count = len(self._refused)
            words.append(f"Items of the log that cannot be served: {count} ({shown}).")
        if self._lines:
            shown = "; ".join(self._lines[:SHOWN])
            count = len(self._lines)
            words.append(f"Skipped lines of the item log: {count} ({shown}).")
        return " ".join(words)

    def start(self) -> None:
        """The log holds something new."""
        if self._behind_since is None:
            self._behind_since = time.monotonic()

    def fail(self, words: str) -> bool:
        """The log cannot be read; True if it could be until now."""
        self.start()
        is_new, self._failure = not self._failure, words
        return is_new

    def finish(self, read: Reading, refused: list[str]) -> None:
        """What was read is in, but for the changes of some items."""
        if not read.start:  # of a log that was not read before
            self._refused, self._lines = frozenset(), ()
        self._lines += tuple(read.problems)
        made = {each.item_id for each in read.changes}.difference(refused)
        self._refused = self._refused.difference(made).union(refused)
        num_passed_over = len(refused) + len(read.problems)
        self.num_made += len(read.changes) - len(refused)
        self.num_passed_over += num_passed_over
        self._failure, self._behind_since = "", None
