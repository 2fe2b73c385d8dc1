"""Which events speak for items, asked of a model: in memory, on disk or served."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfrec.client import calls
from tfrec.client.histories import HistoryLike, read_history
from tfrec.reasons.evidence import CarryingEvent, Evidence
from tfrec.reasons.naming import carrying, may_be_named, most_specific


def evidence(
    ask: Callable[[calls.SignatureCall], Any],
    item_ids: Sequence[str],
    history: HistoryLike,
    titles: Mapping[str, str],
    texts: dict[str, Any],
) -> list[Evidence]:
    """The evidence of each item of a list: its title, and the events that carry it.

    Words that both share, and whether the words of the request found an item, are not
    known here; the gateway tells them.

    Args:
        ask: answers a call of a signature.
        item_ids: the list.
        history: as `read_history` takes it.
        titles: by item id.
        texts: `user_text`, `query_text` and `now`, of those that are given.
    """
    events, _ = read_history(history, texts.get("now", 0))
    if not len(events) or not item_ids:
        return [Evidence(item_id=each, title=titles.get(each, "")) for each in item_ids]
    shares = np.maximum(ask(calls.explain(item_ids, events, **texts)), 0)
    dislikes = {kind.name for kind in ask(calls.event_kinds()) if kind.is_dislike}
    kinds = events.events.tolist()
    is_dislike = np.array([kind in dislikes for kind in kinds])
    named = most_specific(shares, may_be_named(kinds, events.values, is_dislike))
    columns = (events.item_ids, kinds, events.values, events.timestamps, events.texts)
    rows = list(zip(*columns, strict=True))

    def carried(place: int, at: int) -> CarryingEvent:
        title = titles.get(rows[at][0], "")
        share, is_named = shares[place, at], at == named[place]
        return CarryingEvent.of(rows[at], title, share, is_named)

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
