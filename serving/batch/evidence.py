"""What speaks for the items of a batch: their own data, and a model's explanations."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from serving.batch.tables import stream_table
from tfrec.client import calls
from tfrec.client.histories import History
from tfrec.client.reasons import evidence
from tfrec.data.about import about
from tfrec.data.clean import clean
from tfrec.data.readers import events_table
from tfrec.data.schema import ITEMS, Events, with_usual_value
from tfrec.reasons.evidence import Evidence

if TYPE_CHECKING:  # it imports TensorFlow
    from tfrec.export.loaded import LoadedModel

_FIELDS = ["item_id", "event", "value", "timestamp", "text"]  # as of `History`


class ItemEvidence:
    """What items are, by their own data.

    Args:
        path: table of items: file or folder.

    Raises:
        DataError: the file is missing, or rows are bad.
    """

    def __init__(self, path: pathlib.Path):
        self._items: dict[str, Evidence] = {}
        for frame in stream_table(path, ITEMS, {}):
            for row in frame.to_dict("records"):
                self._items[row["item_id"]] = Evidence(
                    item_id=row["item_id"],
                    title=row.get("title", ""),
                    about=about(row.get("text", "")),
                    categories=tuple(filter(None, row.get("category", "").split("|"))),
                )

    def __call__(self, user_id: str, item_ids: Sequence[str]) -> list[Evidence]:
        """The evidence of each item of a list; an unknown one has its id alone."""
        return [self._items.get(each) or Evidence(item_id=each) for each in item_ids]

    @property
    def titles(self) -> Mapping[str, str]:
        """Item id to title."""
        return {item_id: item.title for item_id, item in self._items.items()}


class ExplainedEvidence:
    """What items are, and which events of a person carry them.

    Args:
        items: `ItemEvidence`.
        model: which explains.
        events: table of events: file or folder. All of a user's are the history.

    Raises:
        DataError: the file is missing, or rows are bad.
    """

    def __init__(self, items: ItemEvidence, model: "LoadedModel", events: pathlib.Path):
        self._items, self._titles, self._model = items, items.titles, model
        self._most = model.manifest.get("max_history_length", 0)
        frames = [*stream_table(events, events_table(events), {})]
        log = Events.of_parsed(with_usual_value(pd.concat(frames, ignore_index=True)))
        by_user = clean(log)[0].frame.groupby("user_id", sort=False)
        self._kinds = self._ask(calls.event_kinds())
        self._events = dict(iter(by_user))

    def __call__(self, user_id: str, item_ids: Sequence[str]) -> list[Evidence]:
        """The evidence of each item of a list, best first."""
        plain, history = self._items(user_id, item_ids), self._history(user_id)
        if not len(history):
            return plain
        shares = self._ask(calls.explain(item_ids, history))
        found = evidence(item_ids, history, shares, self._kinds, self._titles)
        return [
            dataclasses.replace(
                item,
                events=each.events,
                shared_categories=self._shared(item, each.named_event),
            )
            for item, each in zip(plain, found, strict=True)
        ]

    def _ask(self, call):
        return call.read(self._model.predict(call.signature_name, call.inputs))

    def _history(self, user_id):
        frame = self._events.get(user_id)
        if frame is None:
            return History.of(())
        rows = frame.iloc[-self._most :].to_dict("records")
        return History.of(
            [
                (
                    r["item_id"],
                    r["event"],
                    r["value"],
                    r["timestamp"],
                    r.get("text", ""),
                )
                for r in rows
            ]
        )

    def _shared(self, item, event):
        if event is None:
            return ()
        (other,) = self._items("", [event.item_id])
        return tuple(each for each in item.categories if each in other.categories)
