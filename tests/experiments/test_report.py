"""Tests of tfrec.experiments: counting, checking and telling."""

import json

import numpy as np
import pandas as pd
import pytest

from examples.ab_log import simulated_log
from tests.data.interaction_logs import NOON, events_of, impressions_of
from tfrec.data.impressions import attribute
from tfrec.errors import ConfigError, DataError
from tfrec.experiments.allocation import mismatch_p
from tfrec.experiments.coverage import expected_items
from tfrec.experiments.kinds import CountedKinds, read_answers, read_kinds, read_worths
from tfrec.experiments.page import render_experiment
from tfrec.experiments.report import experiment_report

HOUR, NAME = 3600, "button"


def report_of(impressions, events, **options):
    found = attribute(impressions, events, HOUR)
    name = options.pop("experiment", NAME)
    return experiment_report(found, events, name, window_s=HOUR, **options)


def metric(report, name):
    return next(each for each in report["metrics"] if each["name"] == name)


def shown(arm, user, *items, list_id=None, **others):
    """One list of items in an arm."""
    row = {"arm": arm, "user_id": user, "experiment": NAME} | others
    row["recommendation_id"] = list_id or f"{arm}-{user}"
    return [
        {**row, "item_id": item, "position": place}
        for place, item in enumerate(items, start=1)
    ]


def by_hand():
    """Arm a: u1 has two lists, u2 one. Arm b: u3 and u4 have one each."""
    impressions = impressions_of(
        *shown("a", "u1", "x", "y", list_id="l1"),
        *shown("a", "u1", "x", "y", list_id="l2"),
        *shown("a", "u2", "x", "z", list_id="l3"),
        *shown("b", "u3", "x", "y", list_id="l4"),
        *shown("b", "u4", "y", "x", list_id="l5"),
    )
    click = {"event": "click"}
    events = events_of(
        {**click, "recommendation_id": "l1", "item_id": "y", "user_id": "u1"},
        {**click, "recommendation_id": "l1", "item_id": "y", "sequence": 1},
        {"event": "buy", "value": 6.0, "recommendation_id": "l1", "item_id": "y"},
        {**click, "recommendation_id": "l4", "item_id": "x", "user_id": "u3"},
        {**click, "recommendation_id": "l5", "item_id": "y", "user_id": "u4"},
        {**click, "recommendation_id": "l5", "item_id": "x", "user_id": "u4"},
        {"event": "up", "user_id": "u1", "item_id": ""},
        {"event": "down", "user_id": "", "item_id": "", "recommendation_id": "l4"},
        {"event": "survey", "value": 0.5, "user_id": "u3", "item_id": ""},
        {"event": "survey", "user_id": "u4", "item_id": ""},  # says nothing
        {"event": "up", "user_id": "u4", "item_id": "", "timestamp": NOON + 2 * HOUR},
    )
    return impressions, events


KINDS = CountedKinds(
    clicks=("click",),
    conversions=("buy",),
    values=("buy",),
    satisfaction={"up": 1.0, "down": 0.0, "survey": None},
)


def test_metrics_as_counted_by_hand():
    report = report_of(*by_hand(), kinds=KINDS)
    expected = {  # sums of a and b over people
        "clicks per impression": (1 / 6, 3 / 4),
        "lists with a click": (1 / 3, 2 / 2),
        "reciprocal rank of the click": (0.5 / 3, (1 + 1) / 2),
        "conversions per list": (1 / 3, 0.0),
        "value of buy per person": (6 / 2, 0.0),
        "satisfaction per answer": (1.0, (0 + 0.5) / 2),
    }
    for name, values in expected.items():
        arms = metric(report, name)["arms"]
        found = tuple(arms[arm]["value"] for arm in "ab")
        assert found == pytest.approx(values), name
    assert report["arms"]["a"] == {"people": 2, "lists": 3, "impressions": 6}
    assert report["coverage"]["a"]["items"] == 3
    assert report["coverage"]["b"]["share"] == pytest.approx(2 / 3)
    # 4 of x x x y y z: each item is missed with chance C(3,4), C(4,4), C(5,4) of 15.
    share = (3 - 1 / 15 - 5 / 15) / 3
    assert report["coverage"]["a"]["share_of_equal_sample"] == pytest.approx(share)


