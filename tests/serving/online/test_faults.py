"""Tests that SIGKILL loses and doubles nothing, with real processes under load."""

import random

import pytest

from tests.serving.online.faults import Load, run_round, running_system


@pytest.mark.parametrize(
    "victims",
    [
        ("store", "broker"),
        pytest.param(("gateway", "consumer"), marks=pytest.mark.slow),
    ],
)
def test_each_part_may_be_killed(tmp_path, victims):
    rng = random.Random(0)
    with running_system(tmp_path) as system:
        load = Load(system)
        for victim in victims:
            assert run_round(system, load, victim, rng) == [], victim
        assert min(load.sent.values()) > 0
        assert load.acknowledged == load.sent["posted"]
