"""Tests of serving.write_texts: the whole program, from rows to texts."""

import json

import pandas as pd
import pytest

from serving.batch import texts_run
from serving.batch_score import main as score
from serving.write_texts import main
from tests.serving.programs import run_program
from tests.serving.words.endpoint import answering, echoes, says, sends

COLUMNS = [
    *("query_id", "user_id", "rank", "item_id", "kind", "lang", "text", "evidence"),
    *("model", "prompt_version", "source", "fallback"),
]
ROWS = pd.DataFrame(
    [("q1", "ann", 2, "c"), ("q1", "ann", 1, "b"), ("q2", "bob", 1, "z")],
    columns=["query_id", "user_id", "rank", "item_id"],
)
ITEMS = pd.DataFrame(
    {
        "item_id": ["a", "b", "c"],
        "title": ["Jaws", "Alien", "Kolya"],
        "text": ["", "A crew meets a creature. It is dark.", ""],
        "category": ["Horror", "Horror|Sci-Fi", "Comedy"],
    }
)
LOG = pd.DataFrame(
    {
        "user_id": ["ann", "bob"],
        "item_id": ["a", "e"],
        "timestamp": [1, 2],
        "event": ["view", "view"],
    }
)


@pytest.fixture
def folder(tmp_path):
    ROWS.to_parquet(tmp_path / "rows.parquet")
    ITEMS.to_csv(tmp_path / "items.csv", index=False)
    LOG.to_csv(tmp_path / "events.csv", index=False)
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch):
    """Exit code of the program in a folder with its inputs."""

    def run(out="texts.parquet", **flags):
        given = {
            "recommendations": folder / "rows.parquet",
            "items": folder / "items.csv",
            "out": folder / out,
        }
        pairs = [(f"--{name}", value) for name, value in (given | flags).items()]
        return run_program(monkeypatch, main, *sum(pairs, ()))

    return run


def words(folder, url):
    path = folder / "words.toml"
    text = f'[words]\nbackend = "openai"\nurl = "{url}"\nmodel = "tiny"\n'
    path.write_text(text, encoding="utf-8")
    return path


def test_every_row_has_a_text_in_the_order_of_its_list(run, folder, capsys):
    assert run() == 0
    texts = pd.read_parquet(folder / "texts.parquet")
    assert list(texts) == COLUMNS
    assert texts["query_id"].tolist() == ["q1", "q1", "q2"]
    assert texts["rank"].tolist() == [1, 2, 1]
    assert texts["text"].tolist() == [
        "“Alien”: A crew meets a creature.",
        "“Kolya”: Comedy.",
        "For you: “z”.",
    ]
    assert set(texts["source"]) == {"template"}
    assert json.loads(texts["evidence"][0])["items"][0]["title"] == "Alien"
    assert "3 texts in" in capsys.readouterr().out


@pytest.mark.parametrize("out", ["texts.csv", "texts.jsonl"])
def test_the_other_formats_hold_the_same(run, folder, out):
    assert run(out) == 0
    read = {"csv": pd.read_csv, "jsonl": lambda p: pd.read_json(p, lines=True)}
    texts = read[out.split(".")[1]](folder / out)
    assert list(texts) == COLUMNS
    assert texts["text"][1] == "“Kolya”: Comedy."


def test_a_model_writes_and_what_it_makes_up_is_not_kept(run, folder, capsys):
    with answering(says("“Alien” is Horror.")) as endpoint:
        assert run(words=words(folder, endpoint.url)) == 0
    texts = pd.read_parquet(folder / "texts.parquet")
    assert texts["source"].tolist() == ["model", "template", "template"]
    assert texts["model"][0] == "tiny"
    assert texts["fallback"].tolist()[1] == "form"
    assert "template: form: 2" in capsys.readouterr().out


def test_reasons_name_the_events_that_carry_an_item(run, folder, toy, monkeypatch):
    log = ("--model", toy, "--events", folder / "events.csv")
    out = ("--out", folder / "rows.parquet", "--k", 2)
    assert run_program(monkeypatch, score, *log, *out) == 0
    flags = {"model": toy, "events": folder / "events.csv"}
    assert run(kind="reason", **flags) == 0
    texts = pd.read_parquet(folder / "texts.parquet")
    ann = texts[texts["user_id"] == "ann"]
    assert (
        ann["text"].tolist()[0] == "“Alien”: because you viewed “Jaws”; both: Horror."
    )
    assert run(kind="digest", lang="zh", **flags) == 0
    texts = pd.read_parquet(folder / "texts.parquet")
    assert len(texts) == 2
    assert "因为您浏览过“Jaws”" in texts["text"][0]


def test_a_run_that_was_killed_goes_on(run, folder, monkeypatch):
    monkeypatch.setattr(texts_run, "BLOCK_LISTS", 1)
    write_part = texts_run.WorkFolder.write_part

    def die_at_the_second(self, number, tables):
        if number == 1:
            raise KeyboardInterrupt
        write_part(self, number, tables)

    with answering(echoes(lambda asked: "“Alien” is Horror.")) as endpoint:
        chosen = words(folder, endpoint.url)
        with monkeypatch.context() as patch:
            patch.setattr(texts_run.WorkFolder, "write_part", die_at_the_second)
            assert run(words=chosen) != 0
        assert not (folder / "texts.parquet").exists()
        asked = len(endpoint.questions)
        assert run(words=chosen) == 0
        assert (asked, len(endpoint.questions)) == (3, 4)  # q2 once more
    assert len(pd.read_parquet(folder / "texts.parquet")) == 3
    assert not list(folder.glob(".texts*"))


def test_a_model_that_is_down_leaves_templates_and_says_so(run, folder, capsys):
    with answering(sends(b"no", status=500)) as endpoint:
        assert run(words=words(folder, endpoint.url)) == 0
    assert "template: refused: 3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"kind": "reason"}, "`--kind reason` must come with `--model` and `--events`"),
        ({"model": "m"}, "`--model` and `--events` must come together"),
        ({"items": "absent.csv"}, "absent.csv"),
        ({"out": "texts.txt"}, "`--out` must end in .parquet, .csv, .jsonl"),
        ({"words": "absent.toml"}, "must be a TOML file"),
    ],
)
def test_wrong_flags_are_errors_in_words(run, capsys, flags, said):
    assert run(**flags) == 1
    assert said in capsys.readouterr().err


def test_an_empty_table_gives_an_empty_one(run, folder):
    ROWS[:0].to_parquet(folder / "rows.parquet")
    assert run() == 0
    assert len(pd.read_parquet(folder / "texts.parquet")) == 0
