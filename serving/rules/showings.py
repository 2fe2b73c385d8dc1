"""How often items were shown without being chosen."""

from collections.abc import Iterable, Mapping


def times_shown(
    shown: Iterable[tuple[str, int]], since: float, chosen_at: Mapping[str, int]
) -> dict[str, int]:
    """Counts the showings of each item that a person did not choose.

    Args:
        shown: item ids and UTC seconds of showings.
        since: UTC seconds; showings of before do not count.
        chosen_at: item id -> UTC seconds of the person's last event with it.

    Example:
        >>> times_shown([("a", 10), ("b", 20), ("a", 30)], 5, {"b": 25})
        {'a': 2}
    """
    counts: dict[str, int] = {}
    for item_id, time in shown:
        if time >= since and time >= chosen_at.get(item_id, 0):
            counts[item_id] = counts.get(item_id, 0) + 1
    return counts
