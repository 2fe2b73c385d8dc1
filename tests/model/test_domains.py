"""Domains: a filter beside categories, on the catalogue and on new items."""

import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import Asked, answers, make_query, names
from tests.model.checkerboard import NUM_ITEMS, small_config
from tfrec.data.domains import labels
from tfrec.data.schema import Items
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.inference.inference import exact_inference
from tfrec.inference.item_text import join_item_texts
from tfrec.training.building import make_towers

DOMAINS = np.resize(["books", "films", "a|b", ""], NUM_ITEMS)


@pytest.fixture(scope="module")
def asked(board):
    """A checkerboard with three domains, and items of none."""
    dataset, log = board
    items = Items(dataset.items.frame.assign(domain=DOMAINS))
    model = make_towers(small_config()).adapt(log, items)
    inference = exact_inference(HybridModel(model).fit_scorers(log).hybrid_scorer())
    return Asked(inference)


def domain_of(ids):
    return set(DOMAINS[[int(name[1:]) for name in ids]])


@pytest.mark.parametrize("wanted", [["books"], ["books", "films"], ["a|b", ""]])
def test_items_of_other_domains_do_not_come(asked, wanted):
    ids, _, _ = asked.recommend(make_query([["i03"]]), k=[NUM_ITEMS], domain=[wanted])
    found = answers(ids[0])
    expected = [
        i for i in names(*range(NUM_ITEMS)) if domain_of([i]) <= {*wanted} - {""}
    ]
    assert sorted(found) == sorted(set(expected) - {"i03"})


def test_both_limits_hold(asked):
    """The categories tell even items from odd ones."""
    ids, _, _ = asked.recommend(
        make_query([[]]), k=[NUM_ITEMS], domain=[["books"]], categories=[["even"]]
    )
    found = answers(ids[0])
    assert found
    assert domain_of(found) == {"books"}
    assert all(int(name[1:]) % 2 == 0 for name in found)


def test_each_query_has_its_own(asked):
    query = make_query([["i03"], ["i03"], ["i03"]])
    wanted = [["books"], ["films"], [""]]
    ids, _, _ = asked.recommend(query, k=[4], domain=wanted)
    assert [len(domain_of(answers(row))) for row in ids[:2]] == [1, 1]
    assert len(domain_of(answers(ids[2]))) > 1


def test_an_unknown_domain_has_no_items(asked):
    ids, _, _ = asked.recommend(make_query([["i03"]]), k=[4], domain=[["songs"]])
    assert answers(ids[0]) == []


def test_a_domain_is_no_part_of_a_text():
    told = [
        tf.constant([each]) for each in ("A title", "", labels("war|drama", "films"))
    ]
    assert join_item_texts(*told).numpy()[0] == b"A title. war, drama"
    told[2] = tf.constant([labels("", "films")])
    assert join_item_texts(*told).numpy()[0] == b"A title"
