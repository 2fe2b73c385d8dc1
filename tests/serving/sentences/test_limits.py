"""Which items are within limits, and lists by a model of them alone."""

import datetime
import math

import numpy as np
import pytest

from serving.sentences.hard_limits import allowed_items
from serving.sentences.item_columns import ItemColumns
from serving.sentences.parsed_request import NumericLimit, ParsedRequest
from serving.sentences.selection import MAX_WIDTH, Selection
from tfrec.client.answers import Recommendation

ITEMS = ItemColumns(
    item_ids=list("abcdef"),
    titles=[
        "Zombie Night (1998)",
        "Café Noir",
        "Art",
        "大海的故事",
        "Party\nx",
        "The S",
    ],
    categories=["Horror|War", "War", "", "War", "Horror", ""],
    abouts=["", "1942. A bar", "zombies!", "2001", "bits", "x"],
    numbers={"price": [10, 20, None, math.nan, 20.5, 0], "num": [1, 2, 3, 4, 5, 6]},
)


def names(mask):
    return "".join(np.array(ITEMS.item_ids)[mask])


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zombies", "ac"),
        ("ZOMBIE", "ac"),
        ("cafe", "b"),
        ("art", "c"),  # and not "Party"
        ("大海", "d"),
        ("x", "ef"),  # "Party\nx" is one line
        ("s", "f"),
        ("horror", "ae"),
        ("bits", "e"),
        ("", ""),
        (".*", ""),
    ],
)
def test_words_begin_words(words, found):
    assert names(ITEMS.has_words(words)) == found


def allowed(**slots):
    return allowed_items(ParsedRequest(**slots), ITEMS)


@pytest.mark.parametrize(
    ("limit", "found"),
    [
        ({"max": 20}, "abf"),
        ({"max": 20, "is_max_allowed": False}, "af"),
        ({"min": 10, "is_min_allowed": False}, "be"),
        ({"min": 10, "max": 20}, "ab"),
        ({"min": 30, "max": 20}, ""),
    ],
)
def test_numbers_that_are_not_known_are_not_within(limit, found):
    limited = allowed(limits=(NumericLimit("price", **limit),))
    assert names(limited.mask) == found
    assert limited.not_measured == ()


def test_years_are_of_titles_or_lines():
    day = datetime.date(1998, 1, 1)
    assert names(allowed(newer_than=day).mask) == "ad"
    assert names(allowed(older_than=day).mask) == "b"
    late = allowed(newer_than=datetime.date(1998, 1, 2))
    assert (late.mask, late.not_measured) == (None, ("newer_than",))


def test_what_is_not_measured_limits_nothing():
    limited = allowed(limits=(NumericLimit("rating", 4), NumericLimit("price", max=15)))
    assert limited.not_measured == ("limits:rating",)
    assert names(limited.mask) == "af"
    one = ItemColumns(["x"], ["X"], [""], [""], {})
    request = ParsedRequest(limits=(NumericLimit("price", max=15),))
    assert allowed_items(request, one).mask is None
    assert not allowed_items(request, one, measured=["price"]).mask.any()


def test_categories_are_all_or_one():
    both = {"categories": ("Horror", "War")}
    assert names(allowed(**both).mask) == "a"
    assert names(allowed(**both, every_category=False).mask) == "abde"
    assert names(allowed(not_categories=("War", "none")).mask) == "cef"


# === Selection ===


class Model:
    """Likes items in the order of their numbers."""

    def __init__(self, num_items):
        self.widths, self._num_items = [], num_items

    def __call__(self, k):
        self.widths.append(k)
        ids = range(min(k, self._num_items))
        return [Recommendation(str(i), -i, 0.5, "") for i in ids]


def chosen(model, k=3, **selection):
    items = Selection(**selection).best(model, k)
    return [int(item.item_id) for item in items]


def test_a_model_is_asked_for_more_until_there_are_enough():
    model = Model(100_000)
    rare = {
        "is_allowed": lambda item_id: int(item_id) >= 60_000,
        "num_allowed": 40_000,
        "num_candidates": 100_000,
        "num_items": 100_000,
    }
    assert chosen(model, **rare) == [60_000, 60_001, 60_002]
    assert model.widths[-1] == 100_000
    assert len(model.widths) < 10


def test_a_model_is_not_asked_for_more_than_it_gives():
    model = Model(50)
    none = {"is_allowed": lambda _: False, "num_candidates": 50, "num_items": 50}
    assert chosen(model, num_allowed=1, **none) == []
    assert max(model.widths) <= MAX_WIDTH
    model.widths.clear()
    assert chosen(model, num_allowed=0, **none) == []
    assert model.widths == [1]


def test_without_limits_a_model_is_asked_once():
    model = Model(50)
    everything = {"num_allowed": 50, "num_candidates": 50, "num_items": 50}
    assert chosen(model, **everything) == [0, 1, 2]
    assert model.widths == [3]


def test_what_the_model_leaves_out_by_itself_is_not_asked_for():
    model = Model(50)
    excluded = tuple(map(str, range(50, 60)))
    by_model = {"num_allowed": 20, "num_candidates": 30, "num_items": 1000}
    assert chosen(model, **by_model, excluded=excluded) == [0, 1, 2]
    assert model.widths == [3]
    half = {"is_allowed": lambda i: int(i) % 2 == 0, "num_allowed": 25}
    assert chosen(model, **half, num_candidates=50, num_items=50) == [0, 2, 4]
    assert model.widths[1:] == [9]  # 1.5 * 3 for the half that is allowed, twice that


def test_what_comes_last_is_behind_and_an_order_is_kept():
    everything = {"num_allowed": 50, "num_candidates": 50, "num_items": 50, "pool": 5}
    is_even = {"come_last": lambda item_id: int(item_id) % 2 == 0}
    assert chosen(Model(50), **everything, **is_even) == [1, 3, 0]
    backwards = {"sort_by": lambda item_id: -int(item_id)}
    assert chosen(Model(50), **everything, **backwards) == [4, 3, 2]
