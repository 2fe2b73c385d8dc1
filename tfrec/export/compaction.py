"""A new version with the items that came since, without training again."""

import json
import math
import shutil
from typing import Any

import pandas as pd
import tensorflow as tf

from tfrec.data.about import about
from tfrec.errors import ArtefactError
from tfrec.export.artefact import load_libraries, read_artefact
from tfrec.export.fresh_items import FreshItems
from tfrec.export.manifest import folder_size
from tfrec.export.ops import check_ops
from tfrec.export.publishing import publishing
from tfrec.export.signature_alias import share_signature
from tfrec.export.signatures import signatures
from tfrec.export.verification import Check, prove
from tfrec.export.version_folders import version_folder
from tfrec.export.warmup import fill_defaults, read_warmup
from tfrec.graphs import running_once

# Columns that versions of before lack, and what is there for an item without it.
_ABSENT: dict[str, Any] = {
    **dict.fromkeys(("domain", "about", "keywords", "topic", "after"), ""),
    **dict.fromkeys(("available_from", "available_until", "num_events"), 0),
}
_BLANK = {"f": math.nan, "i": 0}  # of attributes by their type; "" of others
COPIED = ("tf_serving_warmup_requests", "items.parquet", "manifest.json")


class Compacted(tf.Module):
    """A loaded model whose signatures know some items more.

    Args:
        loaded: what `tf.saved_model.load` gave.
    """

    def __init__(self, loaded):
        super().__init__(name="tfrec")
        self.loaded = loaded
        self.live = dict(loaded.live)


def compact(folder, changes):
    """Writes the next version of a model: the newest one and changes to its items.

    Nothing is trained and no index built: the items stand beside the index and are
    scored one by one, in every server. It is proven in a fresh process like any
    export before it gets its name.

    Args:
        folder: the model's folder.
        changes: list of `Change`s since the newest version.

    Returns:
        The new version's folder, and ids of the items whose changes were passed over.

    Raises:
        ArtefactError: there is no model, it cannot be loaded or written, was saved
            without `live` functions, or the new version answers otherwise.
    """
    last = version_folder(folder)
    loaded = _load(last)
    fresh = FreshItems(loaded.live, last)
    refused = fresh.apply(changes)
    version = 1 + int(last.name)
    with publishing(last.parent, version) as aside:
        _save(aside, last, loaded, fresh)
    return last.parent / str(version), refused


def _load(folder):
    load_libraries(read_artefact(folder))
    loaded = tf.saved_model.load(str(folder))
    if not hasattr(loaded, "live"):
        raise ArtefactError(
            f"{folder} must have been saved with functions that take new items, as "
            "versions are since they exist. Train a new version instead."
        )
    return loaded


def _save(aside, last, loaded, fresh):
    module = Compacted(loaded)
    functions = signatures(module.live, fresh.tensors())
    options = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
    tf.saved_model.save(module, str(aside), functions, options)
    share_signature(aside, "serving_default", "recommend")
    extra = aside / "assets.extra"
    extra.mkdir()
    for name in COPIED:
        shutil.copy(last / "assets.extra" / name, extra)
    fresh.save(aside)
    _change_items(extra / "items.parquet", fresh)
    manifest = json.loads((extra / "manifest.json").read_text(encoding="utf-8"))
    ops = check_ops(aside, manifest["ops"]["required_libraries"])
    _change_manifest(extra / "manifest.json", aside, last, fresh, ops)
    requests = read_warmup(aside)
    filled = fill_defaults(aside, requests)
    with running_once():
        expected = [_answer(functions[name], inputs) for name, inputs in filled]
    may_miss = manifest.get("may_miss", False)
    libraries = ops["required_libraries"]
    prove([Check(aside, requests, expected, libraries, may_miss)])


def _answer(function, inputs):
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    return {name: value.numpy() for name, value in function(**tensors).items()}


def _change_items(path, fresh):
    """People's titles: those of the catalogue without what is gone, then the new."""
    frame = pd.read_parquet(path)
    absent = {n: each for n, each in _ABSENT.items() if n not in frame.columns}
    frame = frame.assign(**absent)  # versions of before have fewer columns
    kept = frame[~frame["item_id"].isin({*fresh.removed, *fresh.added})]
    blank = {name: _BLANK.get(of.kind, "") for name, of in frame.dtypes.items()}
    rows = [blank | _item_row(item) for item in fresh.added.values()]
    new = pd.DataFrame(rows, columns=frame.columns)
    both = pd.concat([kept, new.astype(kept.dtypes)], ignore_index=True)
    both.to_parquet(path, index=False)


def _item_row(item):
    """What people read of a new item, and its attributes."""
    given = ("item_id", "title", "category", *_ABSENT)
    row = {name: getattr(item, name) for name in given if hasattr(item, name)}
    return _ABSENT | item.features | row | {"about": about(item.text)}


def _change_manifest(path, aside, last, fresh, ops):
    manifest = json.loads(path.read_text(encoding="utf-8"))
    items = pd.read_parquet(aside / "assets.extra" / "items.parquet")
    created = pd.Timestamp.now("UTC").isoformat(timespec="seconds")
    manifest |= {
        "version": 1 + int(last.name),
        "compacted_from": int(last.name),
        "catalogue_created": manifest.get("catalogue_created", manifest["created"]),
        "created": created,
        "num_items": len(items),
        "has_prerequisites": bool((items["after"] != "").any()),
        "num_fresh_items": len(fresh.added),
        "ops": ops,
        "size_bytes": folder_size(aside),
    }
    path.write_text(json.dumps(manifest, indent=2, sort_keys=True), encoding="utf-8")
