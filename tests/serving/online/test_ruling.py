"""Tests of serving.gateway.ruling and serving.gateway.ruled_request without servers."""

import pandas as pd
import pytest

from serving.gateway.ruled_request import finder
from serving.gateway.ruling import Ruling, unknown_labels
from serving.gateway.titles import ItemTitles
from serving.rules.reading import read_rules
from serving.sentences.selection import Selection
from serving.user_states.memory import MemoryStates
from serving.user_states.store import StoreFullError
from tfrec.client.answers import Recommendation

SHOWN = "[impressions]\ndiscount = 1\nwindow_hours = 1\n"


@pytest.fixture
def catalogue(tmp_path):
    """Items 0 to 99; every tenth is a novel, every other one a book."""
    frame = pd.DataFrame({"item_id": [str(n) for n in range(100)]})
    frame["title"] = frame["item_id"]
    frame["category"] = ["novel|old" if n % 10 == 0 else "old" for n in range(100)]
    frame["domain"] = ["books" if n % 2 == 0 else "" for n in range(100)]
    frame.to_parquet(tmp_path / "items.parquet")
    return ItemTitles(tmp_path / "items.parquet")


class Asked:
    """A model that ranks by number, and keeps what it was asked."""

    def __init__(self):
        self.filters = []

    def __call__(self, filters):
        self.filters.append(filters)
        return [Recommendation(str(n), -n, 0.5) for n in range(filters["k"])]


def ids(found):
    return [each.item_id for each in found]


FILTERS = {"k": 3, "categories": [], "domain": []}


def test_labels_of_items(catalogue):
    assert catalogue.labels("20") == {"novel", "old", "domain:books"}
    assert catalogue.labels("7") == {"old"}
    assert catalogue.labels("no such item") == frozenset()
    assert catalogue.has_label("20", ["x", "domain:books"])
    assert not catalogue.has_label("7", ["x", "domain:books"])
    assert catalogue.all_labels() == {"novel", "old", "domain:books"}
    book = read_rules(
        '[[boost]]\nname = "x"\nvalue = 1\nlabels = ["old"]\ndomains = ["books", "b"]\n'
    )
    assert unknown_labels(book, catalogue) == "domain:b"


def test_labels_are_asked_of_the_model_where_it_has_no_other_filter(catalogue):
    ask = Asked()
    find = finder(ask, FILTERS, "", catalogue)
    assert ids(find(2)) == ["0", "1"]
    find(2, ["novel", "domain:books"])
    assert ask.filters[1]["categories"] == ["novel", "domain:books"]
    own = finder(ask, FILTERS | {"categories": ["old"]}, "", catalogue)
    assert ids(own(4, ["novel"])) == ["0", "10", "20", "30"]
    assert ask.filters[2] == {"k": 40, "categories": ["old"], "domain": []}


def test_a_quota_has_its_number_and_a_selection_its_order(catalogue):
    ask = Asked()
    of_domains = finder(ask, FILTERS, "books:2|films:1", catalogue)
    assert len(of_domains(50)) == 3
    assert [each["domain"] for each in ask.filters] == [["books"], ["films"]]
    backwards = Selection(sort_by=lambda item_id: -int(item_id), pool=9, num_allowed=9)
    assert ids(finder(ask, FILTERS, backwards, catalogue)(2)) == ["8", "7"]


class FullStates(MemoryStates):
    """No room for what lists showed."""

    def note_shown(self, user_id, item_ids, now):
        raise StoreFullError("The disk is full.")


def test_showings_are_kept_where_a_rule_counts_them(catalogue):
    for text, expected in ((SHOWN, [("a", 5)]), ("", [])):
        states, book = MemoryStates(), read_rules(text)
        ruling = Ruling(lambda book=book: book, None, catalogue, states)
        ruling.note_shown("ann", ["a"], 5)
        ruling.note_shown("", ["a"], 5)
        assert states.shown("ann") == expected
        assert states.shown("") == []


def test_a_store_without_room_keeps_no_list_away(catalogue, caplog):
    ruling = Ruling(lambda: read_rules(SHOWN), None, catalogue, FullStates())
    ruling.note_shown("ann", ["a"], 5)
    assert "What a list showed is not counted: The disk is full." in caplog.text
