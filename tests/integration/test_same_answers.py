"""One model, four ways to ask it: the ids are the same, place by place."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from serving.batch_score import main as batch_score
from tests.serving.programs import run_program
from tests.serving.server_process import serving
from tests.toy_log import DAY_S, GENRES, NUM_DAYS, START, toy_events, toy_users
from tfrec.client.client import RecommenderClient
from tfrec.export.loaded import load
from tfrec.inference.inference import exact_inference
from tfrec.inference.request import QueryInputs, RequestOptions, options_for

K = 7
FLAVOURS = ("exact", "scann")
EVENTS = toy_events().assign(value=1.0)
PROFILES = toy_users().set_index("user_id")["text"]


def make_queries():
    """Frame of questions: in mid-log, at its end, before it, of an unknown user."""
    users = [f"u{number:03d}" for number in range(0, 120, 11)]
    rows = [
        (f"{user}@{day}", user, START + day * DAY_S)
        for user in [*users, "stranger"]
        for day in (-1, NUM_DAYS // 2, NUM_DAYS + 1)
    ]
    return pd.DataFrame(rows, columns=["query_id", "user_id", "timestamp"])


QUERIES = make_queries()


def history_of(query):
    """Frame of what the user did before the moment of the query."""
    is_before = EVENTS["timestamp"] < query.timestamp
    return EVENTS[is_before & (EVENTS["user_id"] == query.user_id)]


HISTORIES = [history_of(query) for query in QUERIES.itertuples()]
TEXTS = [PROFILES.get(user, "") for user in QUERIES["user_id"]]


def padded(column, padding, dtype):
    """`[queries, longest]` array of a column of the histories, padded in front."""
    width = max(map(len, HISTORIES))
    rows = np.full((len(HISTORIES), width), padding, dtype)
    for row, history in zip(rows, HISTORIES, strict=True):
        row[width - len(history) :] = history[column]
    return rows


@pytest.fixture(scope="module")
def inputs():
    """The questions as the arrays of the signature `recommend`."""
    size = len(QUERIES)
    return {
        "user_text": np.array(TEXTS, object),
        "query_text": np.full(size, "", object),
        "history_item_ids": padded("item_id", "", object),
        "history_texts": np.full((size, 1), "", object),
        "history_events": padded("event", "", object),
        "history_values": padded("value", 0, np.float32),
        "history_timestamps": padded("timestamp", 0, np.int64),
        "now": QUERIES["timestamp"].to_numpy(np.int64),
        "k": np.full(size, K, np.int32),
        "exclude_item_ids": np.full((size, 1), "", object),
        "met_item_ids": np.full((size, 1), "", object),
        "categories": np.full((size, 1), "", object),
        "domain": np.full((size, 1), "", object),
        "min_probability": np.zeros(size, np.float32),
        "diversity": np.zeros(size, np.float32),
        "boost_labels": np.full((size, 1), "", object),
        "boost_values": np.zeros((size, 1), np.float32),
        "freshness_weight": np.zeros(size, np.float32),
        "freshness_half_life_hours": np.zeros(size, np.float32),
    }


@pytest.fixture(scope="module")
def expected(trained, inputs):
    """`(ids, scores, probabilities)` of the model in memory, searched exactly."""
    return in_memory(trained, inputs)


def in_memory(trained, inputs):
    inference = exact_inference(trained.model.hybrid_scorer())
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    query = QueryInputs(**{n: tensors[n] for n in QueryInputs._fields if n in tensors})
    names = [name for name in RequestOptions._fields if name in tensors]
    options = RequestOptions(**{name: tensors[name] for name in names})
    found = inference.recommend(query, options, tf.constant([False]))
    ids, scores, probabilities = (each.numpy() for each in found)
    return np.vectorize(bytes.decode, otypes=[object])(ids), scores, probabilities


def assert_same(found, expected):
    """Ids equal in every place; figures as near as two graphs get."""
    assert found[0].tolist() == expected[0].tolist()
    for values, wanted in zip(found[1:], expected[1:], strict=True):
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-5)


def test_the_questions_are_worth_asking(expected):
    ids, scores, probabilities = expected
    assert ids.shape == (len(QUERIES), K)
    assert (ids != "").all()
    assert (np.diff(scores) <= 0).all()
    assert ((probabilities > 0) & (probabilities < 1)).all()
    assert len({tuple(row) for row in ids}) > len(QUERIES) / 2, "all alike"
    for row, history in zip(ids, HISTORIES, strict=True):
        assert not set(row) & set(history["item_id"])


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_reloaded_model(artefact_folders, inputs, expected, flavour):
    answer = load(artefact_folders[flavour]).predict("recommend", inputs)
    ids = np.vectorize(bytes.decode, otypes=[object])(answer["item_ids"])
    assert_same((ids, answer["scores"], answer["probabilities"]), expected)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_boosts_of_a_genre(trained, artefact_folders, inputs, expected, flavour):
    """Each list as in memory; more of the genre than without, and by one score more."""
    size, genre = len(QUERIES), next(iter(GENRES))
    how = {
        "boost_labels": np.full((size, 1), genre, object),
        "boost_values": np.full((size, 1), 0.5, np.float32),
    }
    answer = load(artefact_folders[flavour]).predict("recommend", inputs | how)
    ids = np.vectorize(bytes.decode, otypes=[object])(answer["item_ids"])
    found = (ids, answer["scores"], answer["probabilities"])
    assert_same(found, in_memory(trained, inputs | how))

    def of_genre(ids):
        return np.char.startswith(ids.astype(str), genre)

    assert of_genre(ids).sum() > of_genre(expected[0]).sum()
    for row in range(size):
        plain = dict(zip(expected[0][row], expected[1][row], strict=True))
        for item_id, score in zip(ids[row], found[1][row], strict=True):
            if item_id in plain:
                lift = 0.5 * item_id.startswith(genre)
                assert score == pytest.approx(plain[item_id] + lift, abs=1e-3)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_items_like_others(trained, artefact_folders, flavour):
    """In memory and on disk; most are of the item's own genre."""
    model = load(artefact_folders[flavour])
    asked = [*(f"{genre}-{number:02d}" for genre in GENRES for number in range(15))]
    found = model.similar(asked, k=K)
    inference = exact_inference(trained.model.hybrid_scorer())
    ids, scores = inference.similar(tf.constant(asked), options_for(K, ()))
    expected = [each.decode() for row in ids.numpy() for each in row]
    assert found["item_id"].tolist() == expected
    np.testing.assert_allclose(
        found["score"], scores.numpy().ravel(), rtol=1e-4, atol=1e-4
    )
    assert (found["query"] != found["item_id"]).all()
    genres = (found[name].str.partition("-")[0] for name in ("query", "item_id"))
    assert np.equal(*genres).mean() > 0.8  # by chance: 0.24