def test_an_expected_number_of_items_as_sampled():
    counts = np.array([30, 5, 2, 1])
    rng = np.random.default_rng(0)
    items = np.repeat(np.arange(4), counts)
    drawn = [len({*rng.choice(items, 10, replace=False)}) for _ in range(4000)]
    assert expected_items(counts, 10) == pytest.approx(np.mean(drawn), abs=0.05)
    assert expected_items(counts, 38) == pytest.approx(4)


def test_people_in_several_arms_are_left_out():
    impressions = impressions_of(
        *shown("a", "u1", "x"), *shown("b", "u1", "x"), *shown("b", "u2", "x")
    )
    report = report_of(impressions, events_of(), control="a")
    assert report["left_out"]["people_in_several_arms"] == 1
    assert [size["people"] for size in report["arms"].values()] == [0, 1]
    words = " ".join(report["warnings"])
    assert "1 people were in several arms and are left out. That is 50.0%" in words
    assert "Nobody was in the arm a: it has no figures." in words
    assert "one of the arms" in render_experiment(report)


def test_visitors_without_a_name_count_by_list():
    impressions = impressions_of(
        *shown("a", "", "x", list_id="l1"),
        *shown("b", "", "x", list_id="l2"),
        {**shown("a", "", "x", list_id="l3")[0], "arm": ""},
    )
    report = report_of(impressions, events_of())
    assert report["left_out"] == {
        "people_in_several_arms": 0,
        "impressions_without_arm": 1,
    }
    assert [size["people"] for size in report["arms"].values()] == [1, 1]
    note = metric(report, "lists with a click")["differences"]["b"]["note"]
    assert note == "an arm with one person has no interval"
    json.dumps(report, allow_nan=False)


def test_nothing_varies():
    impressions, _ = simulated_log(num_people=20)
    report = report_of(impressions, events_of())
    found = metric(report, "clicks per impression")["differences"]["b"]
    assert found["difference"] == 0
    assert found["interval"] is found["p"] is None
    assert "no variation" in render_experiment(report)
    assert "The log has no event of the kinds for clicks (usual, click)" in " ".join(
        report["warnings"]
    )


def test_numbers_of_people_that_do_not_fit_are_no_experiment():
    impressions, events = simulated_log(num_people=600)
    report = report_of(impressions, events, shares={"a": 0.5, "b": 0.5})
    assert report["is_trusted"]
    rows = impressions["arm"] == "b"
    lost = impressions[~rows | (impressions["user_id"].str[-1] > "4")]
    report = report_of(lost.reset_index(drop=True), events, shares={"a": 0.5, "b": 0.5})
    assert not report["is_trusted"]
    assert report["warnings"][0].startswith("This experiment cannot be trusted: the")
    page = render_experiment(report)
    assert page.index("cannot be trusted") < page.index("## Arms")
    assert "None of them is valid here" in page


def test_an_arm_that_nobody_is_in_is_a_mismatch():
    impressions, events = simulated_log(num_people=100)
    shares = {"a": 1, "b": 1, "c": 1}
    report = report_of(impressions, events, shares=shares)
    assert not report["is_trusted"]
    assert report["arms"]["c"]["people"] == 0
    with pytest.raises(ConfigError, match="must give each arm .* Received: a=1; arms"):
        report_of(impressions, events, shares={"a": 1})
    with pytest.raises(ConfigError, match="a number above 0"):
        mismatch_p({"a": 1}, {"a": 0})
    assert mismatch_p({"a": 0}, {"a": 1, "b": 1}) == 1
    # (60 - 50)^2 / 50 x 2 = 4, of one degree of freedom: p 0.0455
    assert mismatch_p({"a": 60, "b": 40}, {"a": 3, "b": 3}) == pytest.approx(
        0.0455, abs=1e-4
    )


