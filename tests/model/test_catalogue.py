"""Tests of tfrec.towers.catalogue, and of its double in the graph."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.evaluation.logs import make_items, make_log
from tfrec.data.schema import Items
from tfrec.towers import catalogue
from tfrec.towers.catalogue import category_matrix, make_catalogue, split_categories


def test_split_categories():
    texts = ["drama|war", "", "||war|", "a b"]
    assert split_categories(texts) == [["drama", "war"], [], ["war"], ["a b"]]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("war", [0, 1]),
        ("war|drama", [0.5, 0.5]),
        ("war|unheard of", [0, 1]),
        ("unheard of", [0, 0]),
        ("", [0, 0]),
        ("war|war", [0, 1]),  # said twice is no more than said once
        ("|war||", [0, 1]),
    ],
)
def test_category_matrix(text, row):
    found = category_matrix(["drama", text], ["drama", "war"])
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 0], row]


def test_category_matrix_in_the_graph(inference):
    texts = [
        "odd|strange",
        "even",
        "odd|odd|strange",
        "|odd||",
        "",
        "|",
        "no|even",
        "od",
    ]
    found = inference.new_items._category_matrix(tf.constant(texts))
    expected = category_matrix(texts, inference.model.category_names)
    assert expected.sum() == 5
    np.testing.assert_array_equal(found, expected)


def test_most_frequent_categories_first(monkeypatch):
    items = make_items(["a", "b", "c"], ["x|z", "z|y", "z|w"])
    made = make_catalogue(items, make_log([(0, 0, 1)], 3, 1))
    assert made.category_names().tolist() == ["z", "w", "x", "y"]
    monkeypatch.setattr(catalogue, "MAX_CATEGORIES", 2)
    assert made.category_names().tolist() == ["z", "w"]


def test_no_categories():
    made = make_catalogue(make_items(["a"]), make_log([(0, 0, 1)], 1, 1))
    names = made.category_names()
    assert len(names) == 0
    assert category_matrix(made.categories, names).shape == (1, 0)


def test_events_that_count():
    """Positive ones only: item 1 is only disliked, item 2 unheard of."""
    events = [(0, 0, 1), (1, 0, 2), (0, 1, 3, 1, -1), (1, 1, 3, 1, 0)]
    made = make_catalogue(make_items(["a", "b", "c"]), make_log(events, 3, 2))
    assert made.num_items == 3
    assert made.num_events.tolist() == [2, 0, 0]
    assert made.has_id.tolist() == [True, False, False]


def test_new_items_are_those_that_something_is_known_of():
    frame = make_items(["met", "told of", "sorted", "unknown"]).frame
    frame = frame.assign(
        title=["Tea", "Pot", "", ""], text="", category=["", "", "cups", ""]
    )
    made = make_catalogue(Items(frame), make_log([(0, 0, 1)], 4, 1))
    assert made.is_new.tolist() == [False, True, True, False]


def test_all_that_is_known_of_an_item():
    frame = pd.DataFrame(
        {
            "item_id": ["i0"],
            "title": ["Tea"],
            "text": ["A drink."],
            "category": ["hot|old"],
            "domain": ["shop"],
            "available_from": [5],
            "available_until": [9],
        }
    )
    made = make_catalogue(Items(frame), make_log([(0, 0, 1)], 1, 1))
    values = [made.item_ids, made.titles, made.texts, made.categories, made.domains]
    assert [value[0] for value in values] == [
        "i0",
        "Tea",
        "Tea. A drink. hot, old",
        "hot|old",
        "shop",
    ]
    assert (made.available_from[0], made.available_until[0]) == (5, 9)