def test_people_and_items_that_nobody_has_seen(trained, artefact_folders):
    """By texts alone, in memory and on disk; a profile of the log, and a new item."""
    people = ["Likes waves and deep water."] * 2 + ["Likes songs and old guitars."] * 2
    titles, categories = ["Of deep water", "Of old guitars"] * 2, ["océan", "music"] * 2
    model = load(artefact_folders["exact"])
    found = model.score_texts(people, titles, category=categories)
    texts = map(tf.constant, (people, titles, [""], categories))
    inference = exact_inference(trained.model.hybrid_scorer())
    np.testing.assert_allclose(found, inference.score_texts(*texts), rtol=1e-4)
    assert ((found > 0) & (found < 1)).all()
    assert len(set(found.round(4))) == 4  # each side says something


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_server_and_client(artefact_folders, expected, flavour):
    base = artefact_folders[flavour].parent
    flags = (f"--model_name={base.name}", f"--model_base_path={base}")
    requests = [
        {
            "history": history[["item_id", "event", "value", "timestamp"]],
            "user_text": text,
            "now": int(now),
            "k": K,
        }
        for history, text, now in zip(
            HISTORIES, TEXTS, QUERIES["timestamp"], strict=True
        )
    ]
    with serving(*flags) as server, RecommenderClient(server.target, base.name) as ask:
        many = ask.recommend_many(requests)
        alone = [ask.recommend(**request) for request in requests[:3]]
    found = [
        np.array([[getattr(each, name) for each in row] for row in many], kind)
        for name, kind in (
            ("item_id", object),
            ("score", float),
            ("probability", float),
        )
    ]
    assert_same(found, expected)
    assert [[each.item_id for each in row] for row in alone] == found[0][:3].tolist()


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_batch_scoring(
    trained, artefact_folders, expected, flavour, tmp_path, monkeypatch
):
    QUERIES.to_csv(tmp_path / "queries.csv", index=False)
    options = {
        "model": artefact_folders[flavour],
        "events": trained.data / "events.parquet",
        "users": trained.data / "users.parquet",
        "queries": tmp_path / "queries.csv",
        "out": tmp_path / "out.parquet",
        "k": K,
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    assert run_program(monkeypatch, batch_score, *flags) == 0
    rows = pd.read_parquet(tmp_path / "out.parquet")
    assert rows["query_id"].tolist() == list(np.repeat(QUERIES["query_id"], K))
    assert rows["rank"].tolist() == [*range(1, K + 1)] * len(QUERIES)
    shape = expected[0].shape
    columns = ("item_id", "score", "probability")
    assert_same([rows[name].to_numpy().reshape(shape) for name in columns], expected)
