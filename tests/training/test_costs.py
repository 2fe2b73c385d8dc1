"""Tests of tfrec.training.costs."""

import sys

import numpy as np
import pytest

from tfrec.training import costs as module
from tfrec.training.costs import Costs

MB = 2**20


@pytest.fixture
def costs():
    """Of a stage that holds 200 MB for a moment, and of one after it."""
    costs = Costs()
    with costs.of("large"):
        np.ones(200 * MB, np.uint8).sum()
    with costs.of("small"):
        np.ones(MB, np.uint8).sum()
    return costs


def test_each_stage_has_its_time_and_its_memory(costs):
    assert list(costs.seconds) == list(costs.peak_memory_mb) == ["large", "small"]
    assert all(20 < peak < 100_000 for peak in costs.peak_memory_mb.values())


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")
def test_a_peak_is_that_of_its_own_stage(costs):
    large, small = costs.peak_memory_mb.values()
    assert large - small > 150


def test_without_proc_the_peak_is_the_highest_so_far(monkeypatch, tmp_path):
    for name in ("STATUS", "RESET"):
        monkeypatch.setattr(module, name, tmp_path / "no folder" / "none")
    costs = Costs()
    with costs.of("any"):
        pass
    assert 50 < costs.peak_memory_mb["any"] < 100_000
