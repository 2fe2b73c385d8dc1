"""Changes of items that cannot be made, and those beside them."""

import json

import pytest

from tests.serving.live_toy import NOT_A_NUMBER, UNMAKEABLE, LiveToy
from tfrec.data.item_changes import ItemChange
from tfrec.export import fresh_items
from tfrec.export.fresh_items import FreshItems


@pytest.fixture(scope="module")
def live():
    return LiveToy().live


@pytest.fixture
def items(live, tmp_path):
    (tmp_path / "assets.extra").mkdir()
    manifest = {"created": "2026-01-01T00:00:00+00:00"}
    (tmp_path / "assets.extra" / "manifest.json").write_text(json.dumps(manifest))
    return FreshItems(live, tmp_path)


def put(item_id, title="a title"):
    return ItemChange(item_id=item_id, title=title)


def served(items):
    """Ids of the tier that came after the toy's six, in order."""
    return [each.decode() for each in items.tensors()["fresh_item_ids"].numpy()[6:]]


def test_a_change_that_cannot_be_made_keeps_no_other_away(items, caplog):
    """Wherever it stands among them; it is named once."""
    changes = [put(f"n{number}") for number in range(9)]
    changes[0] = put("first", UNMAKEABLE)
    changes[5] = put("sixth", NOT_A_NUMBER)
    assert items.apply(changes) == ["first", "sixth"]
    assert served(items) == [f"n{number}" for number in (1, 2, 3, 4, 6, 7, 8)]
    assert [
        ("'first'" in r.message, "'sixth'" in r.message) for r in caplog.records
    ] == [
        (True, False),
        (False, True),
    ]
    assert items.apply([put("later")]) == []
    assert served(items)[-1] == "later"


def test_an_item_stays_as_it_was_when_its_change_cannot_be_made(items):
    items.apply([put("n1")])
    before = items.tensors()["fresh_vectors"].numpy().tolist()
    assert items.apply([put("n1", UNMAKEABLE)]) == ["n1"]
    assert items.tensors()["fresh_vectors"].numpy().tolist() == before
    assert items.added["n1"] == put("n1")
    assert items.apply([put("n1", UNMAKEABLE), put("n1", "longer than it was")]) == []
    assert items.added["n1"].title == "longer than it was"


def test_a_change_that_fails_once_is_made(items, monkeypatch):
    """As when memory was short for a moment."""
    failures, make = [MemoryError("no room")], fresh_items._shaped

    def shaped(*arguments):
        if failures:
            raise failures.pop()
        return make(*arguments)

    monkeypatch.setattr(fresh_items, "_shaped", shaped)
    assert items.apply([put("n1")]) == []
    assert served(items) == ["n1"]


def test_a_model_that_knows_no_order_is_not_given_items_with_one(items, caplog):
    """It would recommend them to everybody."""
    later = ItemChange(item_id="later", title="a title", after="a")
    assert items.apply([put("n1"), later]) == ["later"]
    assert served(items) == ["n1"]
    assert "An item must have no `after`, because the model was saved" in caplog.text
