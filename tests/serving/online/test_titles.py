"""Tests of serving.gateway.titles, and of the route that searches it."""

import pandas as pd
import pytest

from serving.gateway.titles import ItemTitles
from serving.user_states.memory import MemoryStates
from tests.serving.online.gateway_process import gateway_thread
from tfrec.errors import DataError

TITLES = {
    "1": "Star Wars",
    "2": "The War Room",
    "3": "War",
    "4": "Wargames and Their Players",
    "5": "Été (meurtrier)",
    "6": "Towards",
    "7": "",
}


@pytest.fixture
def path(tmp_path):
    table = {"item_id": list(TITLES), "title": list(TITLES.values())}
    table["category"] = ["Sci-Fi|War", "War", "", "", "", "", ""]
    pd.DataFrame(table).to_parquet(tmp_path / "items.parquet")
    return tmp_path / "items.parquet"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # the beginning, of these the shorter; a word's beginning; anywhere
        ("war", ["3", "4", "1", "2", "6"]),
        ("WARS star", ["1"]),
        ("ete", ["5"]),
        ("  Été (", ["5"]),
        ("7", ["7"]),  # an item without a title is called by its id
        ("nothing", []),
        (" ", []),
    ],
)
def test_search(path, query, expected):
    assert ItemTitles(path).search(query, limit=10) == expected


def test_limit_keeps_the_best(path):
    assert ItemTitles(path).search("war", limit=2) == ["3", "4"]


def test_among_equals_the_popular_comes_first(tmp_path):
    """The classes stay: what begins with the query, what has it, and within a word."""
    titles = ["Starlight", "Star Kid", "Star Wars", "Lone Star", "Mustard", "Stargate"]
    table = {"item_id": list("abcdef"), "title": titles}
    table["num_events"] = [3, 3, 500, 900, 999, 100]
    pd.DataFrame(table).to_parquet(tmp_path / "items.parquet")
    catalogue = ItemTitles(tmp_path / "items.parquet")
    assert catalogue.search("star", limit=9) == ["c", "f", "b", "a", "d", "e"]
    catalogue.put("g", "Star", "")  # nobody has had it yet
    assert catalogue.search("star", limit=4) == ["c", "f", "b", "a"]


def test_words_about_an_item(path, tmp_path):
    table = {"item_id": ["1"], "title": ["Star Wars"], "about": ["1977"]}
    pd.DataFrame(table).to_parquet(tmp_path / "new.parquet")
    catalogue = ItemTitles(tmp_path / "new.parquet")
    expected = {"title": "Star Wars", "categories": [], "about": "1977"}
    assert catalogue.words("1") == expected | {"domain": ""}
    catalogue.put("1", "Solaris", "Drama", "1972", "films")
    expected = {"title": "Solaris", "categories": ["Drama"], "about": "1972"}
    assert catalogue.words("1") == expected | {"domain": "films"}
    assert catalogue.search("solaris", 1, ["films"]) == ["1"]
    assert catalogue.search("solaris", 1, ["books"]) == []
    assert ItemTitles(path).words("1")["about"] == ""


def test_the_order_of_items(tmp_path):
    """Of the table, and as it is after changes."""
    table = {"item_id": ["a", "b", "c"], "title": "", "after": ["", "a", "a|b"]}
    pd.DataFrame(table).to_parquet(tmp_path / "items.parquet")
    catalogue = ItemTitles(tmp_path / "items.parquet")
    assert catalogue.order == {"b": ["a"], "c": ["a", "b"]}
    assert catalogue.is_open("a", ())
    assert catalogue.is_open("c", {"a", "b"})
    assert not catalogue.is_open("c", {"a"})
    for item_id in ("b", "c"):
        assert catalogue.has_order
        catalogue.put(item_id, "", "")
    assert not catalogue.has_order
    catalogue.put("d", "", "", after="a")
    assert catalogue.order == {"d": ["a"]}
    catalogue.remove("d")
    assert catalogue.order == {}
    assert catalogue.ids() == {"a", "b", "c"}


def test_categories(path):
    catalogue = ItemTitles(path)
    assert catalogue.all_categories() == ["Sci-Fi", "War"]
    assert catalogue.categories("1") == ["Sci-Fi", "War"]
    assert catalogue.categories("3") == catalogue.categories("unknown") == []
    assert catalogue.is_in("3", [])
    assert not catalogue.is_in("3", ["War"])


def test_the_route(path, target):
    with gateway_thread(MemoryStates(), target, path) as ask:
        status, found = ask("GET", "/v1/items?query=star&limit=1")
        assert ask("GET", "/v1/items?query=a&limit=0")[0] == 422
        assert "`query`" in ask("GET", "/v1/items")[1]["detail"]
    star = {"item_id": "1", "title": "Star Wars", "categories": ["Sci-Fi", "War"]}
    star |= {"domain": "", "about": ""}
    assert (status, found) == (200, {"items": [star]})


def test_another_file_keeps_what_was_put_in_and_taken_out(path, tmp_path):
    catalogue = ItemTitles(path)
    catalogue.put("new", "Solaris", "Sci-Fi")
    catalogue.remove("3")
    other = {"item_id": ["1", "3", "8"], "title": ["Star Trek", "War", "Stardust"]}
    pd.DataFrame(other).to_parquet(tmp_path / "other.parquet")
    catalogue.read(tmp_path / "other.parquet")
    assert catalogue.search("star", limit=10) == ["8", "1"]
    assert catalogue.search("war", limit=10) == []
    assert catalogue.title("2") == ""
    assert (catalogue.title("new"), catalogue.is_gone("3")) == ("Solaris", True)
    assert catalogue.all_categories() == ["Sci-Fi"]


@pytest.mark.parametrize("content", [None, b"PAR1", "no title"])
def test_a_wrong_file_changes_nothing(path, tmp_path, content):
    catalogue, wrong = ItemTitles(path), tmp_path / "wrong.parquet"
    if content == "no title":
        pd.DataFrame({"item_id": ["1"]}).to_parquet(wrong)
    elif content:
        wrong.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read|must have `item_id`"):
        catalogue.read(wrong)
    assert catalogue.title("1") == "Star Wars"


def test_keywords_and_topics_are_those_of_the_text_that_the_model_learnt(tmp_path):
    table = {"item_id": ["a", "b"], "title": ["A", "B"]}
    table |= {"keywords": ["sea|ship", ""], "topic": ["ships", ""]}
    pd.DataFrame(table).to_parquet(tmp_path / "items.parquet")
    titles = ItemTitles(tmp_path / "items.parquet")
    assert (titles.keywords("a"), titles.topics("a")) == (["sea", "ship"], ["ships"])
    assert titles.keywords("b") == titles.topics("b") == titles.topics("none") == []
    titles.put("a", "Another", "")
    assert titles.keywords("a") == titles.topics("a") == []
