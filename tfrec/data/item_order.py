"""Items that come after others: the order is checked before anybody relies on it."""

import graphlib
from collections.abc import Iterable, Mapping

from tfrec.errors import DataError

AFTER = "after"  # column: ids "a|b" of the items that must be met before
SHOWN = 3  # ids that words name


def split_ids(ids: str) -> list[str]:
    """The ids of `"a|b"`, none of `""`."""
    return [each for each in ids.split("|") if each]


def check_order(after: Mapping[str, Iterable[str]]) -> None:
    """Sees to it that no item comes after itself, at once or by way of others.

    Args:
        after: item id to the ids of its prerequisites.

    Raises:
        DataError: some do; it names those of one circle.
    """
    try:
        graphlib.TopologicalSorter(after).prepare()
    except graphlib.CycleError as error:
        circle = " after ".join(map(repr, reversed(error.args[1])))
        raise DataError(
            "`after` must not lead from an item back to itself, because none of these "
            f"items could ever be recommended. Received: {circle}."
        ) from None


def unknown_ids(
    after: Mapping[str, Iterable[str]], known: Iterable[str]
) -> dict[str, list[str]]:
    """Prerequisites that no catalogue has.

    Args:
        after: item id to the ids of its prerequisites.
        known: ids of all items.

    Returns:
        Unknown id to the items that come after it.
    """
    known, found = set(known), dict[str, list[str]]()
    for item_id, needed in after.items():
        for each in needed:
            if each not in known:
                found.setdefault(each, []).append(item_id)
    return found


def check_added(
    added: Mapping[str, Iterable[str]],
    order: Mapping[str, Iterable[str]],
    known: Iterable[str],
) -> str:
    """Sees to it that items which are put in keep the order of a catalogue.

    Args:
        added: item id to the ids of its prerequisites, of all that are put in.
        order: the same of the catalogue.
        known: ids of all items of the catalogue.

    Returns:
        What there is to say of unknown prerequisites, `""` if there are none.

    Raises:
        DataError: as `check_order`.
    """
    check_order({**order, **added})
    return words_of_unknown(unknown_ids(added, {*known, *added}))


def words_of_unknown(unknown: Mapping[str, list[str]]) -> str:
    """What `unknown_ids` found, in a sentence; `""` if that is nothing."""
    if not unknown:
        return ""
    waiting = list(dict.fromkeys(each for items in unknown.values() for each in items))
    return (
        f"{len(unknown)} ids in `after` are not in the catalogue "
        f"({_first(list(unknown))}). Nobody can meet them, so {len(waiting)} items are "
        f"not recommended to anybody ({_first(waiting)})."
    )


def _first(ids):
    more = ", ..." if len(ids) > SHOWN else ""
    return ", ".join(map(repr, ids[:SHOWN])) + more
