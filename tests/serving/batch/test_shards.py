"""Tests of serving.batch.shards: what work on disk is left, and what is not."""

import pytest

from serving.batch.shards import WorkFolder

DIGEST, OLDER = "a" * 64, "b" * 64


@pytest.fixture
def work(tmp_path):
    return WorkFolder(tmp_path / "out.csv", DIGEST)


def test_work_of_which_nothing_is_finished_goes(work, tmp_path):
    with pytest.raises(ZeroDivisionError), work.new_spool() as folder:
        (folder / f"events-{1 // 0}.arrow").touch()
    assert not list(tmp_path.iterdir())


def test_finished_work_stays(work, tmp_path):
    with work.new_spool() as folder:
        (folder / "events-0000.arrow").touch()
    with pytest.raises(RuntimeError):
        work.write_part(0, _fail())
    again = WorkFolder(tmp_path / "out.csv", DIGEST)
    assert [path.name for path in again.spool.iterdir()] == ["events-0000.arrow"]
    assert not again.part(0).exists()


def test_work_on_other_inputs_goes_and_what_is_not_ours_stays(work, tmp_path):
    theirs = work.path / "notes.txt"
    theirs.touch()
    WorkFolder(tmp_path / "out.csv", OLDER)
    left = {path.name for path in work.path.iterdir()}
    assert left == {"notes.txt", OLDER[:32]}


def test_finished_work_that_was_used_goes(work, tmp_path):
    work.remove()
    assert not list(tmp_path.iterdir())


def _fail():
    yield from ()
    raise RuntimeError
