"""What a log is about: its topics and keywords, by the events of their items."""

from collections import defaultdict

import numpy as np

NUM_TOPICS = 10
NUM_KEYWORDS = 20


def words_of_log(items, interactions):
    """The topics and keywords that most events are about.

    Args:
        items: `Items`, in the order of `interactions.item_ids`.
        interactions: `Interactions`.

    Returns:
        Dict of `topics` and `keywords`, each a list of dicts with `name`, number of
        `items` and `share` of the events that are about it, the largest share first;
        empty where the items have no such words.
    """
    counts = np.bincount(interactions.item_rows, minlength=len(items))
    found: dict[str, list[dict]] = {}
    for kind, column, most in (
        ("topics", "topic", NUM_TOPICS),
        ("keywords", "keywords", NUM_KEYWORDS),
    ):
        if column in items.frame:
            cells = items.frame[column]
            names = (
                cells.str.split("|") if column == "keywords" else [[c] for c in cells]
            )
            rows = _rows(names, counts)[:most]
            found |= {kind: rows} if rows else {}
    return found


def _rows(names, counts):
    items: dict[str, int] = defaultdict(int)
    events: dict[str, int] = defaultdict(int)
    for own, count in zip(names, counts.tolist(), strict=True):
        for name in filter(None, own):
            items[name] += 1
            events[name] += count
    order = sorted(items, key=lambda name: (-events[name], name))
    total = max(1, int(counts.sum()))
    return [
        {"name": name, "items": items[name], "share": events[name] / total}
        for name in order
    ]
