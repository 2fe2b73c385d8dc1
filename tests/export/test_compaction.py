"""A new version with the items that came since, without training again."""

import json
import shutil
from types import SimpleNamespace

import pandas as pd
import pytest
import tensorflow as tf

from serving.examination import check_manifest, find_facts
from tests.serving.toy_artefact import write_toy
from tfrec.data.item_changes import ItemChange
from tfrec.errors import ArtefactError
from tfrec.export.artefact import read_artefact
from tfrec.export.compaction import _change_items, compact
from tfrec.export.loaded import load

WORDS = {"title": "Roses number 99", "text": "Thorns. Leaves."}
NEW = ItemChange(item_id="né 新", category="garden|novel", after="garden-00", **WORDS)
GONE = ItemChange(item_id="garden-01", is_removed=True)


def make_folder(version, folder):
    shutil.copytree(version, folder / "toy" / "1")
    return folder / "toy"


def recommend(model, k=100, **wishes):
    return model.recommend([["garden-00"]], k=k, **wishes)["item_id"].tolist()


def check(model, folder):
    """The signatures know what came and what went, and so do the papers."""
    assert recommend(model, categories=["novel"]) == [NEW.item_id]
    assert model.recommend([["garden-02"]], categories=["novel"]).empty
    assert GONE.item_id not in recommend(model)
    items = pd.read_parquet(folder / "assets.extra" / "items.parquet")
    assert set(items["item_id"]) == {*recommend(model), "garden-00"}
    expected = {"title": NEW.title, "about": "Thorns", "num_events": 0}
    assert items.iloc[-1][list(expected)].to_dict() == expected
    assert items["num_events"].iloc[0] > 0
    artefact = read_artefact(folder)
    assert check_manifest(artefact) == []
    assert artefact.manifest["num_items"] == len(items)
    assert artefact.manifest["has_prerequisites"]
    assert "1 beside its index" in find_facts(artefact)["new items"]


def test_the_table_of_items_of_an_older_version_gets_new_columns(tmp_path):
    path = tmp_path / "items.parquet"
    table = {"item_id": ["a", "b"], "title": ["A", "B"], "category": ["x", ""]}
    pd.DataFrame(table).to_parquet(path)
    _change_items(path, SimpleNamespace(added={NEW.item_id: NEW}, removed=["b"]))
    items = pd.read_parquet(path)
    assert items["item_id"].tolist() == ["a", NEW.item_id]
    assert items["about"].tolist() == ["", "Thorns"]
    assert items["num_events"].tolist() == [0, 0]
    assert items["available_from"].tolist() == items["available_until"].tolist()


def test_the_table_of_items_keeps_all_its_columns(tmp_path):
    path = tmp_path / "items.parquet"
    old = {"item_id": "a", "title": "A", "category": "x", "domain": "books"}
    old |= {"available_from": 0, "available_until": 9, "num_events": 5}
    old |= {"about": "", "keywords": "sea|ship", "topic": "ships", "after": ""}
    pd.DataFrame([old]).to_parquet(path)
    limits = {"available_from": 7, "available_until": 8}
    new = ItemChange(item_id="b", title="B", domain="films", after="a", **limits)
    _change_items(path, SimpleNamespace(added={"b": new}, removed=[]))
    items = pd.read_parquet(path)
    assert items.iloc[0].to_dict() == old
    assert items.iloc[1].to_dict() == {
        **{"item_id": "b", "title": "B", "category": "", "domain": "films"},
        **{"about": "", "keywords": "", "topic": "", "num_events": 0, **limits},
        "after": "a",
    }
    assert items.dtypes["available_until"] == "int64"


@pytest.mark.slow
@pytest.mark.parametrize("flavour", ["exact", "scann"])
def test_the_next_version_has_the_items(artefact_folders, tmp_path, flavour):
    """In any server: `compact` has had sessions without our code answer alike."""
    folder = make_folder(artefact_folders[flavour], tmp_path)
    before = load(folder)
    version, refused = compact(folder, [NEW, GONE])
    assert refused == []
    assert version == folder / "2"
    assert [path.name for path in sorted(folder.iterdir())] == ["1", "2"]
    model = load(folder)
    check(model, version)
    others = [i for i in recommend(before) if i != GONE.item_id]
    assert [i for i in recommend(model) if i != NEW.item_id] == others


@pytest.mark.slow
def test_versions_of_versions(artefact_folders, tmp_path):
    """What the first one put in is still there, is changed and is taken out."""
    folder = make_folder(artefact_folders["exact"], tmp_path)
    other = ItemChange(item_id="n2", category="novel")
    compact(folder, [ItemChange(item_id=NEW.item_id, category="old"), other, GONE])
    last, _ = compact(folder, [NEW, ItemChange(item_id="n2", is_removed=True)])
    assert last == folder / "3"
    check(load(folder), last)
    manifest = json.loads((last / "assets.extra" / "manifest.json").read_text())
    first = json.loads((folder / "1/assets.extra/manifest.json").read_text())
    assert manifest["catalogue_created"] == first["created"]
    assert manifest["compacted_from"] == 2


def test_models_that_take_no_items(tmp_path):
    write_toy(tmp_path / "toy")
    with pytest.raises(ArtefactError, match="Train a new version instead"):
        compact(tmp_path / "toy", [NEW])
    with pytest.raises(ArtefactError, match="must hold `saved_model.pb`"):
        compact(tmp_path / "nothing", [NEW])


def test_what_cannot_be_written_leaves_no_trace(
    artefact_folders, tmp_path, monkeypatch
):
    folder = make_folder(artefact_folders["exact"], tmp_path)

    def fail(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "disk full")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(ArtefactError, match="disk full.*earlier versions are intact"):
        compact(folder, [NEW])
    assert [path.name for path in folder.iterdir()] == ["1"]
