"""Texts of people in training: what learns from them, and what they come to."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.model.asking import Asked, make_query
from tests.model.conftest import make_windows
from tests.toy_log import GENRES, toy_events, toy_items, toy_users
from tfrec.data.feedback import FeedbackRules
from tfrec.data.interactions import encode
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.data.split import make_split
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.hybrid.log_texts import log_texts
from tfrec.hybrid.offline_scores import HybridRecommender, tower_queries
from tfrec.inference.inference import exact_inference
from tfrec.text.lstm import LstmEncoder
from tfrec.text.vocabulary import learn_vocabulary
from tfrec.towers.two_tower import TwoTower

# Keras' own: its variables do not know the `copy` of NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")
SMALL = {"embedding_dim": 8, "num_heads": 1, "window_length": 8, "bm25_dim": 8}


def searches(log):
    """A search before every third event: the words of the genre of its item."""
    rows = log.iloc[::3]
    genres = rows["item_id"].str.partition("-")[0]
    return pd.DataFrame(
        {
            "user_id": rows["user_id"],
            "item_id": "",
            "timestamp": rows["timestamp"] - 1,
            "event": "search",
            "text": genres.map(GENRES),
        }
    )


def make_model(*, items=True, profiles=False, texts=False, shared=True, **given):
    """`(TwoTower, Split, Dataset)` of the toy log, with some of its texts."""
    keras.utils.set_random_seed(0)
    log, catalogue = toy_events(), toy_items()
    if texts:
        log = pd.concat([log, searches(log)], ignore_index=True).fillna({"text": ""})
    if not items:
        catalogue = catalogue[["item_id"]]
    users = toy_users() if profiles else toy_users()[["user_id"]]
    dataset = Dataset("toy", Events(log), Items(catalogue), Users(users))
    split = make_split(encode(dataset, FeedbackRules()), "rolling", 0.1)
    vocabulary = learn_vocabulary([*GENRES.values(), "Likes About"], 80)
    encoders = [LstmEncoder(vocabulary, 8, units=8, max_length=8) for _ in range(2)]
    model = TwoTower(**(SMALL | given)).adapt(
        split.train,
        dataset.items,
        dataset.users,
        encoders[0],
        query_text_encoder=None if shared else encoders[1],
    )
    return model, split, dataset


def gradients(model, split, encoder):
    """Largest gradient of the loss by each of an encoder's weights."""
    batch = next(iter(make_windows(split.train, batch_size=16)))
    with tf.GradientTape() as tape:
        outputs = model(batch, training=True)
        loss = model.compute_loss(batch, y_pred=outputs)
    found = tape.gradient(loss, encoder.trainable_variables)
    whole = [0.0 if each is None else tf.convert_to_tensor(each) for each in found]
    return [float(tf.reduce_max(tf.abs(each))) for each in whole]


@pytest.mark.parametrize("side", [{"profiles": True}, {"texts": True}])
def test_what_people_write_teaches_the_encoder(side):
    """Items have no texts here, so that nothing else can."""
    model, split, _ = make_model(items=False, **side)
    assert min(gradients(model, split, model.text_encoder)) > 0
    without, split, _ = make_model(items=False)
    assert max(gradients(without, split, without.text_encoder)) == 0


def test_two_encoders_learn_apart():
    model, split, _ = make_model(profiles=True, texts=True, shared=False)
    assert model.query_text_encoder is not model.text_encoder
    assert min(gradients(model, split, model.text_encoder)) > 0
    assert min(gradients(model, split, model.query_text_encoder)) > 0
    assert set(model.texts.tables) == {"items", "profiles", "events", "searches"}


@pytest.fixture(scope="module")
def apart():
    """`(TwoTower, Split)` with two encoders and all kinds of texts."""
    model, split, _ = make_model(profiles=True, texts=True, shared=False)
    return model, split


def test_two_encoders_read_people_and_items_apart(apart):
    """In the graph as in the log: profile, search and item by the encoder of theirs."""
    model, split = apart
    inference = exact_inference(
        HybridModel(model).fit_scorers(split.train).hybrid_scorer()
    )
    text = tf.constant(["waves and deep water"])
    of_items = inference.new_items.text_vectors(text)[:, :8]
    of_people = inference.encoder.text_vectors(text)[:, :8]
    np.testing.assert_allclose(of_items, model.text_encoder(text), atol=1e-6)
    np.testing.assert_allclose(of_people, model.query_text_encoder(text), atol=1e-6)
    assert np.abs(of_items - of_people).max() > 1e-3


