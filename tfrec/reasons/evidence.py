"""What is known to speak for one item of one person's list, as data."""

import math
from dataclasses import dataclass
from typing import Literal

# Where a word comes from that an item shares with its person.
WordSource = Literal["query", "profile", "text", "item"]


@dataclass(frozen=True, kw_only=True)
class CarryingEvent:
    """An event of a history, and how much of an item's score comes from it.

    Attributes:
        item_id: what it was about, `""` for a text without an item.
        title: of that item, `""` if there is none.
        text: what was written, such as a search or a review, `""` if nothing was.
        event: its kind, `""` for the log's usual one.
        value: such as a rating, None where there is none.
        timestamp: UTC seconds.
        share: of all that the history adds to the item's score, in [0, 1].
        is_named: whether the sentence names it.
    """

    item_id: str
    title: str = ""
    text: str = ""
    event: str = ""
    value: float | None = None
    timestamp: int = 0
    share: float = 0.0
    is_named: bool = False

    @classmethod
    def of(
        cls, event: tuple, title: str, share: float, is_named: bool = False
    ) -> "CarryingEvent":
        """Of an event as `tfrec.client.histories.FIELDS`."""
        item_id, kind, value, timestamp, text = event
        return cls(
            item_id=item_id,
            title=title,
            text=text,
            event=kind,
            value=None if math.isnan(value) else float(value),
            timestamp=int(timestamp),
            share=float(share),
            is_named=is_named,
        )

    @property
    def name(self) -> str:
        """What people call what it was about: title, id or text."""
        return self.title or self.item_id or self.text


@dataclass(frozen=True, kw_only=True)
class SharedWord:
    """A word that is in an item and in what its person wrote or did.

    Attributes:
        word: as the item has it, without case.
        source: `"query"` (words of the request), `"profile"`, `"text"` (a text of the
            history) or `"item"` (the item of the named event).
    """

    word: str
    source: WordSource


@dataclass(frozen=True, kw_only=True)
class ListChange:
    """How an item stands beside the list that the person had before.

    Attributes:
        was: its place there, from 1; None if it was not there.
        event: of those that came since, the one that carries the item most, if it
            carries it at least a fifth as much as any; None if there is none.
    """

    was: int | None = None
    event: CarryingEvent | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that may truly be said of one item of one person's list.

    Attributes:
        item_id: the item.
        title: its title, `""` if there is none.
        about: the beginning of its text, `""` if there is none.
        categories: all that the item has.
        events: those that carry it, the largest share first; of a long history only
            those with at least a fifth of the largest share, at most five.
        words: that it shares with what the person wrote, and with the item of the
            named event, the rarest in the catalogue first.
        shared_categories: those that the item of the named event has, too.
        query: words of the request, `""` if there are none.
        is_found_by_query: whether it owes its place to these words.
        change: beside the list before; None if there was none, or nothing changed.
    """

    item_id: str
    title: str = ""
    about: str = ""
    categories: tuple[str, ...] = ()
    events: tuple[CarryingEvent, ...] = ()
    words: tuple[SharedWord, ...] = ()
    shared_categories: tuple[str, ...] = ()
    query: str = ""
    is_found_by_query: bool = False
    change: ListChange | None = None

    @property
    def name(self) -> str:
        """What people call the item: its title, or its id."""
        return self.title or self.item_id

    @property
    def named_event(self) -> CarryingEvent | None:
        """The event that the sentence names, None if none may be named."""
        return next((event for event in self.events if event.is_named), None)
