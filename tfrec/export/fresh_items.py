"""The items that a saved model did not learn: kept, encoded, made into its tier."""

import dataclasses
import datetime
import json
import pathlib

import numpy as np
import pandas as pd
import tensorflow as tf

from tfrec.data.item_changes import Change
from tfrec.export.calls import Call
from tfrec.export.signatures import INPUTS, named_specs, takes_fresh

FRESH_FILE = "assets.extra/fresh.parquet"
BATCH = 64  # items that are encoded together


class FreshItems:
    """What was put in and taken out since a model was trained.

    Args:
        live: name -> concrete function, `live` of the loaded model.
        folder: version folder of the model, whose own fresh items it begins with.
    """

    def __init__(self, live, folder):
        self._live = live
        self._path = pathlib.Path(folder, FRESH_FILE)
        self._changes: dict[str, Change] = {}
        self._encoded: dict[str, tuple] = {}  # id -> vector, memory
        self._trained_at = trained_at(folder)
        if self._path.is_file():
            self._read()

    def __len__(self):
        return len(self._changes)

    @property
    def added(self):
        """The `Change`s of items that are there, by id."""
        return {k: each for k, each in self._changes.items() if not each.is_removed}

    @property
    def removed(self):
        """Ids of items that were taken out."""
        return [each.item_id for each in self._changes.values() if each.is_removed]

    def apply(self, changes):
        """Makes changes, the later over the earlier; the same again changes nothing.

        An item that the model has learnt since somebody put it in stays as learnt.

        Args:
            changes: list of `Change`s.
        """
        last = {each.item_id: each for each in changes}
        last = {i: each for i, each in last.items() if not self._is_learnt(each)}
        encoded = self._changes.keys() & self._encoded.keys()
        todo = [
            each
            for i, each in last.items()
            if not each.is_removed
            and not (i in encoded and self._changes[i].texts == each.texts)
        ]
        for start in range(0, len(todo), BATCH):
            self._encode(todo[start : start + BATCH])
        self._changes |= last

    def warm_up(self):
        """Encodes some text, so that the first item need not wait."""
        inputs = {n: tf.constant(["a"]) for n in INPUTS["embed_candidate"]}
        self._live["embed_items"](**inputs)

    def tensors(self):
        """The tier, as the functions of `live` take it."""
        added = self.added
        specs = named_specs(self._live["make_fresh"])
        vectors, memories = (
            np.array([self._encoded[i][part] for i in added], np.float32)
            for part in (0, 1)
        )
        columns = {
            "item_ids": list(added),
            "vectors": vectors,
            "memories": memories,
            "categories": [each.category for each in added.values()],
            "available_from": [each.available_from for each in added.values()],
            "available_until": [each.available_until for each in added.values()],
            "removed_item_ids": self.removed,
        }
        return self._live["make_fresh"](
            **{name: _shaped(columns[name], spec) for name, spec in specs.items()}
        )

    def functions(self):
        """Name of a signature -> function of its inputs that knows these items."""
        tier = self.tensors()
        made = {
            name: Call(self._live[name], **tier)
            for name in INPUTS
            if takes_fresh(self._live[name])
        }
        return made | {"serving_default": made["recommend"]}

    def save(self, folder):
        """Writes them into a version folder."""
        blank = (np.zeros(0, np.float32),) * 2
        encoded = [self._encoded.get(i, blank) for i in self._changes]
        frame = pd.DataFrame([dataclasses.asdict(e) for e in self._changes.values()])
        frame["vector"] = [vector for vector, _ in encoded]
        frame["memory"] = [memory for _, memory in encoded]
        frame.to_parquet(pathlib.Path(folder, FRESH_FILE), index=False)

    def _read(self):
        names = [field.name for field in dataclasses.fields(Change)]
        for row in pd.read_parquet(self._path).to_dict("records"):
            change = Change(**{name: row[name] for name in names})
            self._changes[change.item_id] = change
            if not change.is_removed:
                self._encoded[change.item_id] = (row["vector"], row["memory"])

    def _is_learnt(self, change):
        if change.is_removed or change.time >= self._trained_at:
            return False
        rows = self._live["rows_of"](item_ids=tf.constant([change.item_id]))["rows"]
        return rows.numpy()[0] >= 0

    def _encode(self, changes):
        columns = zip(*(each.texts for each in changes), strict=True)
        names = INPUTS["embed_candidate"]
        inputs = {n: tf.constant(c) for n, c in zip(names, columns, strict=True)}
        made = self._live["embed_items"](**inputs)
        arrays = (made["vectors"].numpy(), made["memories"].numpy())
        for change, *parts in zip(changes, *arrays, strict=True):
            self._encoded[change.item_id] = tuple(parts)


def trained_at(folder):
    """When the catalogue of a version was learnt: UTC seconds, by its manifest."""
    manifest = json.loads(
        pathlib.Path(folder, "assets.extra", "manifest.json").read_text(
            encoding="utf-8"
        )
    )
    written = manifest.get("catalogue_created", manifest["created"])
    return datetime.datetime.fromisoformat(written).timestamp()


def _shaped(values, spec):
    shape = [-1, *spec.shape[1:]]
    return tf.reshape(tf.constant(np.asarray(values, spec.dtype.as_numpy_dtype)), shape)
