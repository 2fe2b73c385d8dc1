"""Tests of tfrec.off_policy.report, policy and page, and of training.off_policy."""

import json

import numpy as np
import pandas as pd
import pytest

from examples.ab_log import write_log
from tests.off_policy.random_logs import (
    LOGGED,
    TARGET,
    TRUTH,
    impressions_and_events,
    target_policy,
)
from tests.serving.programs import run_program
from tfrec.data.impressions import attribute
from tfrec.errors import DataError
from tfrec.off_policy.outcomes import STRENGTH
from tfrec.off_policy.page import render_off_policy
from tfrec.off_policy.policy import checked_policy, read_policy
from tfrec.off_policy.report import off_policy_report
from training.off_policy import main

ROW = {"recommendation_id": "r1", "item_id": "a", "position": 1, "probability": 0.5}


@pytest.fixture(scope="module")
def log():
    return impressions_and_events(np.random.default_rng(0), 2000)


@pytest.fixture(scope="module")
def shown(log):
    return attribute(*log, 60).impressions


def test_a_policy_is_judged(shown):
    report = off_policy_report(shown, target_policy(shown))
    assert [*report["estimates"]] == ["ips", "snips", "dr"]
    # Lists without the same item twice are not quite those of the truth.
    for found in report["estimates"].values():
        assert found["value"] == pytest.approx(TRUTH, abs=0.06)
        assert found["interval"][0] < found["value"] < found["interval"][1]
    assert report["people"] == shown["user_id"].nunique()
    assert report["unsupported"] == 0
    json.dumps(report, allow_nan=False)
    page = render_off_policy(report)
    assert "target policy by DR, doubly robust" in page
    assert "mean of the weights (should be 1)" in page


def test_the_policy_that_logged_is_as_it_was(shown):
    report = off_policy_report(shown, target_policy(shown, LOGGED))
    ips = report["estimates"]["ips"]
    assert ips == report["log"]
    assert report["weights"]["effective_sample_size"] == pytest.approx(len(shown))
    assert report["warnings"] == []


def test_estimates_as_computed_one_row_after_the_other(shown):
    """Item e is not in the policy: it is never shown, and its rows weigh nothing."""
    few = shown.head(60)
    shares = np.array([0.1, 0.2, 0.3, 0.4, 0.0])
    policy = target_policy(few, shares)
    report = off_policy_report(few, policy[policy["item_id"] != "e"])["estimates"]
    chances = dict(zip("abcde", shares, strict=True))
    weighted, robust, weights = [], [], []
    for row in few.itertuples():
        place = few[few["position"] == row.position]

        def predicted(item, place=place, row=row):
            mine = place[(place["item_id"] == item) & (place.index != row.Index)]
            drawn = mine["chosen"].sum() + STRENGTH * place["chosen"].mean()
            return drawn / (len(mine) + STRENGTH)

        weight = chances[row.item_id] / row.propensity
        direct = sum(share * predicted(item) for item, share in chances.items())
        weights.append(weight)
        weighted.append(weight * row.chosen)
        robust.append(direct + weight * (row.chosen - predicted(row.item_id)))
    assert report["ips"]["value"] == pytest.approx(np.mean(weighted))
    assert report["snips"]["value"] == pytest.approx(sum(weighted) / sum(weights))
    assert report["dr"]["value"] == pytest.approx(np.mean(robust))


def test_a_file_of_the_logged_items_alone(shown):
    policy = target_policy(shown)
    keys = ["recommendation_id", "item_id", "position"]
    known = policy.merge(shown[keys], on=keys)
    report = off_policy_report(shown, known)
    whole = off_policy_report(shown, policy)
    assert "dr" not in report["estimates"]
    assert report["estimates"]["ips"] == whole["estimates"]["ips"]
    assert "need rows for all items" in " ".join(report["warnings"])


