"""Tests of tfrec.training.run_folder: what is a person's stays."""

import pytest

from tfrec.errors import ConfigError
from tfrec.training.run_folder import MARKER, begin, check, claim


@pytest.fixture
def folder(tmp_path):
    """A run's folder, with a checkpoint of its last stage."""
    folder = tmp_path / "runs" / "shop"
    begin(folder, "config", "digest", resume=False)
    claim(folder / "test")
    (folder / "test" / "checkpoint").write_text("old")
    return folder


def test_a_new_run_removes_what_a_run_wrote(folder):
    begin(folder, "other config", "digest", resume=False)
    assert not (folder / "test").exists()
    assert (folder / "config.json").read_text() == "other config"


def test_a_resumed_run_keeps_it(folder):
    begin(folder, "config", "digest", resume=True)
    assert (folder / "test" / "checkpoint").read_text() == "old"
    with pytest.raises(ConfigError, match="`--resume` needs the configuration"):
        begin(folder, "other config", "digest", resume=True)


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("name", ["choose", "test", "final"])
def test_a_folder_of_a_persons_own_is_refused(tmp_path, name, resume):
    theirs = tmp_path / name / "cases.csv"
    theirs.parent.mkdir()
    theirs.write_text("a,b")
    with pytest.raises(ConfigError, match=rf"Received: \S+/{name}, without a file"):
        begin(tmp_path, "config", "digest", resume)
    assert theirs.read_text() == "a,b"
    assert [each.name for each in tmp_path.iterdir()] == [name], "something was written"


@pytest.mark.parametrize("name", ["report.md", "config.json", "training.png"])
def test_a_file_of_a_persons_own_is_refused(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigError, match=f"{name}, without a file {MARKER} beside"):
        check(tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_links_are_not_followed_into_others_folders(folder, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "cases.csv").write_text("a,b")
    (folder / "final").symlink_to(theirs)
    with pytest.raises(ConfigError, match="final, without a file"):
        begin(folder, "config", "digest", resume=False)
    assert (theirs / "cases.csv").exists()


def test_empty_folders_and_other_files_are_no_matter(tmp_path):
    (tmp_path / "test").mkdir()
    (tmp_path / "events.csv").write_text("a log of theirs")
    begin(tmp_path, "config", "digest", resume=False)
    assert (tmp_path / "events.csv").exists()


def test_a_removal_that_was_cut_short_is_ours_still(folder, monkeypatch):
    monkeypatch.setattr("tfrec.training.run_folder.remove", _stop)
    with pytest.raises(KeyboardInterrupt):
        begin(folder, "config", "digest", resume=False)
    monkeypatch.undo()
    begin(folder, "config", "digest", resume=False)
    assert not (folder / "test").exists()


def _stop(path):
    assert path.name != MARKER, "the marker goes last"
    raise KeyboardInterrupt
