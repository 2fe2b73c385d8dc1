"""Tests of the fresh tier: what comes, against NumPy, under all rules."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import (
    QUERY_SPECS,
    SOON,
    WISH_SPECS,
    make_query,
    make_wish,
    names,
)
from tests.model.checkerboard import NUM_ITEMS, START
from tests.model.test_inference import answers, colour, own_past
from tfrec.compat import import_optional
from tfrec.errors import MissingPackageError
from tfrec.export.signatures import fresh_specs
from tfrec.index.brute_force import BruteForceIndex
from tfrec.index.fresh import Fresh
from tfrec.model.inference import Inference

ALL = names(*range(NUM_ITEMS))
# id: title, category, available_from, available_until
NEW = {
    "n0": ("an even thing", "even", 0, 0),
    "n1": ("odd thing", "odd|novel", 0, SOON),  # gone by then
    "né 新": ("", "", 0, 0),
    "n3": ("odd thing", "novel", SOON + 1, 0),  # not there yet
    "n4": ("odd thing", "odd|novel", 0, 0),  # equal in its text to others
    "i03": ("even thing", "novel", 0, 0),  # takes the place of one of the catalogue
    "i05": ("odd thing", "odd", 0, 0),
}
WORDS = {"even": {"even"}, "odd": {"odd", "strange"}}


def make_index(flavour):
    """An index that has not been built."""
    if flavour == "exact":
        return BruteForceIndex()
    try:
        import_optional("scann", "this test", "")
    except MissingPackageError as error:
        pytest.skip(str(error))
    from tfrec.index.scann import ScannIndex

    return ScannIndex()


class AskedFresh:
    """An `Inference` in graphs that take the tier as an input; answers are NumPy's."""

    def __init__(self, embedding, flavour):
        self.embedding = embedding
        index = make_index(flavour).build(ALL, embedding.candidates.numpy())
        self.inference = Inference(embedding, index, max_interest_norm=50.0)
        tier = Fresh(*fresh_specs(embedding.dim, embedding.memory_dim))
        specs = [QUERY_SPECS, WISH_SPECS, tf.TensorSpec([None], tf.bool), tier]
        self.recommend = tf.function(self.inference.recommend, input_signature=specs)
        named = tf.TensorSpec([None, None], tf.string)
        self.score = tf.function(
            self.inference.score_interest, input_signature=[QUERY_SPECS, named, tier]
        )
        self.embed = tf.function(
            self.inference.embed_query, input_signature=[QUERY_SPECS, tier]
        )
        titles, categories, *_ = zip(*NEW.values(), strict=True)
        made = self.inference.new_items.embed(
            tf.constant(titles), tf.constant([""]), tf.constant(categories)
        )
        self.vectors, self.memories = (
            dict(zip(NEW, each.numpy(), strict=True)) for each in made
        )

    def tier(self, ids, removed=()):
        """A `Fresh` of some of `NEW`, without some of the catalogue."""
        rows = [NEW[each] for each in ids]

        def column(numbers, dtype, width):
            return tf.constant(np.array(numbers, dtype).reshape(len(ids), *width))

        items = {
            "item_ids": tf.constant(np.array(ids, object), tf.string),
            "vectors": column(
                [self.vectors[each] for each in ids], "float32", [self.embedding.dim]
            ),
            "categories": tf.constant(
                np.array([row[1] for row in rows], object), tf.string
            ),
            "available_from": column([row[2] for row in rows], "int64", []),
            "available_until": column([row[3] for row in rows], "int64", []),
        }
        memories = column(
            [self.memories[each] for each in ids],
            "float32",
            [self.embedding.memory_dim],
        )
        removed = tf.constant(np.array(removed, object), tf.string)
        return self.inference.new_items.make_fresh(items, memories, removed)


@pytest.fixture(scope="module", params=["exact", "scann"])
def asked(request, faithful):
    return AskedFresh(faithful, request.param)


item = st.sampled_from([*ALL, *NEW, "", "no such item"])
tiers = st.tuples(
    st.lists(st.sampled_from(list(NEW)), unique=True),
    st.lists(st.sampled_from([*ALL[:8], "no such item"]), max_size=4),
)
requests = st.fixed_dictionaries(
    {
        "history": st.lists(item, max_size=8),
        "excluded": st.lists(item, max_size=9),
        "categories": st.lists(
            st.sampled_from(["even", "odd", "strange", "novel", "", "nothing"]),
            max_size=2,
        ),
        "min_probability": st.sampled_from([0.0, 0.0, 0.01, 0.6]),
        "k": st.integers(1, 25),
        "now": st.sampled_from([SOON, START + 10 * 86400]),
        "allow_repeats": st.booleans(),
    }
)


def catalogue_of(ids, removed):
    """Items that may be asked for: id -> categories, from, until."""
    main = {
        each: (WORDS[colour(each)], 0, START + 10 * 86400 if each == "i00" else 0)
        for each in ALL
        if each not in removed
    }
    fresh = {
        each: (set(NEW[each][1].split("|")) - {""}, *NEW[each][2:]) for each in ids
    }
    return main | fresh


