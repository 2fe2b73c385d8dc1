"""Tests of examples.ab_log: what is found in it is what was put in."""

import pandas as pd
import pytest

from examples import ab_log as program
from tests.serving.programs import run_program
from tfrec.data.impressions import attribute, read_interaction_log
from tfrec.experiments.report import experiment_report
from tfrec.off_policy.policy import read_policy
from tfrec.off_policy.report import off_policy_report


def test_the_true_rates_are_found(tmp_path, monkeypatch, capsys):
    def main():
        program.run_program(program.ab_log)

    assert run_program(monkeypatch, main, tmp_path, "--num-people", 2000) == 0
    impressions, events = read_interaction_log(tmp_path)
    assert f"{len(impressions):,} impressions" in capsys.readouterr().out
    attribution = attribute(impressions, events, 3600, kinds=["click"])
    report = experiment_report(attribution, events, "button")
    arms = report["metrics"][0]["arms"]
    for arm, rate in program.RATES.items():
        assert arms[arm]["value"] == pytest.approx(rate, abs=0.01)
    policy = read_policy(tmp_path / "policy.parquet")
    found = off_policy_report(attribution.impressions, policy)["estimates"]["dr"]
    truth = program.better_rate(impressions)
    assert found["interval"][0] < truth < found["interval"][1]
    shares = policy.groupby("position")["probability"].sum()
    assert shares.sum() == pytest.approx(
        len(pd.unique(impressions["recommendation_id"])) * program.SIZE
    )
