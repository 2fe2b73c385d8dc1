"""Limits of attributes: against NumPy, in both flavours, with new items beside."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.asking import SOON, answers, make_options, make_query
from tests.model.checkerboard import NUM_ITEMS, checkerboard, small_config
from tests.model.fresh_items import ALL, make_inference, specs_of
from tfrec.config import from_settings
from tfrec.data.domains import attribute_labels
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Items
from tfrec.export.feature_inputs import filter_specs
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.inference.request import options_for
from tfrec.towers.catalogue import split_categories
from tfrec.training.building import make_towers

KINDS = {
    "price": "number",
    "made": {"kind": "time", "use": ["filter"]},
    "stars": "number",
    "brand": "category",
    "tags": "categories",
}
COLUMNS = from_settings({"features": {"items": KINDS}}).features.columns("items")
MOMENT = 1_500_000_001  # neighbours of which are one and the same 32-bit float of days
PRICES = [1.5, 2.0, math.nan, -3.0, 0.0]
TIMES = [MOMENT, MOMENT + 1, 0, MOMENT + 2]
BRANDS = ["acme", "zeta|co", "", "né 新"]
TAGS = ["new|red", "red", "", "new|blue|red"]
CELLS = {
    "price": np.resize(PRICES, NUM_ITEMS),
    "made": np.resize(TIMES, NUM_ITEMS),
    "stars": np.resize([5.0, math.nan, 1.0], NUM_ITEMS),
    "brand": np.resize(BRANDS, NUM_ITEMS).astype(object),
    "tags": np.resize(TAGS, NUM_ITEMS).astype(object),
}
NEW = {  # id -> the same columns
    "n0": (1.5, MOMENT, 5.0, "acme", "new"),
    "n1": (math.nan, 0, math.nan, "", ""),
    "n2": (7.0, MOMENT + 1, 1.0, "other", "new|odd|red"),
    "i03": (2.0, 0, 2.0, "acme", "red"),  # takes the place of one of the catalogue
}
limits = {
    "filter_price_min": st.sampled_from([math.nan, -3.0, 1.5, 7.0, math.inf]),
    "filter_price_max": st.sampled_from([math.nan, math.nan, 1.5, 0.0, -math.inf]),
    "filter_stars_min": st.sampled_from([math.nan, math.nan, 1.5]),
    "filter_stars_max": st.just(math.nan),
    "filter_made_min": st.sampled_from([0, 0, MOMENT + 1]),
    "filter_made_max": st.sampled_from([0, 0, MOMENT, MOMENT + 1]),
}
few = {"max_size": 2}
brands = st.sampled_from(["acme", "zeta|co", "zeta co", "other", "none", "", " "])
tags = st.sampled_from(["new", "red", "odd", "nothing", "", " red"])
names = {
    "filter_brand_any": st.lists(brands, **few),
    "filter_brand_none": st.lists(brands, **few),
    "filter_tags_any": st.lists(tags, **few),
    "filter_tags_none": st.lists(tags, **few),
    "filter_tags_all": st.lists(tags, **few),
}
# Most requests have few limits: all of them together leave nothing.
requests = st.fixed_dictionaries(
    {
        "history": st.lists(st.sampled_from([*ALL, *NEW]), max_size=3),
        "k": st.integers(1, 25),
    },
    optional=limits | names,
)
BLANK = {each: math.nan if "made" not in each else 0 for each in limits}
BLANK |= {each: [] for each in names}


@pytest.fixture(scope="module")
def hybrid():
    dataset, _ = checkerboard()
    items = Items(dataset.items.frame.assign(**CELLS), COLUMNS)
    dataset = Dataset("shop", dataset.events, items, dataset.users)
    config = from_settings({"features": {"items": KINDS}}, small_config())
    log = encode(dataset, FeedbackRules(), features=config.features)
    keras.utils.set_random_seed(0)
    model = make_towers(config).adapt(log, items)
    return HybridModel(model).fit_scorers(log).hybrid_scorer()


@pytest.fixture(scope="module", params=["exact", "scann"])
def inference(request, hybrid):
    return make_inference(hybrid, request.param)


@pytest.fixture(scope="module")
def recommend(inference, hybrid):
    """`Inference.recommend` as a graph that takes limits and the tier."""
    filters = {spec.name: spec for spec in filter_specs(hybrid.model.state)}
    options = tf.nest.map_structure(
        lambda t: tf.TensorSpec([None] * t.shape.rank, t.dtype), options_for(1, ())
    )._replace(filters=filters)
    query = tf.nest.map_structure(
        lambda t: tf.TensorSpec([None] * t.shape.rank, t.dtype), make_query([["a"]])
    )
    specs = [query, options, tf.TensorSpec([None], tf.bool), specs_of(hybrid)]
    return tf.function(inference.recommend, input_signature=specs)


def tier(inference, ids):
    """A `NewItemTier` of some of `NEW`."""
    rows = [NEW[each] for each in ids]
    width = len(ids)
    labels = [
        "|".join(filter(None, map(attribute_labels, COLUMNS[3:], row[3:])))
        for row in rows
    ]
    blank = tf.fill([width], "")
    vectors, memories = inference.new_items.embed(blank, blank, blank, {})
    zeros = tf.zeros([width], tf.int64)
    items = {
        "item_ids": tf.constant(ids, tf.string, [width]),
        "vectors": vectors,
        "text_keys": zeros - 1,
        "categories": tf.constant(labels, tf.string, [width]),
        "available_from": zeros,
        "available_until": zeros,
        "after": blank,
        "numbers": tf.constant([[r[0], r[2]] for r in rows], tf.float32, [width, 2]),
        "times": tf.constant([[r[1]] for r in rows], tf.int64, [width, 1]),
    }
    return inference.new_items.make_fresh(items, memories, tf.constant([], tf.string))


def filter_inputs(hybrid, batch):
    """Limits of some requests as the arrays of a signature."""
    given = {}
    for spec in filter_specs(hybrid.model.state):
        cells = [each.get(spec.name, BLANK[spec.name]) for each in batch]
        if spec.dtype == tf.string:
            width = 1 + max(map(len, cells))
            cells = [[*[""] * (width - len(each)), *each] for each in cells]
        given[spec.name] = tf.constant(cells, spec.dtype)
    return given


def is_inside(cells, request):
    """Whether one item, as a row of `NEW`, is inside of all limits."""
    price, made, stars, brand, own = cells
    limited = {**BLANK, **request}

    def between(number, least, most, is_missing):
        least, most = limited[f"filter_{least}"], limited[f"filter_{most}"]
        if is_missing(least) and is_missing(most):
            return True
        return (
            not is_missing(number)
            and (is_missing(least) or number >= least)
            and (is_missing(most) or number <= most)
        )

    def named(name):
        words = (each.strip().replace("|", " ") for each in limited[f"filter_{name}"])
        return {each for each in words if each}

    brands, tags = {brand.replace("|", " ")} - {""}, {*own.split("|")} - {""}
    return (
        between(price, "price_min", "price_max", math.isnan)
        and between(stars, "stars_min", "stars_max", math.isnan)
        and between(made, "made_min", "made_max", lambda number: number == 0)
        and (not named("brand_any") or bool(brands & named("brand_any")))
        and not brands & named("brand_none")
        and (not named("tags_any") or bool(tags & named("tags_any")))
        and not tags & named("tags_none")
        and named("tags_all") <= tags
    )


def rows_of(ids):
    """Item id -> row of cells, of the catalogue with some new items."""
    rows = dict(zip(ALL, zip(*CELLS.values(), strict=True), strict=True))
    return rows | {each: NEW[each] for each in ids}


@settings(max_examples=20, deadline=None)
@given(
    ids=st.lists(st.sampled_from(list(NEW)), unique=True),
    batch=st.lists(requests, min_size=1, max_size=3),
    repeats=st.booleans(),
)
def test_agrees_with_numpy(recommend, inference, hybrid, ids, batch, repeats):
    """`k` come if `k` are inside, and nothing else; new and own items among them."""
    options = make_options(k=[each["k"] for each in batch])
    options = options._replace(filters=filter_inputs(hybrid, batch))
    width = max(len(each["history"]) for each in batch)
    histories = [
        [*each["history"], *[""] * (width - len(each["history"]))] for each in batch
    ]
    query = make_query(histories, now=[SOON])
    found, scores, _ = recommend(
        query, options, tf.constant([repeats]), tier(inference, ids)
    )
    for row, request in enumerate(batch):
        seen = () if repeats else request["history"]
        inside = {
            each
            for each, cells in rows_of(ids).items()
            if is_inside(cells, request) and each not in seen
        }
        own = answers(np.char.decode(found.numpy()[row].astype("S")))
        assert len({*own}) == len(own)
        assert {*own} <= inside
        assert len(own) == min(request["k"], len(inside))
    assert not np.isnan(scores.numpy()).any()


def test_every_way_has_an_input(hybrid):
    specs = {spec.name: spec for spec in filter_specs(hybrid.model.state)}
    assert specs.keys() == BLANK.keys()
    assert specs["filter_made_min"].dtype == tf.int64
    assert specs["filter_price_min"].shape.rank == 1
    assert specs["filter_tags_all"].shape.rank == 2


def test_seconds_are_told_apart(recommend, inference, hybrid):
    """Both ends of a limit take a moment, and not the second beside it."""
    limit = {"filter_made_min": MOMENT, "filter_made_max": MOMENT}
    options = make_options(k=[NUM_ITEMS])
    options = options._replace(filters=filter_inputs(hybrid, [limit]))
    found = recommend(
        make_query([[]]), options, tf.constant([False]), tier(inference, [])
    )
    own = answers(np.char.decode(found[0].numpy()[0].astype("S")))
    assert sorted(own) == [ALL[row] for row in range(0, NUM_ITEMS, len(TIMES))]


def test_items_like_another_are_limited(inference, hybrid):
    """And lists that are diverse: there are as many as without."""
    request = {"filter_tags_any": ["red"]}
    options = make_options(k=[4], diversity=[0.5])
    options = options._replace(filters=filter_inputs(hybrid, [request]))
    found, _ = inference.similar(tf.constant(["i02"]), options, tier(inference, ["n2"]))
    own = answers(np.char.decode(found.numpy()[0].astype("S")))
    assert len(own) == 4
    assert all("red" in rows_of(["n2"])[each][4] for each in own)


def test_labels_of_attributes_are_categories(inference, hybrid):
    """One space of labels, which boosts and categories read alike."""
    options = make_options(k=[NUM_ITEMS], categories=[["brand:acme"]])
    found, *_ = inference.recommend(
        make_query([[]]), options, tf.constant([False]), tier(inference, ["n0"])
    )
    own = answers(np.char.decode(found.numpy()[0].astype("S")))
    assert {*own} == {"n0", *ALL[:: len(BRANDS)]}
    assert split_categories(hybrid.model.catalogue.labels)[0] == ["even"]  # as before
