"""The items that a saved model did not learn: kept, encoded, made into its tier."""

import dataclasses
import datetime
import json
import logging
import pathlib

import numpy as np
import tensorflow as tf

from tfrec.data.item_changes import ItemChange
from tfrec.errors import ArtefactError, DataError
from tfrec.export.calls import Call
from tfrec.export.signatures import (
    INPUTS,
    default_of,
    named_specs,
    saved_in,
    takes_fresh,
)

logger = logging.getLogger(__name__)

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
        self._changes: dict[str, ItemChange] = {}
        self._encoded: dict[str, tuple] = {}  # id -> vector, memory
        self._trained_at = trained_at(folder)
        if self._path.is_file():
            self._read()
        self._tier = self._make_tier(self._changes, self._encoded)

    def __len__(self):
        return len(self._changes)

    @property
    def added(self):
        """The `ItemChange`s of items that are there, by id."""
        return _added(self._changes)

    @property
    def removed(self):
        """Ids of items that were taken out."""
        return _removed(self._changes)

    def apply(self, changes):
        """Makes changes, the later over the earlier; the same again changes nothing.

        An item that the model has learnt since somebody put it in stays as learnt. A
        change that cannot be made is passed over with a line in the log of the program:
        it keeps none of the others away.

        Args:
            changes: list of `ItemChange`s.

        Returns:
            Ids of the items whose changes were passed over.
        """
        try:
            self._apply(changes)
        except Exception:  # whatever an encoder, the graph or the memory raises
            middle = len(changes) // 2
            if not middle:
                return self._apply_alone(changes)
            return self.apply(changes[:middle]) + self.apply(changes[middle:])
        return []

    def _apply_alone(self, changes):
        """Tries a change that failed once more: memory may have been short."""
        try:
            self._apply(changes)
        except Exception as error:
            item_ids = [each.item_id for each in changes]
            names = ", ".join(map(repr, item_ids))
            logger.error("The change of item %s is skipped: %s", names, error)
            return item_ids
        return []

    def _apply(self, changes):
        """Makes all the changes, or raises and leaves everything as it was."""
        last = {each.item_id: each for each in changes}
        last = {i: each for i, each in last.items() if not self._is_learnt(each)}
        encoded = self._changes.keys() & self._encoded.keys()
        todo = [
            each
            for i, each in last.items()
            if not each.is_removed
            and not (i in encoded and self._changes[i].texts == each.texts)
        ]
        known, vectors = {**self._changes, **last}, dict(self._encoded)
        for start in range(0, len(todo), BATCH):
            vectors |= self._encode(todo[start : start + BATCH])
        self._tier = self._make_tier(known, vectors)
        self._changes, self._encoded = known, vectors

    def warm_up(self):
        """Encodes some text, so that the first item need not wait."""
        specs = named_specs(self._live["embed_items"])
        given = dict.fromkeys(INPUTS["embed_candidate"], ["a"])
        inputs = {n: given.get(n, default_of(spec)) for n, spec in specs.items()}
        self._live["embed_items"](
            **{n: tf.constant(inputs[n], spec.dtype) for n, spec in specs.items()}
        )

    def tensors(self):
        """The tier, as the functions of `live` take it."""
        return self._tier

    def functions(self):
        """Name of a signature -> function of its inputs that knows these items."""
        made = {
            name: Call(self._live[name], **self._tier)
            for name in saved_in(self._live)
            if takes_fresh(self._live[name])
        }
        return made | {"serving_default": made["recommend"]}

    def save(self, folder):
        """Writes them into a version folder."""
        import pandas as pd  # 50 MB, which servers seldom need

        blank = (np.zeros(0, np.float32),) * 2
        encoded = [self._encoded.get(i, blank) for i in self._changes]
        frame = pd.DataFrame([dataclasses.asdict(e) for e in self._changes.values()])
        frame["vector"] = [vector for vector, _ in encoded]
        frame["memory"] = [memory for _, memory in encoded]
        frame.to_parquet(pathlib.Path(folder, FRESH_FILE), index=False)

    def _read(self):
        import pandas as pd

        names = [field.name for field in dataclasses.fields(ItemChange)]
        for row in pd.read_parquet(self._path).to_dict("records"):
            try:
                change = ItemChange(**{n: row[n] for n in names if n in row})
            except DataError as error:  # rules were fewer when it was written
                logger.warning("%s: an item is skipped: %s", self._path, error)
                continue
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
        if not all(np.isfinite(array).all() for array in arrays):
            raise ArtefactError(
                "A vector that the model makes of a text is not finite."
            )
        vectors = zip(*arrays, strict=True)
        return dict(zip((each.item_id for each in changes), vectors, strict=True))

    def _make_tier(self, changes, encoded):
        added = _added(changes)
        specs = named_specs(self._live["make_fresh"])
        vectors, memories = (
            np.array([encoded[i][part] for i in added], np.float32) for part in (0, 1)
        )
        columns = {
            "item_ids": list(added),
            "vectors": vectors,
            "memories": memories,
            "text_keys": [each.text_key for each in added.values()],
            "categories": [each.labels for each in added.values()],
            "available_from": [each.available_from for each in added.values()],
            "available_until": [each.available_until for each in added.values()],
            "removed_item_ids": _removed(changes),
        }
        return self._live["make_fresh"](
            **{name: _shaped(columns[name], spec) for name, spec in specs.items()}
        )


def trained_at(folder):
    """When the catalogue of a version was learnt: UTC seconds, by its manifest."""
    manifest = json.loads(
        pathlib.Path(folder, "assets.extra", "manifest.json").read_text(
            encoding="utf-8"
        )
    )
    written = manifest.get("catalogue_created", manifest["created"])
    return datetime.datetime.fromisoformat(written).timestamp()


def _added(changes):
    return {k: each for k, each in changes.items() if not each.is_removed}


def _removed(changes):
    return [each.item_id for each in changes.values() if each.is_removed]


def _shaped(values, spec):
    shape = [-1, *spec.shape[1:]]
    return tf.reshape(tf.constant(np.asarray(values, spec.dtype.as_numpy_dtype)), shape)
