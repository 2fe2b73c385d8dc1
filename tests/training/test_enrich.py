"""Tests of training.enrich: tables beside a log."""

import shutil

import pandas as pd
import pytest

from serving.gateway.titles import ItemTitles
from tests.integration.tiny_bert import write_tiny_bert
from tests.toy_log import GENRES, toy_config, toy_events, toy_items, write_toy_log
from tfrec.config import Config, DataConfig, load_config
from tfrec.data.item_words import text_hash
from tfrec.errors import DataError
from tfrec.training.log import load_run_data
from tfrec.training.run import run
from training.enrich import enrich

QUICK = ["train.max_epochs=1", "train.refit=train", "evaluation.baselines=false"]
REVIEW = "A wonderful review, loved it"


def items_of(folder, **data):
    """The items of a folder, as a run reads them."""
    config = Config(data=DataConfig(folder=str(folder), **data))
    return load_run_data(config).dataset.items


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """Override that names a BERT of some kilobytes."""
    words = [*" ".join([*GENRES, *GENRES.values()]).split(), "number", "about"]
    folder = write_tiny_bert(tmp_path_factory.mktemp("bert") / "tiny", words)
    return [f"text.preset={folder}", "text.max_length=16"]


@pytest.fixture(scope="module")
def log(tmp_path_factory, preset):
    """A toy log whose events have texts, enriched; not to be changed."""
    folder = write_toy_log(tmp_path_factory.mktemp("log") / "shop")
    events = toy_events()
    events["text"] = ""
    events.loc[:9, "text"] = "质量太差了，非常失望"
    events.loc[10:, "text"] = REVIEW  # some thousand identical ones
    events.to_parquet(folder / "events.parquet")
    enrich(folder, None, preset)
    return folder


def test_each_item_and_each_distinct_text_has_a_row(log):
    items = pd.read_parquet(log / "items_words.parquet")
    texts = pd.read_parquet(log / "texts_words.parquet").set_index("text_hash")
    assert [*items["item_id"]] == [*toy_items()["item_id"]]
    assert all(
        topic.startswith(item_id.split("-")[0]) or "océan" in topic
        for topic, item_id in zip(items["topic"], items["item_id"], strict=True)
    )
    assert set(items["language"]) <= {"en", "fr", "de", "es", ""}
    assert "patient soil" in set(items["keywords"].str.split("|").explode())
    assert len(texts) == 2
    assert texts.loc[text_hash(REVIEW), "language"] == "en"
    assert texts.loc[text_hash(REVIEW), "sentiment"] > 0.5
    assert texts["sentiment"].min() < -0.5


def test_keywords_do_not_repeat_categories(log):
    items = pd.read_parquet(log / "items_words.parquet")
    for keywords, category in zip(
        items["keywords"], toy_items()["category"], strict=True
    ):
        assert not {*keywords.split("|")} & {*category.split("|")}


def test_again_is_the_same_and_reads_nothing(log, preset, caplog):
    tables = [log / "items_words.parquet", log / "texts_words.parquet"]
    before = [pd.read_parquet(path) for path in tables]
    with caplog.at_level("INFO"):
        enrich(log, None, preset)
    assert "Reading keywords, sentiment and language: 0." in caplog.messages
    for path, frame in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(path), frame)


@pytest.mark.parametrize("encoder", ["none", "lstm", "precomputed"])
def test_without_a_pretrained_encoder_there_are_no_topics(tmp_path, caplog, encoder):
    folder = write_toy_log(tmp_path / "shop")
    with caplog.at_level("INFO"):
        enrich(folder, None, [f"model.text_encoder={encoder}"])
    words = pd.read_parquet(folder / "items_words.parquet")
    assert set(words["topic"]) == {""}
    assert "No topics" in caplog.text
    assert not (folder / "texts_words.parquet").exists()


def test_a_log_without_texts_is_refused(tmp_path):
    folder = write_toy_log(tmp_path / "shop", with_items=False)
    with pytest.raises(DataError, match=r"must have texts.*without any"):
        enrich(folder, None, [])


def test_a_run_takes_them_over(log):
    frame = items_of(log).frame
    words = pd.read_parquet(log / "items_words.parquet")
    assert [*frame["keywords"]] == [*words["keywords"]]
    assert [*frame["topic"]] == [*words["topic"]]


def test_texts_end_with_them_where_that_is_asked_for(log):
    plain, more = (
        load_run_data(
            Config(data=DataConfig(folder=str(log), words_in_texts=asked))
        ).dataset.items
        for asked in (False, True)
    )
    words = pd.read_parquet(log / "items_words.parquet")
    keywords, topic = words["keywords"][0].replace("|", ", "), words["topic"][0]
    assert more.texts[0] == f"{plain.texts[0]}. {keywords}. {topic}"
    with pytest.raises(DataError, match=r"`data.words_in_texts` needs items with"):
        plain.of_parsed(plain.frame.drop(columns=["keywords", "topic"])).reading_words()


def test_an_item_that_changed_since_goes_without(log, tmp_path, caplog):
    folder = shutil.copytree(log, tmp_path / "shop")
    items = toy_items()
    items.loc[0, "title"] = "Another title"
    items.to_parquet(folder / "items.parquet")
    frame = load_run_data(
        Config(data=DataConfig(folder=str(folder)))
    ).dataset.items.frame
    assert (frame["keywords"][0], frame["topic"][0]) == ("", "")
    assert frame["topic"][1]
    assert "1 items have another text by now" in caplog.text


def test_an_item_without_a_text_has_no_words_and_has_not_changed(tmp_path, caplog):
    folder = write_toy_log(tmp_path / "shop")
    toy_items()[:-1].to_parquet(
        folder / "items.parquet"
    )  # the last is in the log alone
    enrich(folder, None, ["model.text_encoder=none"])
    frame = load_run_data(
        Config(data=DataConfig(folder=str(folder)))
    ).dataset.items.frame
    assert [*frame["item_id"]] == [*toy_items()["item_id"]]
    assert frame["keywords"].iloc[-1] == ""
    assert "another text" not in caplog.text


def test_own_columns_stay(log, tmp_path):
    folder = shutil.copytree(log, tmp_path / "shop")
    toy_items().assign(keywords="own").to_parquet(folder / "items.parquet")
    frame = load_run_data(
        Config(data=DataConfig(folder=str(folder)))
    ).dataset.items.frame
    assert set(frame["keywords"]) == {"own"}
    assert frame["topic"].all()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"nonsense", "cannot be read"), (None, "must have item_id, text_hash")],
)
def test_a_broken_table_is_said(tmp_path, content, words):
    folder = write_toy_log(tmp_path / "shop")
    path = folder / "items_words.parquet"
    if content is None:
        pd.DataFrame({"item_id": ["a"]}).to_parquet(path)
    else:
        path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        items_of(folder)


@pytest.mark.slow
def test_words_travel_into_the_report_and_the_saved_model(log, tmp_path):
    config = load_config(overrides=toy_config(tmp_path, log, *QUICK))
    done = run(config, report=None)
    words = pd.read_parquet(log / "items_words.parquet")
    assert done.report["details"]["words"]["topics"][0]["name"] in set(words["topic"])
    page = (done.folder / "report.md").read_text(encoding="utf-8")
    assert "## What the log is about" in page
    served = ItemTitles(done.models[0] / "assets.extra" / "items.parquet")
    first = words.iloc[0]
    assert served.keywords(first["item_id"]) == first["keywords"].split("|")
    assert served.topics(first["item_id"]) == [first["topic"]]