def may_come(item_id, about, request):
    """Whether one request allows an item, but for its probability."""
    own, start, until = about
    wanted = set(request["categories"]) - {""}
    return (
        not (item_id in request["history"] and not request["allow_repeats"])
        and item_id not in request["excluded"]
        and start <= request["now"]
        and (not until or request["now"] < until)
        and (not wanted or bool(own & wanted))
    )


def ask(asked, tier, batch):
    width = 10
    padded = {
        name: [[*each[name], *[""] * (width - len(each[name]))] for each in batch]
        for name in ("history", "excluded", "categories")
    }
    column = {name: [each[name] for each in batch] for name in batch[0]}
    query = make_query(padded["history"], now=column["now"])
    wish = make_wish(
        now=column["now"],
        k=column["k"],
        exclude_item_ids=padded["excluded"],
        categories=padded["categories"],
        min_probability=column["min_probability"],
    )
    found = asked.recommend(query, wish, tf.constant(column["allow_repeats"]), tier)
    ids = np.vectorize(bytes.decode, otypes=[object])(found[0].numpy())
    return query, (ids, *(each.numpy() for each in found[1:]))


def scores_of(asked, interest, items, ids, history):
    """Score of each item, by plain NumPy."""
    rows = {item_id: row for row, item_id in enumerate(ALL)}
    history = [each for each in history if each in rows or each in ids]
    bonus = own_past(asked.embedding, history, [*ALL, *NEW])
    vectors = asked.embedding.candidates.numpy()
    return {
        each: float(
            interest @ (asked.vectors[each] if each in ids else vectors[rows[each]])
        )
        + bonus[[*ALL, *NEW].index(each)]
        for each in items
    }


@settings(max_examples=25, deadline=None)
@given(tier=tiers, batch=st.lists(requests, min_size=1, max_size=2))
def test_agrees_with_numpy_whatever_is_fresh_or_gone(asked, tier, batch):
    ids, removed = tier
    removed = [each for each in removed if each not in ids]
    made = asked.tier(ids, removed)
    query, found = ask(asked, made, batch)
    items = catalogue_of(ids, removed)
    interests = asked.embed(query, made).numpy()
    asked_ids = tf.constant([list(items)] * len(batch))
    chances = asked.score(query, asked_ids, made).numpy()
    for row, request in enumerate(batch):
        scores = scores_of(asked, interests[row], items, ids, request["history"])
        chance = dict(zip(items, chances[row], strict=True))
        least = request["min_probability"]
        expected = [
            each
            for each, about in items.items()
            if may_come(each, about, request) and (least <= 0 or chance[each] >= least)
        ]
        own = answers(found[0][row])
        assert len(set(own)) == len(own)
        assert set(own) <= set(expected)
        assert len(own) == min(len(expected), request["k"])
        best = sorted((scores[each] for each in expected), reverse=True)
        np.testing.assert_allclose(
            found[1][row, : len(own)], best[: len(own)], rtol=1e-4, atol=1e-4
        )
        for values, truth in ((found[1], scores), (found[2], chance)):
            np.testing.assert_allclose(
                values[row, : len(own)],
                [truth[each] for each in own],
                rtol=1e-4,
                atol=1e-4,
            )


def test_an_item_of_that_very_text_is_found_first(asked):
    """Text in, recommended at once; the same graph without it does not know it."""
    query = make_query([names(2, 4, 6)])
    wish = make_wish(categories=[["novel"]])
    no = tf.constant([False])
    for ids, expected in ((["n4", "i03"], {b"n4", b"i03"}), ([], set())):
        found = asked.recommend(query, wish, no, asked.tier(ids))[0].numpy()
        assert set(found[0]) - {b""} == expected


def test_what_is_gone_has_no_probability_but_its_events_count(asked):
    """A film that is no longer on offer still tells what somebody likes."""
    query = make_query([names(2, 4, 6)])
    nothing, gone = asked.tier([]), asked.tier([], ["i02"])
    chances = asked.score(query, tf.constant([["i02", "i04", "n0"]]), gone).numpy()
    assert (chances[0] > 0).tolist() == [False, True, False]
    np.testing.assert_array_equal(asked.embed(query, gone), asked.embed(query, nothing))


def test_everything_gone_leaves_the_fresh(asked):
    found = asked.recommend(
        make_query([[]]),
        make_wish(k=[3]),
        tf.constant([False]),
        asked.tier(["n0"], ALL),
    )
    assert found[0].numpy()[0].tolist() == [b"n0", b"", b""]
    assert np.isneginf(found[1].numpy()[0, 1:]).all()


def test_ten_thousand_wide_exclusions_reach_the_fresh(asked):
    """Unicode ids among them, and mostly padding."""
    excluded = np.full((1, 10_000), "", object)
    excluded[0, [5, 7_000, 9_999]] = ["né 新", "n0", "i04"]
    ids = ["n0", "né 新", "n4"]
    wish = make_wish(k=[25], exclude_item_ids=excluded)
    no = tf.constant([False])
    found = asked.recommend(make_query([[]]), wish, no, asked.tier(ids))[0].numpy()
    expected = {*ALL, "n4"} - {"i04"}
    assert set(answers(np.char.decode(found[0].astype("S")))) == expected
