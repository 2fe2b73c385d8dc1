"""Tests of tfrec.recommender: from frames to answers, and back from files."""

import dataclasses
import logging

import numpy as np
import pandas as pd
import pytest

import tfrec
from tfrec.client.histories import QueryError
from tfrec.config import from_dict
from tfrec.data.schema import Events
from tfrec.errors import ConfigError, DataError, NotBuiltError
from tfrec.evaluation.notebook import Report
from tfrec.export.in_memory import InMemoryModel
from tfrec.training.log import prepare

NUM_USERS, NUM_ITEMS = 40, 18
COLUMNS = ["query", "rank", "item_id", "title", "score", "probability"]
SMALL = {"max_epochs": 1, "embedding_dim": 8, "scorers": ["popularity"], "num_heads": 1}


@pytest.fixture(scope="module")
def events():
    """Even users like even items and odd ones odd items; two are left to each."""
    log = [(u, (2 * t + u) % 18, 60 * t) for t in range(7) for u in range(NUM_USERS)]
    return pd.DataFrame(log, columns=["user_id", "item_id", "timestamp"])


@pytest.fixture(scope="module")
def items():
    titles = [f"Number {number}" for number in range(NUM_ITEMS)]
    return pd.DataFrame({"item_id": range(NUM_ITEMS), "title": titles})


@pytest.fixture(scope="module")
def fitted(events, items):
    return tfrec.Recommender(text_encoder="none", **SMALL).fit(
        events, items, verbose=False
    )


def test_recommends_by_history(fitted):
    found = fitted.recommend([[4, "8", 2], []], k=3)
    assert found.columns.tolist() == COLUMNS
    assert found["query"].tolist() == [0] * 3 + [1] * 3
    assert found["rank"].tolist() == [1, 2, 3] * 2
    assert not {"4", "8", "2"} & {*found["item_id"][:3]}
    assert found["title"].tolist() == [f"Number {each}" for each in found["item_id"]]
    assert found["probability"].between(0, 1).all()


def test_people_are_items_but_not_their_own(events, items):
    """Each user follows the next one; saved and restored, they are items once."""
    users = pd.DataFrame({"user_id": [f"u{u}" for u in range(NUM_USERS)]})
    log = events.assign(user_id="u" + events["user_id"].astype(str))
    follows = pd.DataFrame(
        [(f"u{u}", f"u{(u + 1) % NUM_USERS}", 500 + u) for u in range(NUM_USERS)],
        columns=log.columns,
    )
    fitted = tfrec.Recommender(text_encoder="none", people="people", **SMALL).fit(
        pd.concat([log, follows]), items, users, verbose=False
    )
    everything = NUM_ITEMS + NUM_USERS
    found = fitted.recommend(user_ids=["u3"], k=everything, domain=["people"])
    people = {f"u{u}" for u in range(NUM_USERS)}
    assert set(found["item_id"]) == people - {"u3", "u4"}
    found = fitted.recommend([["u3"], []], k=everything, exclude=[["u5"], []])
    counts = found.groupby("query")["item_id"].nunique()
    assert counts.tolist() == [everything - 2, everything]


def test_users_of_the_log_have_their_texts(fitted, events, monkeypatch):
    """Events of the log, in order of time, with what was written at them."""
    search = {"user_id": 7, "item_id": "", "timestamp": 90, "event": "search"}
    log = pd.concat([events, pd.DataFrame([search | {"text": "Number 3"}])])
    dataset = dataclasses.replace(fitted._data.dataset, events=Events(log))
    monkeypatch.setattr(fitted, "_data", prepare(dataset, fitted.config))
    told = {}

    def predict(signature, inputs):
        told.update(inputs)
        return type(fitted).predict(fitted, signature, inputs)

    monkeypatch.setattr(fitted, "predict", predict)
    fitted.recommend(user_ids=[7])
    items = [str(item) for item in events[events["user_id"] == 7]["item_id"]]
    history = ["", *items[:2], "", *items[2:]]
    assert told["history_item_ids"].tolist() == [history]
    texts = [""] * len(history)
    texts[3] = "Number 3"
    assert told["history_texts"].tolist() == [texts]


