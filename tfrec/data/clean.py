"""Cleaning: duplicates go, and what is left stands in the order it happened."""

from dataclasses import dataclass

import numpy as np

from tfrec.data.schema import Events


@dataclass(frozen=True)
class CleaningReport:
    """What cleaning did.

    Attributes:
        num_read: events before.
        num_duplicates: events that were removed.
        num_kept: events after.
    """

    num_read: int
    num_duplicates: int
    num_kept: int


def clean(events):
    """Removes duplicates and sorts by (timestamp, sequence, place in the log).

    Two events are the same if they have the same `event_id` or, where neither has
    one, the same user, item, event and timestamp, and text where there is no item. The
    first one stays.

    Args:
        events: `Events`.

    Returns:
        `(Events, CleaningReport)`.
    """
    frame = events.frame
    keys = frame[["user_id", "item_id", "event", "timestamp"]]
    if "text" in frame:
        keys = keys.assign(text=frame["text"].where(frame["item_id"] == "", ""))
    is_duplicate = keys.duplicated()
    if "event_id" in frame:
        has_id = frame["event_id"] != ""
        is_duplicate = (frame.duplicated("event_id") & has_id) | (
            keys[~has_id].duplicated().reindex(frame.index, fill_value=False)
        )
    kept = frame[~is_duplicate]
    order = np.lexsort((kept["sequence"], kept["timestamp"]))  # stable
    report = CleaningReport(len(frame), int(is_duplicate.sum()), len(kept))
    return Events.of_parsed(kept.iloc[order]), report