def test_what_makes_estimates_worthless_is_said(shown):
    few = shown.head(30)
    policy = target_policy(few.head(20), [0, 0, 0, 0, 1])
    seen = few.assign(propensity=1.0, item_id="a")
    words = " ".join(off_policy_report(seen, policy)["warnings"])
    assert "All propensities are 1: the log shows fixed lists" in words
    assert "The log is worth 0.0 impressions for this policy" in words
    assert "The mean of the weights is 0.000 and should be 1" in words
    assert "100.0% of what the policy would show was never shown" in words
    assert "10 impressions are left out" in words
    nothing = off_policy_report(shown.assign(chosen=False), target_policy(shown))
    assert nothing["warnings"][0].startswith("Nothing that the log shows was chosen")
    page = render_off_policy(off_policy_report(seen, policy))
    assert "none" in page
    report = off_policy_report(shown, target_policy(shown), clip=2)
    assert report["num_clipped"] > 0
    assert "weights are clipped at 2" in " ".join(report["warnings"])


def test_a_log_that_cannot_be_weighed_is_refused(shown):
    policy = target_policy(shown.head(20))
    with pytest.raises(DataError, match="`propensities` must be above 0"):
        off_policy_report(shown.head(20).assign(propensity=0.0), policy)
    with pytest.raises(DataError, match="20 places, none of them in the log"):
        off_policy_report(shown.head(20).assign(recommendation_id="other"), policy)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "must have rows with the columns recommendation_id"),
        ([{**ROW, "probability": 1.2}], "1 rows outside, first: 1.2"),
        ([{**ROW, "probability": None}], "from 0 to 1"),
        ([ROW, ROW], "1 repeated rows, first: r1, a, 1"),
        (
            [{**ROW, "item_id": i} for i in "abc"],
            "come to at most 1. .* r1, 1 with 1.5",
        ),
        ([{**ROW, "position": "top"}], "must be a whole number"),
        ([{**ROW, "position": 1.5}], "must be a whole number"),
    ],
)
def test_policies_that_mean_nothing_are_refused(rows, words):
    with pytest.raises(DataError, match=words):
        checked_policy(pd.DataFrame(rows))
    with pytest.raises(DataError, match="Received: 1 rows with item_id"):
        checked_policy(pd.DataFrame({"item_id": ["a"]}))


def test_policies_are_read_from_files(tmp_path):
    frame = pd.DataFrame([{**ROW, "item_id": "007"}, {**ROW, "item_id": "NA"}])
    frame.to_csv(tmp_path / "policy.csv", index=False)
    frame.to_parquet(tmp_path / "policy.parquet")
    for name in ("policy.csv", "policy.parquet"):
        assert read_policy(tmp_path / name)["item_id"].tolist() == ["007", "NA"]
    with pytest.raises(DataError, match=r"must be a .parquet or .csv file"):
        read_policy(tmp_path / "policy.xlsx")
    for name in ("empty.csv", "empty.parquet"):
        (tmp_path / name).write_text("")
        with pytest.raises(DataError, match="cannot be read"):
            read_policy(tmp_path / name)


def test_the_program(log, tmp_path, monkeypatch, capsys):
    folder = write_log(tmp_path / "log", *log)
    file, out = tmp_path / "policy.parquet", tmp_path / "report.json"
    target_policy(log[0]).to_parquet(file)
    options = ("--policy", file, "--out", out, "--clip", 50)
    assert run_program(monkeypatch, main, folder, *options) == 0
    assert "# Policy on a log of another" in capsys.readouterr().out
    report = json.loads(out.read_text())
    assert report["impressions"] == len(log[0])
    assert report["log"]["value"] == pytest.approx(len(log[1]) / len(log[0]))
    assert run_program(monkeypatch, main, folder, "--policy", tmp_path / "no.csv") == 1
    assert "No such file" in capsys.readouterr().err
    assert sum(TARGET) == pytest.approx(1)