def test_lost_impressions_are_noticed_and_rates_stay_rates():
    impressions, events = simulated_log(num_people=300, rates={"a": 0.5, "b": 0.5})
    kept = np.random.default_rng(0).random(len(impressions)) < 0.5
    report = report_of(impressions[kept].reset_index(drop=True), events)
    words = " ".join(report["warnings"])
    assert "of the lists have gaps in their positions" in words
    for name in ("clicks per impression", "lists with a click"):
        for level in metric(report, name)["arms"].values():
            assert 0 <= level["interval"][0] <= level["value"] <= 1
    half = impressions["recommendation_id"].str[-1] > "4"
    report = report_of(impressions[half].reset_index(drop=True), events)
    assert "name one that the log lacks" in " ".join(report["warnings"])


def test_a_true_difference_is_told():
    report = report_of(*simulated_log(num_people=3000, rates={"a": 0.1, "b": 0.2}))
    found = metric(report, "clicks per impression")["differences"]["b"]
    assert found["verdict"] == "higher"
    assert found["always_valid_p"] >= found["p"]
    low, high = found["always_valid_interval"]
    assert low < found["interval"][0] < 0.1 < found["interval"][1] < high
    page = render_experiment(report)
    (line,) = (
        each for each in page.splitlines() if f"{found['relative']:+.1%}" in each
    )
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:2] == ["clicks per impression", "b"]
    assert cells[4:6] == ["higher", "<0.001"]


def test_unknown_names_are_refused():
    impressions, events = simulated_log(num_people=20)
    with pytest.raises(DataError, match=r"Did you mean `button`\? Received: 'button2'"):
        report_of(impressions, events, experiment="button2")
    with pytest.raises(ConfigError, match="`control` must be an arm .*'z'; arms: a, b"):
        report_of(impressions, events, control="z")
    with pytest.raises(DataError, match="must have arms"):
        report_of(impressions.assign(arm=""), events)
    one = report_of(impressions.assign(arm="a"), events)
    assert "one arm" in " ".join(one["warnings"])
    assert "## Differences" not in render_experiment(one)


def test_kinds_are_read_from_flags():
    assert read_kinds(" click,usual,") == ("click", "")
    assert read_answers("up=1,usual") == {"up": 1.0, "": None}
    assert read_worths("--x", "a=1, usual=2") == {"a": 1.0, "usual": 2.0}  # an arm
    for text in ("up=high", "up=1,up=2", "=3", "up="):
        with pytest.raises(ConfigError, match="`--x` must be NAME or NAME=NUMBER"):
            read_worths("--x", text)
    assert KINDS.names() == {"click", "buy", "up", "down", "survey"}


def test_a_log_of_experiments_keeps_lists_of_others_out():
    """The later list, of no experiment, has the event that names none."""
    impressions = impressions_of(
        *shown("a", "u1", "x", list_id="l1"),
        *shown("a", "u2", "x", list_id="l2"),
        *shown("", "u1", "x", list_id="l3", experiment="", timestamp=NOON + 10),
    )
    report = report_of(impressions, events_of({"user_id": "u1", "item_id": "x"}))
    assert metric(report, "lists with a click")["arms"]["a"]["value"] == 0


def test_attribution_until_a_moment():
    impressions = pd.concat(
        [
            impressions_of(*shown("a", "u1", "x", "y", timestamp=NOON + HOUR)),
            impressions_of(*shown("a", "u2", "x", "y")),
        ],
        ignore_index=True,
    )
    events = events_of(
        {"user_id": "u1", "item_id": "x", "timestamp": NOON + HOUR},
        {"user_id": "u2", "item_id": "y"},
    )
    found = attribute(impressions, events, HOUR).until(NOON + 1)
    assert found.impressions["chosen"].tolist() == [False, True]
    assert found.matches["impression"].tolist() == [1]
