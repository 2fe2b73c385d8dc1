"""Tests of the program training.train: what it says of bad input."""

import pathlib
import re

import pandas as pd
import pytest

from tests.serving.programs import run_program
from tests.toy_log import toy_config, toy_events, write_table, write_toy_log
from tfrec.config import load_config, to_json
from tfrec.training.run_folder import claim
from training.train import main

CONFIG = pathlib.Path(__file__).parents[2] / "training" / "configs" / "default.toml"


@pytest.fixture
def fails(tmp_path, monkeypatch, capsys):
    """Runs the program on a folder it must refuse; gives its words.

    Nothing may be left: no saved model, no checkpoint, no report.
    """

    def run(*overrides, flags=()):
        settings = toy_config(tmp_path, tmp_path / "data", *overrides)
        options = [part for each in settings for part in ("--set", each)]
        code = run_program(monkeypatch, main, CONFIG, *options, *flags)
        assert code == 1
        assert not (tmp_path / "saved_models").exists()
        assert not list(tmp_path.glob("runs/*/report*"))
        assert not list(tmp_path.glob("runs/*/*/checkpoints"))
        words = capsys.readouterr().err
        assert words.startswith("Error: ")
        assert "Traceback" not in words
        return " ".join(words.split())

    return run


def write_events(folder, frame, name="events.csv"):
    folder.mkdir()
    write_table(frame, folder / name)


def test_unknown_key(fails):
    words = fails("train.max_epoch=3")
    assert "Unknown key `train.max_epoch`. Did you mean `max_epochs`?" in words


def test_unknown_section(fails):
    assert "Unknown section `trian`. Did you mean `train`?" in fails("trian.seed=1")


def test_missing_configuration(monkeypatch, capsys, tmp_path):
    assert run_program(monkeypatch, main, tmp_path / "none.toml") == 1
    assert "must be a TOML file. Received: " in capsys.readouterr().err


def test_no_configuration_is_a_usage_error(monkeypatch, capsys):
    assert run_program(monkeypatch, main) == 2
    assert "Missing argument" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["..", ".", "a/b", ""])
def test_a_name_that_leads_elsewhere(fails, name):
    words = fails(f"run.name={name}")
    assert "`run.name` must be a name of one file or folder" in words
    assert f"Received: {name!r}." in words


def test_a_persons_own_folder_is_not_touched(fails, tmp_path):
    """Before anything is read: there is no log here."""
    theirs = tmp_path / "runs" / "toy" / "test" / "cases.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("a,b")
    words = fails()
    assert f"Received: {theirs.parent}, without a file .tfrec-run" in words
    assert theirs.read_text() == "a,b"


def test_neither_folder_nor_dataset(fails):
    words = fails("data.folder=")
    assert "One of `data.folder` and `data.dataset` must be set. Received: ''" in words


def test_both_folder_and_dataset(fails):
    assert "One of `data.folder`" in fails("data.dataset=movielens-100k")


def test_missing_folder(fails):
    words = fails()
    assert "A data folder must hold a log: `events.parquet`" in words
    assert "/data, which holds nothing" in words


def test_missing_column(fails, tmp_path):
    write_events(tmp_path / "data", toy_events().rename(columns={"user_id": "user"}))
    words = fails()
    assert "Events must have a column `user_id`. Did you mean `user`?" in words
    assert 'Map it with `data.columns = { user_id = "user" }`' in words


def test_empty_log(fails, tmp_path):
    write_events(tmp_path / "data", toy_events().iloc[:0])
    assert "The log must have at least one event" in fails()


def test_unparsable_times(fails, tmp_path):
    frame = toy_events().astype({"timestamp": object})
    frame.loc[[4, 7], "timestamp"] = ["yesterday", "31/12/2023"]
    write_events(tmp_path / "data", frame)
    words = fails()
    assert "Events: 2 bad rows." in words
    assert "2 × `timestamp` must be UTC seconds" in words
    # Rows as people see them in the file: the header is the first line.
    assert re.search(r"events.csv row \d+ \('yesterday'\)", words)
    assert 'data.on_bad_rows = "quarantine"' in words


def test_a_file_that_is_no_parquet(fails, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "events.parquet").write_text("user_id,item_id")
    assert "events.parquet" in fails()


def test_nothing_positive(fails, tmp_path):
    write_toy_log(tmp_path / "data")
    words = fails('data.positive=["play>=40"]')
    assert "look at the feedback rules" in words


def test_rules_of_no_event_are_all_named_before_anything_is_trained(fails, tmp_path):
    write_toy_log(tmp_path / "data")
    words = fails('data.positive=["pay"]', "data.event_weights={puchase=3}")
    assert "`data.positive`: 'pay'. Did you mean `play`?" in words
    assert "`data.event_weights`: 'puchase'. The log has `play`." in words


def test_wrong_rule(fails, tmp_path):
    write_toy_log(tmp_path / "data")
    assert "rating=>4" in fails('data.positive=["rating=>4"]')


@pytest.mark.parametrize("num_events", [1, 2])
def test_a_log_too_small_to_judge(fails, tmp_path, num_events):
    write_events(tmp_path / "data", toy_events().iloc[:num_events])
    assert "both must be positive" in fails()


def test_everything_at_one_moment(fails, tmp_path):
    write_events(tmp_path / "data", toy_events().assign(timestamp=1_700_000_000))
    assert "0 to learn from" in fails()


def test_resume_with_another_configuration(fails, tmp_path):
    data = write_toy_log(tmp_path / "data")
    began = load_config(CONFIG, toy_config(tmp_path, data))
    path = tmp_path / "runs" / "toy" / "config.json"
    claim(path.parent)
    path.write_text(to_json(began))
    words = fails("train.learning_rate=0.5", flags=["--resume"])
    assert "`--resume` needs the configuration and the data" in words
    assert path.read_text() == to_json(began), "the run can be resumed no more"


def test_resume_with_other_data(fails, tmp_path):
    write_toy_log(tmp_path / "data")
    path = tmp_path / "runs" / "toy" / "data_digest.txt"
    claim(path.parent)
    path.write_text("of yesterday's log")
    words = fails(flags=["--resume"])
    assert f"Received: others than {path} tells of" in words
    assert path.read_text() == "of yesterday's log", "the run can be resumed no more"


def test_a_bad_log_leaves_an_earlier_run_alone(fails, tmp_path):
    write_events(tmp_path / "data", pd.DataFrame({"user_id": ["a"]}))
    path = tmp_path / "runs" / "toy" / "config.json"
    claim(path.parent)
    path.write_text("of an earlier run")
    assert "must have a column `item_id`" in fails()
    assert path.read_text() == "of an earlier run"


def test_help(monkeypatch, capsys):
    assert run_program(monkeypatch, main, "--help") == 0
    assert "--resume" in re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
