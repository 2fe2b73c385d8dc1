"""Tests of feature columns in the towers: what is learnt is what requests say."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tests.model.checkerboard import small_config
from tests.model.conftest import make_windows
from tfrec.config import from_dict
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.data.split import next_item_queries
from tfrec.features.column_coders import NamesCoder, NumberCoder, VectorCoder, fit_coder
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.offline_scores import HybridRecommender, TowerRecommender
from tfrec.hybrid.weights import Weights
from tfrec.inference.inference import exact_inference
from tfrec.inference.request import text_only
from tfrec.training.building import make_towers

pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")
NUM_USERS, NUM_ITEMS, NUM_EVENTS = 32, 24, 10
START, DAY = 1_600_000_000, 86_400
FEATURES = from_dict(
    {
        "features": {
            "items": {"price": "number", "image": "vector", "released": "time"},
            "users": {"age": "number", "joined": "time", "clubs": "categories"},
            "context": {"device": "category"},
        }
    }
).features


def cheap(item):
    return item % 2 == 0


def make_shop(seed=0):
    """`(Dataset, Interactions)`: on a phone people choose what is cheap, else not."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(NUM_USERS):
        left = {True: list(rng.permutation(12) * 2), False: []}
        left[False] = list(rng.permutation(12) * 2 + 1)
        for place in range(NUM_EVENTS):
            is_phone = bool(rng.random() < 0.5)
            item = left[is_phone].pop()
            device = "phone" if is_phone else "desktop"
            rows.append((f"u{user}", f"i{item}", START + place * DAY + user, device))
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp", "device"])
    items = pd.DataFrame(
        {
            "item_id": [f"i{item}" for item in range(NUM_ITEMS)],
            "price": [
                5.0 + item / 9 if cheap(item) else 80 + item for item in range(24)
            ],
            "image": [[1.0, 0, item % 3] for item in range(NUM_ITEMS)],
            "released": [START - item * DAY for item in range(NUM_ITEMS)],
        }
    )
    users = pd.DataFrame(
        {
            "user_id": [f"u{user}" for user in range(0, NUM_USERS, 2)],
            "age": rng.integers(18, 80, NUM_USERS // 2),
            "joined": START - DAY,
            "clubs": ["red|blue", "", "red", "green"] * 4,
        }
    )
    named = (FEATURES.columns(side) for side in ("context", "items", "users"))
    dataset = Dataset(
        "shop",
        *(
            kind(frame, columns)
            for kind, frame, columns in zip(
                (Events, Items, Users), (events, items, users), named, strict=True
            )
        ),
    )
    return dataset, encode(dataset, FeedbackRules(), features=FEATURES)


@pytest.fixture(scope="module")
def shop():
    return make_shop()


@pytest.fixture(scope="module")
def model(shop):
    """A `TwoTower` trained by Keras' own `fit`."""
    dataset, interactions = shop
    keras.utils.set_random_seed(0)
    model = make_towers(small_config("model.id_dropout=1.0"))
    model.adapt(interactions, dataset.items, dataset.users)
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    model.fit(make_windows(interactions), steps_per_epoch=100, shuffle=False, verbose=0)
    return model


@pytest.fixture(scope="module")
def inference(model):
    weighting = Weights(
        of_known_items=np.ones(1, np.float32), bias=0, head_slope=1, intercept=0
    )
    return exact_inference(HybridScorer(model, [], weighting), max_interest_norm=50.0)


def asked_on(device, **features):
    """A request of somebody unknown."""
    given = {"context_device": tf.constant([device]), **features}
    return text_only(tf.constant([""]))._replace(features=given)


def test_the_context_decides_by_the_items_columns(model, shop):
    _, interactions = shop
    events = np.flatnonzero(np.arange(len(interactions)) % NUM_EVENTS == 9)
    queries = next_item_queries(interactions, events)
    scores = TowerRecommender(model).score(queries)
    best = np.argsort(-scores, axis=1)[:, :12] % 2 == 0
    is_phone = queries.target_rows % 2 == 0
    assert best[is_phone].mean() > 0.9
    assert best[~is_phone].mean() < 0.1


def test_a_request_says_what_the_log_said(model, shop):
    _, interactions = shop
    queries = next_item_queries(interactions, np.arange(0, 60, 7))
    features = interactions.features
    context = features.context.take(queries.events)
    users = features.users.take(queries.user_rows)
    inputs = {
        column.input_name: tf.constant(coded.raw(number, times))
        for coded, times in ((context, queries.timestamps), (users, None))
        for number, column in enumerate(coded.columns)
    }
    assert {*inputs} == {"context_device", "user_age", "user_joined", "user_clubs"}
    told = model.columns.of_request(inputs, tf.constant(queries.timestamps))
    known = model.columns.of_asking(
        queries.user_rows, tf.constant(queries.context_rows)[:, None]
    )
    np.testing.assert_allclose(told, known, atol=1e-5)


def test_a_new_item_says_what_one_of_the_catalogue_says(model):
    items = model.state.features.items
    names = [column.input_name for column in items.columns]
    inputs = {name: tf.constant(items.raw(n)) for n, name in enumerate(names)}
    new = model.columns.of_new_items(inputs, NUM_ITEMS)
    known = model.columns.of_items(tf.range(NUM_ITEMS))
    np.testing.assert_allclose(new.vectors, known.vectors, atol=1e-5)
    assert known.is_known.numpy().all()
    assert not model.columns.of_new_items({}, 2).is_known.numpy().any()


def test_new_items_are_judged_by_their_columns(inference):
    prices = tf.constant([5.5, 95.0])
    made, _ = inference.new_items.embed(
        tf.constant(["", ""]),
        tf.constant([""]),
        tf.constant([""]),
        {"item_price": prices},
    )
    for device, best in (("phone", 0), ("desktop", 1)):
        interest = inference.embed_query(asked_on(device))
        assert np.argmax(tf.linalg.matvec(made, interest[0])) == best


def test_what_is_unseen_or_absent_is_answered(inference):
    plain = inference.embed_query(text_only(tf.constant([""]))).numpy()
    blank = inference.embed_query(asked_on("", user_age=tf.constant([np.nan])))
    np.testing.assert_array_equal(blank, plain)
    odd = asked_on("fridge", user_age=tf.constant([np.inf]))
    assert np.isfinite(inference.embed_query(odd)).all()


def test_a_keras_file_keeps_the_columns(model, shop, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again.all_candidates(), model.all_candidates(), atol=1e-6
    )
    inputs = {
        "context_device": tf.constant(["phone"]),
        "user_clubs": tf.constant(["red"]),
    }
    now = tf.constant([START], tf.int64)
    np.testing.assert_allclose(
        again.columns.of_request(inputs, now),
        model.columns.of_request(inputs, now),
        atol=1e-6,
    )
    sample = again.sample_queries.interactions.features.context
    assert sample.values(0).tolist().count("phone") > 0


def test_the_evaluation_asks_with_the_context(inference, shop):
    _, interactions = shop
    queries = next_item_queries(interactions, np.arange(4))
    offline = HybridRecommender(inference.hybrid).interests(queries)
    changed = next_item_queries(interactions, np.arange(4))
    blank = type(queries)(**{**vars(changed), "events": np.full(4, -1)})
    assert (
        np.abs(offline - HybridRecommender(inference.hybrid).interests(blank)).max()
        > 0.1
    )


# === Coders ===


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40),
    st.floats(width=32),
)
def test_a_number_lies_between_two_knots(values, asked):
    cells = np.unique(np.array([*values], np.float32))
    cells = np.concatenate([[np.float32(np.nan)], cells])
    coder = NumberCoder.fit(cells, np.ones(len(cells), int))
    ids, weights = coder(tf.constant([asked, np.nan], tf.float32))
    assert ids[1].numpy().tolist() == [0, 0]
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), 1, atol=1e-5)
    if np.isfinite(asked):
        knots = np.append([0], coder.knots)
        assert (ids[0].numpy() > 0).all()
        said = (knots[ids[0]] * weights[0].numpy()).sum()
        inside = np.clip(np.float32(asked), coder.knots[0], coder.knots[-1])
        np.testing.assert_allclose(said, inside, rtol=1e-3, atol=1e-3 * np.ptp(knots))


def test_rare_and_unseen_names_share_rows():
    cells = np.array(["", "a|b", "b", "c"], object)
    coder = fit_coder("categories", cells, np.array([5, 3, 1, 1]))
    assert coder.names == ["b", "a"]
    ids, weights = coder(tf.constant(["", "a|b|a", "c", "new", "|b||"]))
    assert ids.numpy()[:, 0].tolist()[0] == 0
    np.testing.assert_allclose(tf.reduce_sum(weights, axis=1), 1, atol=1e-6)
    assert {*ids.numpy()[1][weights.numpy()[1] > 0]} == {17, 18}
    assert 0 < ids.numpy()[2, 0] < 17
    assert 0 < ids.numpy()[3, 0] < 17
    assert ids.numpy()[4, 0] == 17


@pytest.mark.parametrize(
    "coder",
    [NumberCoder([1.0, 2.5]), NamesCoder(["é", "b"], "|"), VectorCoder(3, 0.5)],
)
def test_a_coder_is_made_again_from_what_is_stored(coder):
    again = type(coder)(**coder.to_json())
    assert again.num_ids == coder.num_ids
    assert again.to_json() == coder.to_json()
