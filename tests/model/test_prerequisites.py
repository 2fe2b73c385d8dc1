"""Items that come after others: what comes back, against plain Python."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import (
    QUERY_SPECS,
    WISH_SPECS,
    answers,
    make_options,
    make_query,
    names,
)
from tests.model.checkerboard import NUM_ITEMS, small_config
from tests.model.fresh_items import make_inference, specs_of
from tfrec.data.schema import Items
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.retrieval.required_items import RequiredItems
from tfrec.training.building import make_towers

ALL = names(*range(NUM_ITEMS))
# The last comes after an item that the catalogue lacks, until somebody puts it in.
AFTER = {"i03": {"i01"}, "i05": {"i01", "i03"}, "i04": {"i02"}, "i06": {"n0"}}
NEW = {"n0": set(), "n1": {"i01"}, "n2": {"n0", "i05"}, "i07": {"i02"}}


@pytest.fixture(scope="module")
def ordered(board, kinds_log):
    """A hybrid scorer, not trained, of a catalogue with an order."""
    after = [[*AFTER.get(each, ())] for each in ALL]
    items = Items(board[0].items.frame.assign(after=after, available_until=0))
    model = make_towers(small_config()).adapt(kinds_log, items)
    return HybridModel(model).fit_scorers(kinds_log).hybrid_scorer()


@pytest.fixture(scope="module", params=["exact", "scann"])
def inference(request, ordered):
    return make_inference(ordered, request.param)


@pytest.fixture(scope="module")
def recommend(inference, ordered):
    """`Inference.recommend` as a graph that takes the tier as an input."""
    specs = [QUERY_SPECS, WISH_SPECS, tf.TensorSpec([None], tf.bool), specs_of(ordered)]
    return tf.function(inference.recommend, input_signature=specs)


@functools.cache
def tier_of(inference, ids, removed=()):
    titles = tf.constant([f"thing {each}" for each in ids], tf.string)
    about = tf.constant([""])
    vectors, memories = inference.new_items.embed(titles, about, about)
    nothing = tf.zeros([len(ids)], tf.int64)
    items = {
        "item_ids": tf.constant(ids, tf.string),
        "vectors": vectors,
        "text_keys": nothing,
        "categories": tf.fill([len(ids)], ""),
        "available_from": nothing,
        "available_until": nothing,
        "numbers": tf.zeros([len(ids), 0]),
        "times": tf.zeros([len(ids), 0], tf.int64),
        "after": tf.constant(["|".join(sorted(NEW[each])) for each in ids], tf.string),
    }
    removed = tf.constant(np.array(removed, object), tf.string)
    return inference.new_items.make_fresh(items, memories, removed)


EVENTS = st.tuples(
    st.sampled_from([*ALL[:8], *NEW, "", "no such item"]),
    st.sampled_from(["view", "view", "", "skip", "no such kind"]),
)
requests = st.fixed_dictionaries(
    {
        "history": st.lists(EVENTS, max_size=14),  # longer than the model reads
        "met": st.lists(st.sampled_from([*ALL[:6], "n0", ""]), max_size=3),
        "k": st.integers(1, 25),
        "allow_repeats": st.booleans(),
    }
)


def expected_of(request, ids, removed):
    """All that one request may get."""
    met = {item for item, kind in request["history"] if kind in ("view", "")}
    met |= set(request["met"])
    order = AFTER | {each: NEW[each] for each in ids}
    there = {*ALL, *ids} - set(removed)
    if not request["allow_repeats"]:
        there -= {item for item, _ in request["history"]}
    return {each for each in there if order.get(each, set()) <= met}


def ask(recommend, batch, tier):
    def column(rows, width=14):
        return [[*row, *[""] * (width - len(row))] for row in rows]

    histories = column([[item for item, _ in each["history"]] for each in batch])
    kinds = column([[kind for _, kind in each["history"]] for each in batch])
    query = make_query(histories, history_events=kinds)
    options = make_options(
        k=[each["k"] for each in batch],
        met_item_ids=column([each["met"] for each in batch]),
    )
    repeats = tf.constant([each["allow_repeats"] for each in batch])
    found = recommend(query, options, repeats, tier)[0].numpy()
    return [answers(row.astype(str)) for row in found]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(requests, min_size=1, max_size=3),
    st.sampled_from([(), ("n0",), tuple(NEW)]),
    st.sampled_from([(), ("i01", "i05")]),
)
def test_k_come_back_if_k_are_open(inference, recommend, batch, ids, removed):
    found = ask(recommend, batch, tier_of(inference, ids, removed))
    for row, request in zip(found, batch, strict=True):
        expected = expected_of(request, ids, removed)
        assert set(row) <= expected
        assert len(row) == len(set(row)) == min(request["k"], len(expected))


def test_a_kind_that_is_always_negative_meets_nothing(inference, recommend):
    tier = tier_of(inference, ())
    for kind, is_met in (("view", True), ("", True), ("skip", False), ("new", False)):
        request = {"history": [("i01", kind)], "met": [], "k": 25}
        (found,) = ask(recommend, [request | {"allow_repeats": True}], tier)
        assert ("i03" in found) == is_met
        assert "i05" not in found


def test_vectors_have_no_history_so_what_is_met_is_named(inference, ordered):
    interest = ordered.candidates[:1]
    for met, expected in (
        ([], set(ALL) - set(AFTER)),
        (["i01", "n0"], set(ALL) - {"i04", "i05"}),
    ):
        options = make_options(k=[25], met_item_ids=[[*met, ""]])
        ids, _, _ = inference.recommend_from_interest(interest, options)
        assert set(answers(ids.numpy()[0].astype(str))) == expected


def test_similar_items_are_those_that_are_open(inference):
    asked = tf.constant(["i01", "i01"])
    options = make_options(k=[25], met_item_ids=[[""], ["i02"]])
    ids, _ = inference.similar(asked, options)
    found = [set(answers(row.astype(str))) for row in ids.numpy()]
    assert found[1] - found[0] == {"i04"}
    assert not found[0] & set(AFTER)


def test_an_index_that_has_no_order_has_no_rule_for_it(inference, board):
    assert inference.search.has_after
    plain = make_inference(
        HybridModel(make_towers(small_config()).adapt(board[1], board[0].items))
        .fit_scorers(board[1])
        .hybrid_scorer(),
        "exact",
    )
    assert not plain.search.has_after


@pytest.mark.filterwarnings("ignore:__array__ impl")  # Keras saving under NumPy 2.4
def test_keras_keeps_it(ordered, tmp_path):
    ordered.model.save(tmp_path / "towers.keras")
    again = keras.models.load_model(tmp_path / "towers.keras")
    assert again.catalogue.after.tolist() == ordered.model.catalogue.after.tolist()
    assert (again.catalogue.after != "").sum() == len(AFTER)


def test_required_items_by_hand():
    required = RequiredItems.of(tf.constant(["a", "", "b|a", "c"]))
    met = tf.constant([["a", "", "x"], ["b", "a", "a"], ["", "", ""]])
    assert required.are_met(met).numpy().tolist() == [
        [True, True, False, False],
        [True, True, True, False],
        [False, True, False, False],
    ]
