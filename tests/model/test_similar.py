"""Items that are like others: against NumPy, under all rules, in both flavours."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import SOON, WISH_SPECS, answers, make_options, make_query
from tests.model.checkerboard import (
    NUM_ITEMS,
    START,
    checkerboard,
    first_settings,
    small_config,
)
from tests.model.fresh_items import ALL, NEW, Judged, make_inference, specs_of
from tfrec.data.schema import Items
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.item_likeness import ItemLikeness
from tfrec.hybrid.weights import Weights
from tfrec.linear.registry import make_scorers
from tfrec.training.building import make_towers

SCORERS = ["item_to_item", "bm25", "popularity"]
HALF_LIVES = {"item_to_item": 2.0, "bm25": 20.0}  # the fastest of each
USUAL = 7  # events of each user of the checkerboard
KNOWN = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
OF_NEW = np.array([0.5, 6.0, 3.0, 1.0], np.float32)
# What many have is no text of their own; i05 and n4 are called alike, and i02 and i08.
TITLES = {row: f"thing {row}" for row in range(NUM_ITEMS)}
TITLES |= {1: "", 3: "", 5: "odd thing", 8: "thing 2"}
LABELS = ["even" if row % 2 == 0 else "odd|novel" for row in range(NUM_ITEMS)]


@pytest.fixture(scope="module")
def model():
    """`(TwoTower, fitted scorers)` of a checkerboard whose items have titles."""
    dataset, log = checkerboard()
    frame = dataset.items.frame.assign(title=list(TITLES.values()), category=LABELS)
    keras.utils.set_random_seed(0)
    towers = make_towers(small_config()).adapt(log, Items(frame))
    texts = tf.convert_to_tensor(towers.texts.items.vectors)
    scorers = make_scorers(SCORERS, first_settings())
    return towers, [each.fit(log, towers.catalogue, texts) for each in scorers]


@pytest.fixture(scope="module")
def hybrid(model):
    """New items have weights of their own, and people prefer them by far."""
    weights = Weights(
        of_known_items=KNOWN, of_new_items=OF_NEW, new_level=50.0, new_item_boost=50.0
    )
    return HybridScorer(*model, weights)


@pytest.fixture(scope="module")
def judged(hybrid):
    return Judged(hybrid)


@pytest.fixture(scope="module", params=["exact", "scann"])
def similar(request, hybrid):
    """`Inference.similar` as a graph: `(ids, scores)`, ids as str."""
    traced = tf.function(
        make_inference(hybrid, request.param).similar,
        input_signature=[
            tf.TensorSpec([None], tf.string),
            WISH_SPECS,
            specs_of(hybrid),
        ],
    )

    def ask(item_ids, tier, **options):
        found = traced(tf.constant(item_ids), make_options(**options), tier)
        ids, scores = (each.numpy() for each in found)
        return np.char.decode(ids.astype("S"), "utf-8"), scores

    return ask


@pytest.fixture(scope="module")
def nothing_new(judged):
    return judged.tier([])


def expected_scores(judged, item_id, tier):
    """`[items of the catalogue]` by NumPy, from what a history of the item says."""
    hybrid = judged.hybrid
    embed = judged.inference.embed_query
    one, none = (
        embed(make_query([each], [[0] * len(each)]), tier).numpy()[0]
        for each in ([item_id], [])
    )
    query = np.zeros(hybrid.dim)
    end = hybrid.neural_dim
    query[:end] = one[:end] - 0.25 * none[:end]
    for scorer in hybrid.scorers:
        start, end = end, end + scorer.dim
        if scorer.name in HALF_LIVES:
            halvings = np.arange(USUAL) / HALF_LIVES[scorer.name]
            query[start:end] = one[start:end] * (0.5**halvings).sum()
    return query, hybrid.candidates.numpy() @ query


@pytest.mark.parametrize("item_id", ["i00", "i05", "i10", "n0", "n4", "i03"])
def test_scores_are_those_of_numpy(similar, judged, item_id):
    """Of items of the catalogue, new ones, and one that has been replaced."""
    tier = judged.tier(["n0", "n4", "i03"])
    ids, scores = similar([item_id], tier, k=[25], now=[START])
    _, expected = expected_scores(judged, item_id, tier)
    for found, score in zip(ids[0], scores[0], strict=True):
        if found in ALL and found != "i03":
            np.testing.assert_allclose(
                score, expected[ALL.index(found)], rtol=1e-4, atol=1e-4
            )
    assert (np.diff(scores[0][ids[0] != ""]) <= 0).all()


def test_neither_popularity_nor_exposure_enters(model, nothing_new):
    """Other weights of them: the same query, but for the scale of a candidate."""
    plain = Weights(of_known_items=KNOWN)
    lifted = dataclasses.replace(plain, bias=3.0, new_level=9.0, new_item_boost=9.0)
    tilted = Weights(of_known_items=KNOWN * [1, 1, 1, 100])
    interests = []
    for weights in (plain, lifted, tilted):
        hybrid = HybridScorer(*model, weights)
        one = Judged(hybrid).inference.embed_query(make_query([["i04"]], [[0]]))
        interests.append(ItemLikeness(hybrid)(one).numpy())
    np.testing.assert_allclose(interests[1], interests[0], rtol=1e-6)
    np.testing.assert_allclose(interests[2], interests[0], rtol=1e-6)


def test_the_mean_new_item_is_as_like_as_the_mean_known_one(judged, hybrid, model):
    """Though the weights of its parts are others."""
    towers, scorers = model
    parts = [towers.all_candidates(), *(each.candidates for each in scorers)]
    known, new = (
        np.concatenate(
            [
                np.asarray(p).mean(axis=0) * w / max(*pair)
                for p, w, pair in zip(
                    parts, chosen, zip(KNOWN, OF_NEW, strict=True), strict=True
                )
            ]
        )
        for chosen in (KNOWN, OF_NEW)
    )
    one = judged.inference.embed_query(make_query([["i04"]], [[0]]))
    query = ItemLikeness(hybrid)(one).numpy()[0]
    of_new = query @ np.concatenate([new, [1, 1, 1]])
    np.testing.assert_allclose(of_new, query[:-3] @ known, rtol=1e-4)


# === What may come ===


def text_of(item_id, ids):
    """What the items are called that have a name; None for the others."""
    if item_id in ids:
        return (NEW[item_id][0], NEW[item_id][1]) if NEW[item_id][0] else None
    row = ALL.index(item_id)
    return (TITLES[row], LABELS[row]) if TITLES[row] else None


def labels_of(item_id, ids):
    if item_id in ids:
        return set(NEW[item_id][1].split("|")) - {""}
    return set(LABELS[ALL.index(item_id)].split("|"))


def may_come(request, ids, removed):
    """Ids that one request allows."""
    asked, wanted = request["item"], set(request["categories"]) - {""}
    if asked not in (*ALL, *ids):
        return set()
    own = text_of(asked, ids)
    allowed = set()
    for each in {*ALL, *ids}:
        since, until = NEW[each][2:] if each in ids else (0, 0)
        if each == "i00":
            until = START + 10 * 86400
        if (
            each != asked
            and (each in ids or each not in removed)
            and (own is None or text_of(each, ids) != own)
            and each not in request["excluded"]
            and since <= request["now"]
            and (not until or request["now"] < until)
            and (not wanted or wanted & labels_of(each, ids))
        ):
            allowed.add(each)
    return allowed


item = st.sampled_from([*ALL, *NEW, "", "no such item"])
requests = st.fixed_dictionaries(
    {
        "item": item,
        "excluded": st.lists(item, max_size=9),
        "categories": st.lists(
            st.sampled_from(["even", "odd", "novel", "", "nothing"]), max_size=2
        ),
        "k": st.integers(1, 25),
        "now": st.sampled_from([SOON, START + 10 * 86400]),
    }
)
tiers = st.tuples(
    st.lists(st.sampled_from(list(NEW)), unique=True),
    st.lists(st.sampled_from([*ALL[:8], "no such item"]), max_size=4),
)


@settings(max_examples=30, deadline=None)
@given(tiers, st.lists(requests, min_size=1, max_size=4))
def test_only_what_is_allowed_comes_and_all_of_it(similar, judged, new, batch):
    """Whoever is asked about with whom: unknown items, new, removed, replaced ones."""
    ids, removed = new
    column = {name: [each[name] for each in batch] for name in batch[0]}

    def wide(name, width):
        return [[*each, *[""] * (width - len(each))] for each in column[name]]

    found, scores = similar(
        column["item"],
        judged.tier(ids, removed),
        k=column["k"],
        now=column["now"],
        exclude_item_ids=wide("excluded", 9),
        categories=wide("categories", 2),
    )
    assert found.shape == scores.shape == (len(batch), max(column["k"]))
    for row, request in enumerate(batch):
        allowed = may_come(request, ids, removed)
        come = answers(found[row])
        assert set(come) <= allowed
        assert len(come) == len(set(come)) == min(request["k"], len(allowed))
        assert np.isfinite(scores[row, : len(come)]).all()
        assert (np.diff(scores[row, : len(come)]) <= 0).all()
        assert np.isneginf(scores[row, len(come) :]).all()


def test_unknown_items_have_an_empty_row_beside_others(similar, nothing_new):
    asked = ["i02", "no such item", "", "i05"]
    together, scores = similar(asked, nothing_new, k=[3])
    assert [len(answers(row)) for row in together] == [3, 0, 0, 3]
    assert np.isneginf(scores[1:3]).all()
    for row in (0, 3):
        alone, its_scores = similar([asked[row]], nothing_new, k=[3])
        assert alone[0].tolist() == together[row].tolist()
        np.testing.assert_allclose(its_scores[0], scores[row], rtol=1e-4)


def test_a_removed_item_can_be_asked_about_and_does_not_come(similar, judged):
    tier = judged.tier([], ["i02"])
    assert len(answers(similar(["i02"], tier, k=[5])[0][0])) == 5
    assert "i02" not in similar(["i04"], tier, k=[25])[0]


def test_what_many_share_makes_no_duplicates(similar, nothing_new):
    """i01 and i03 have their categories alone; i02 and i08 are called the same."""
    assert "i03" in similar(["i01"], nothing_new, k=[25])[0]
    assert "i08" not in similar(["i02"], nothing_new, k=[25])[0]
    assert "i02" not in similar(["i08"], nothing_new, k=[25])[0]


@pytest.mark.parametrize(
    ("k", "words"), [(0, "`k` must be at least 1"), (10_001, "`k` must be at most 100")]
)
def test_k_that_cannot_be(similar, nothing_new, k, words):
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        similar(["i02"], nothing_new, k=[k])
