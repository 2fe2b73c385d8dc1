"""A short soak of the toy: the program of `benchmarks/soak_server.py`."""

import pytest

from benchmarks.soak_server import Soak


@pytest.mark.slow
def test_versions_come_and_go_under_load(toy, tmp_path):
    soak = Soak(toy / "1", tmp_path, callers=4)
    assert soak.run(seconds=10, swap_s=1) == []
    assert soak.num_answers > 100
    assert len(soak.memory) >= 4


@pytest.mark.slow
def test_a_wrong_answer_is_seen(toy, tmp_path):
    soak = Soak(toy / "1", tmp_path, callers=1)
    soak.expected.reverse()  # what each version should not say
    assert "version 1 answers" in soak.run(seconds=3, swap_s=2)[0]
