"""Which events speak for the items of a list, of what a model has answered."""

from collections.abc import Mapping, Sequence

import numpy as np

from tfrec.client.answers import EventKind
from tfrec.client.histories import History
from tfrec.reasons.evidence import CarryingEvent, Evidence
from tfrec.reasons.naming import carrying, may_be_named, most_specific


def evidence(
    item_ids: Sequence[str],
    history: History,
    shares: np.ndarray,
    kinds: Sequence[EventKind],
    titles: Mapping[str, str],
) -> list[Evidence]:
    """The evidence of each item of a list: its title, and the events that carry it.

    Words that both share, and whether the words of the request found an item, are not
    known here; the gateway tells them.

    Args:
        item_ids: the list.
        history: what the model read.
        shares: `[items, events]`, as the signature `explain` gives them.
        kinds: of events, that the model learnt.
        titles: by item id.
    """
    named = [-1] * len(item_ids)
    if shares.size:
        shares = np.maximum(shares, 0)
        dislikes = {kind.name for kind in kinds if kind.is_dislike}
        names = history.events.tolist()
        is_dislike = np.array([name in dislikes for name in names], bool)
        may_be = may_be_named(names, history.values, is_dislike)
        named = most_specific(shares, may_be)

    def carried(place: int, at: int) -> CarryingEvent:
        event = history.row(at)
        is_named = at == named[place]
        title = titles.get(event[0], "")
        return CarryingEvent.of(event, title, shares[place, at], is_named)

    return [
        Evidence(
            item_id=item_id,
            title=titles.get(item_id, ""),
            events=tuple(
                carried(place, at) for at in carrying(shares[place], named[place])
            ),
        )
        for place, item_id in enumerate(item_ids)
    ]