def test_histories_have_many_forms(fitted):
    rows = [("4", "view", 1.0, 10), ("8", "view", 1.0, 20)]
    frame = pd.DataFrame(rows, columns=["item_id", "event", "value", "timestamp"])
    candidates_of_settings = [
        rows,
        frame.to_dict("records"),
        frame,
        [[4, "view", 1, 10], (8, "view", 1, 20)],
    ]
    found = fitted.recommend(candidates_of_settings, k=5)
    answers = [each["item_id"].tolist() for _, each in found.groupby("query")]
    assert len(answers) == 4
    assert all(each == answers[0] for each in answers)


def test_recommends_to_users_of_the_log(fitted, events):
    found = fitted.recommend(user_ids=[3, "7"], k=2)
    assert found["query"].tolist() == ["3", "3", "7", "7"]
    met = {*events["item_id"][events["user_id"] == 3].astype(str)}
    assert not met & {*found["item_id"][:2]}


def test_judges_and_explains_items(fitted):
    chances = fitted.interest([4, 8, 2], [6, "nothing"])
    assert chances.index.tolist() == ["6", "nothing"]
    assert 0 < chances["6"] < 1
    assert chances["nothing"] == 0
    shares = fitted.explain([(4, "view", 1, 9), (8, "view", 1, 5)], [6])
    assert shares.columns.tolist() == ["4", "8"]  # in the order given
    assert shares.loc["6"].sum() == pytest.approx(1, abs=1e-4)
    search = {"event": "search", "text": "quiet sea", "timestamp": 7}
    assert fitted.explain([4, search], [6]).columns.tolist() == ["4", "quiet sea"]


def test_says_why(fitted):
    history = [(4, "view", 1, 9), (8, "view", 1, 5)]
    shares = fitted.explain(history, [6])
    title = fitted.titles[shares.loc["6"].idxmax()]
    found = fitted.reasons(history, [6], lang="zh")
    assert found["6"] == f"因为您浏览过“{title}”"
    assert fitted.reasons([], [6])["6"] is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"histories": ["4", "8"]}, "`history` must be a list of events"),
        ({"histories": "4"}, r"`histories` must be a list of histories.*\[history\]"),
        (
            {"histories": pd.DataFrame({"item_id": ["4"]})},
            "must be a list of histories",
        ),
        ({"histories": [[4]], "user_text": ["a", "b"]}, "one for each history, 1"),
        ({"histories": [[4]], "exclude": "4"}, "`exclude` must be a list"),
        ({"histories": []}, "at least one history"),
        ({"user_ids": ["nobody"]}, "must be users of the log"),
        ({"user_ids": "3"}, "`user_ids` must be a list"),
        ({"user_ids": ["3"], "histories": [[4]]}, "not both"),
    ],
)
def test_what_cannot_be_asked_is_said(fitted, asked, words):
    with pytest.raises(QueryError, match=words):
        fitted.recommend(**asked)


def test_settings_are_keys_of_the_configuration():
    recommender = tfrec.Recommender(text_encoder="lstm", half_life_days=30, seed=7)
    config = recommender.config
    assert config.model.text_encoder == "lstm"
    assert config.data.half_life_days == config.model.half_life_days == 30.0
    assert config.train.seed == config.evaluation.seed == 7
    assert tfrec.Recommender(config, seed=8).config.model.text_encoder == "lstm"
    with pytest.raises(ConfigError, match="Did you mean `max_epochs`"):
        tfrec.Recommender(max_epoch=3)
    with pytest.raises(ConfigError, match="Unknown setting `folder`"):
        tfrec.Recommender(folder="here")


def test_items_like_others(fitted):
    found = fitted.similar([4, "nope", "7"], k=5)
    assert found.columns.tolist() == ["query", "rank", "item_id", "title", "score"]
    assert found["query"].tolist() == ["4"] * 5 + ["7"] * 5
    assert found["rank"].tolist() == [*range(1, 6)] * 2
    assert (found["item_id"] != found["query"]).all()
    assert found["title"].tolist() == [f"Number {each}" for each in found["item_id"]]
    numbers = found["item_id"].astype(int) + found["query"].astype(int)
    assert (numbers % 2 == 0).mean() > 0.7  # even ones are like even ones
    some = fitted.similar(["4"], k=18, exclude=[6, 8])
    assert set(some["item_id"]) == {str(n) for n in range(18)} - {"4", "6", "8"}


def test_before_it_has_learnt():
    recommender = tfrec.Recommender()
    for ask in (
        lambda: recommender.recommend([["4"]]),
        lambda: recommender.similar(["4"]),
        lambda: recommender.evaluate(verbose=False),
        lambda: recommender.export(verbose=False),
        lambda: recommender.save("nowhere"),
    ):
        with pytest.raises(NotBuiltError, match="Call `fit`"):
            ask()