def test_two_encoders_are_saved(apart, tmp_path):
    model, split = apart
    model.save(tmp_path / "two.keras")
    again = keras.models.load_model(tmp_path / "two.keras")
    batch = next(iter(make_windows(split.train)))
    np.testing.assert_array_equal(again(batch)["queries"], model(batch)["queries"])
    text = tf.constant(["old guitars"])
    for name in ("text_encoder", "query_text_encoder"):
        found, expected = (getattr(each, name)(text) for each in (again, model))
        np.testing.assert_array_equal(found, expected)


# === Texts of the log ===


@pytest.fixture(scope="module")
def written():
    """`(HybridModel, Split)` with texts of events."""
    model, split, _ = make_model(texts=True)
    return HybridModel(model).fit_scorers(split.train), split


def as_request(queries, number):
    """What a client sends for a question about the log."""
    log, texts = queries.interactions, queries.interactions.event_texts
    user, now = queries.user_rows[number], queries.timestamps[number]
    events = np.arange(log.offsets[user], queries.history_ends[number])
    is_own = (texts.user_rows == user) & (texts.timestamps < now)
    rows = [(log.timestamps[e], log.item_ids[log.item_rows[e]], "") for e in events]
    rows += [
        (time, "", texts.texts[row])
        for time, row in zip(
            texts.timestamps[is_own], texts.text_rows[is_own], strict=True
        )
    ]
    times, items, said = zip(*sorted(rows), strict=True)
    query = make_query([list(items)], [list(times)], history_texts=[list(said)])
    return query._replace(now=tf.constant([now], tf.int64))


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_evaluation_reads_what_a_server_reads(written, weight):
    hybrid, split = written
    hybrid.weights = dataclasses.replace(hybrid.weights, event_texts=weight)
    queries = split.queries.take(np.arange(12))
    offline = HybridRecommender(hybrid.hybrid_scorer()).interests(queries)
    asked = Asked(exact_inference(hybrid.hybrid_scorer()))
    for number, expected in enumerate(offline):
        found = asked.embed(as_request(queries, number))[0]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_training_reads_what_evaluation_reads(written):
    """The last place of a window, and the same moment as a question."""
    hybrid, split = written
    model = hybrid.towers
    candidates = model.all_candidates().numpy()
    with_texts = tower_queries(model, split.queries, candidates)
    texts, model.state = (
        model.state,
        dataclasses.replace(model.state, event_texts=np.empty(0, object)),
    )
    try:
        assert log_texts(model, split.queries) is None
        without = tower_queries(model, split.queries, candidates)
    finally:
        model.state = texts
    assert np.abs(with_texts - without).max() > 1e-3


def test_validation_chooses_how_much_they_count(written):
    hybrid, split = written
    hybrid.weights = dataclasses.replace(hybrid.weights, event_texts=1.0)
    hybrid.choose_text_weight(split.queries)
    assert hybrid.weights.event_texts > 1  # each search names what is chosen next


def test_without_the_feature_nothing_is_read():
    model, split, _ = make_model(texts=True, features=("event",))
    assert not model.has_event_texts
    assert log_texts(model, split.queries) is None


# === People and items that nobody has seen ===


@pytest.mark.parametrize("profiles", [True, False])
def test_score_texts_knows_nothing_but_texts(profiles):
    model, split, _ = make_model(profiles=profiles)
    hybrid = HybridModel(model).fit_scorers(split.train)
    hybrid.weights = dataclasses.replace(hybrid.weights, of_texts=(0.0, 2.0, -1.0))
    inference = exact_inference(hybrid.hybrid_scorer())
    people = tf.constant(["Likes old guitars", "Likes old guitars", ""])
    titles = tf.constant(["songs and old guitars", "roses", "roses"])
    blank = tf.constant([""])
    found = inference.score_texts(people, titles, blank, blank).numpy()
    interest = inference.embed_query(make_query([[]] * 3, user_text=people.numpy()))
    vectors, _ = inference.new_items.embed(titles, blank, blank, {})
    scores = tf.reduce_sum(interest * vectors, axis=1)
    scores -= interest[:, -1]  # no sign of interest
    np.testing.assert_allclose(found, tf.sigmoid(2 * scores - 1), rtol=1e-4)
    assert len(set(found.round(5))) == 3
    if not profiles:  # then the words of people count as those of a search
        assert found[0] > found[1]
