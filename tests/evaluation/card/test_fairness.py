"""Tests of tfrec.evaluation.card.fairness and groups."""

import numpy as np
import pandas as pd
import pytest

from tfrec.data.schema import Users
from tfrec.errors import ConfigError
from tfrec.evaluation.card.fairness import fairness
from tfrec.evaluation.card.groups import user_groups


def groups_of(*labels):
    return np.array(labels, object)


def test_means_and_gap_by_hand():
    values, users = np.array([1.0, 0.5, 0.0, 0.2, 0.9]), np.array([0, 1, 2, 3, 4])
    found = fairness(values, users, groups_of("a", "a", "b", "b", "c"), 50)
    assert [each["group"] for each in found["groups"]] == ["a", "b"]
    assert [each["mean"] for each in found["groups"]] == [0.75, 0.1]
    assert found["left_out"] == 1  # c has one member
    assert found["gap"]["difference"] == pytest.approx(0.65)
    assert found["gap"]["is_few"]


def test_permutation_p_by_hand():
    # Of the six ways to pick two of four people, two have a gap as wide: 1/3.
    values, users = np.array([1.0, 1.0, 0.0, 0.0]), np.arange(4)
    p = fairness(values, users, groups_of("a", "a", "b", "b"), 50)["gap"]["p"]
    assert p == pytest.approx(1 / 3, abs=0.05)


def test_a_real_gap_is_found_and_no_gap_is_not():
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(80), 3)
    labels = np.where(users % 2, "a", "b").astype(object)
    noise = rng.normal(scale=0.1, size=len(users))
    assert fairness(noise + (users % 2) * 0.3, users, labels, 99)["gap"]["p"] < 0.01
    found = fairness(noise, users, labels, 99)["gap"]
    assert found["p"] > 0.1
    assert found["interval"][0] < 0 < found["interval"][1]
    assert not found["is_few"]


def test_people_are_dealt_not_questions():
    """Two people a group, each asked often: chance cannot be ruled out."""
    users = np.repeat(np.arange(4), 50)
    labels = np.where(users < 2, "a", "b").astype(object)
    assert fairness((users < 2) * 1.0, users, labels, 50)["gap"]["p"] > 0.2


def test_one_group_or_none_has_no_gap():
    values, users = np.ones(2), np.arange(2)
    assert fairness(values, users, groups_of("a", "a"), 50)["gap"] is None
    found = fairness(values, users, groups_of("a", "b"), 50)
    assert (found["groups"], found["left_out"], found["gap"]) == ([], 2, None)
    assert fairness(values, users, groups_of("", ""), 50)["groups"] == []


def make_users(**columns):
    size = len(next(iter(columns.values())))
    ids = [f"u{row}" for row in range(size)]
    return Users(pd.DataFrame({"user_id": ids, "text": "x", **columns}))


def test_groups_follow_the_order_of_the_log():
    groups, notes = user_groups(
        make_users(sex=["f", "m", None]), ["u1", "u9", "u0", "u2"]
    )
    assert groups["sex"].tolist() == ["m", "", "f", ""]
    assert notes == []


def test_numbers_are_cut_in_thirds():
    ages = list(range(1, 31))
    groups, _ = user_groups(make_users(age=ages), ["u0", "u10", "u29"])
    assert groups["age"].tolist() == ["up to 10", "above 10, up to 20", "above 20"]


def test_columns_of_many_words_are_no_groups():
    groups, notes = user_groups(make_users(zip=[f"z{i}" for i in range(30)]), ["u0"])
    assert groups == {}
    assert notes == ["The column zip has more than 25 values, so it makes no groups."]


def test_no_columns_and_no_users():
    assert user_groups(Users(pd.DataFrame({"user_id": []})), ["u0"]) == ({}, [])
    with pytest.raises(ConfigError, match=r"'sex'. There are: none"):
        user_groups(Users(pd.DataFrame({"user_id": []})), ["u0"], ["sex"])