def test_wrong_tables_are_refused_in_words(events):
    recommender = tfrec.Recommender()
    with pytest.raises(DataError, match="must have a column `item_id`"):
        recommender.fit(events.drop(columns="item_id"), verbose=False)
    with pytest.raises(DataError, match="No file|not exist|cannot be read|must be"):
        recommender.fit("no/such/folder", verbose=False)


def test_a_fit_that_fails_changes_nothing(fitted, events):
    before = fitted.recommend(user_ids=[3], k=2)
    with pytest.raises(DataError, match="must have a column `item_id`"):
        fitted.fit(events.drop(columns="item_id"), verbose=False)
    pd.testing.assert_frame_equal(fitted.recommend(user_ids=[3.0], k=2), before)


def test_a_frame_without_times(events, items, caplog):
    """One line says what is lost; all else is as for any other log."""
    log = events.drop(columns="timestamp")
    recommender = tfrec.Recommender(text_encoder="none", **SMALL)
    with caplog.at_level(logging.WARNING):
        recommender.fit(log, items, verbose=False)
    assert [line.partition(".")[0] for line in caplog.messages] == [
        "No event has a time"
    ]
    found = recommender.recommend([[4, 8, 2], [2, 4, 8]], k=3)
    assert found["item_id"][:3].tolist() == found["item_id"][3:].tolist()
    assert len(recommender.recommend(user_ids=[7], k=3)) == 3
    with pytest.raises(ConfigError, match='`evaluation.split` must be "random"'):
        recommender.evaluate("rolling", verbose=False)
    with pytest.raises(ConfigError, match="`data.half_life_days` must be 0"):
        tfrec.Recommender(half_life_days=9).fit(log, verbose=False)
    of_model = from_dict({"model": {"half_life_days": 0.5}})
    with pytest.raises(ConfigError, match="`model.half_life_days` must be 0"):
        tfrec.Recommender(of_model).fit(log, verbose=False)


def test_only_a_recommender_is_replaced(fitted, tmp_path):
    (tmp_path / "config.json").write_text("{}")  # of a person's own model
    with pytest.raises(FileExistsError, match="must not be there"):
        fitted.save(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["config.json"]


def test_a_model_without_weights_says_so(fitted, caplog):
    model = tfrec.HybridModel(fitted._trained.towers)
    with caplog.at_level(logging.WARNING):
        InMemoryModel(model)
    assert "weights of towers and scorers were not chosen" in caplog.text
    assert "Probabilities were not calibrated" in caplog.text


@pytest.mark.slow
def test_the_same_answers_from_everywhere(fitted, tmp_path):
    """In memory, exported, saved and restored, exported again."""
    histories = [[4, 8, 2], [("5", "view", 1.0, 100)], []]
    expected = fitted.recommend(histories, k=4)
    (folder,) = fitted.export(tmp_path / "models", "shop", verbose=False)
    fitted.save(tmp_path / "shop.rec")
    fitted.save(tmp_path / "shop.rec")  # in place of the first
    restored = tfrec.Recommender.restore(tmp_path / "shop.rec")
    (again,) = restored.export(tmp_path / "models", "shop", verbose=False)
    with pytest.raises(NotBuiltError, match="Call `fit` to build another"):
        restored.export(tmp_path / "models", "shop", index="exact")
    assert (folder.name, again.name) == ("1", "2")
    for model in (
        tfrec.load(folder),
        restored,
        tfrec.load(tmp_path / "models" / "shop"),
    ):
        found = model.recommend(histories, k=4)
        assert found["item_id"].tolist() == expected["item_id"].tolist()
        np.testing.assert_allclose(found["score"], expected["score"], atol=1e-4)
    user = restored.recommend(user_ids=[3], k=2)
    assert (
        user["item_id"].tolist()
        == fitted.recommend(user_ids=[3], k=2)["item_id"].tolist()
    )


@pytest.mark.slow
def test_evaluates_itself(fitted):
    report = fitted.evaluate(verbose=False)
    assert isinstance(report, Report)
    assert 0 < report.metrics["ndcg@10"] <= 1
    assert report.table.index[0] == "tfrec"
    assert "popularity" in report.table.index
    assert report.to_markdown().startswith("# tfrec\n")
    page = report._repr_html_()
    assert page.count("<img ") == 3
    assert "The best baseline" in page
