"""Tests of serving.rules.plan and serving.rules.showings."""

import pytest

from serving.rules.kinds import (
    BoostRule,
    FreshnessRule,
    Occasion,
    PreferRule,
    RuleBook,
    When,
)
from serving.rules.plan import RulePlan
from serving.rules.showings import times_shown

FRIDAY_NOON = 1_782_475_200  # 2026-06-26 12:00 UTC


def boost(name, value, *labels, **when):
    return BoostRule(name=name, labels=labels, value=value, when=When(**when))


def plan(now=FRIDAY_NOON, domains=(), arm="", **rules):
    return RulePlan.of(RuleBook(**rules), Occasion(now, frozenset(domains), arm))


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"start": FRIDAY_NOON}, True),
        ({"end": FRIDAY_NOON}, False),
        ({"weekdays": frozenset({4})}, True),
        ({"weekdays": frozenset({5, 6})}, False),
        ({"hours": (12, 13)}, True),
        ({"hours": (13, 12)}, False),
        ({"hours": (22, 13)}, True),
        ({"domain": "books"}, True),
        ({"domain": "films"}, False),
        ({"arm": "a"}, True),
        ({"arm": "b"}, False),
    ],
)
def test_when_a_rule_holds(when, holds):
    rules = (boost("x", 1.0, "drama", **when),)
    found = plan(domains=["books"], arm="a", boosts=rules)
    assert bool(found.boosts) is holds
    assert found.options == ({"boosts": {"drama": 1.0}} if holds else {})


def test_boosts_of_a_label_add_up_within_what_a_model_takes():
    rules = (boost("x", 9000.0, "a", "b"), boost("y", 2000.0, "a"), boost("z", -1, "b"))
    assert plan(boosts=rules).options == {"boosts": {"a": 10_000.0, "b": 8999.0}}


def test_an_item_names_what_touched_it():
    found = plan(
        boosts=(boost("sale", 1.0, "garden"), boost("old", -1.0, "dull")),
        prefers=(PreferRule(name="mine", labels=("language:en",)),),
        freshness=(FreshnessRule(name="new", weight=1.0, half_life_hours=1.0),),
    )
    labels = {"garden", "language:en"}
    assert found.names(labels, 0) == ["sale", "mine"]
    assert found.names({"dull"}, FRIDAY_NOON - 3600) == ["old", "new"]
    long_ago = FRIDAY_NOON - 7 * 3600  # 1/128 of the weight is left
    assert found.names(set(), long_ago) == []
    assert found.bonus({"garden"}, FRIDAY_NOON - 3600) == pytest.approx(1 + 0.5)
    assert found.bonus({"garden"}, FRIDAY_NOON + 99) == pytest.approx(1 + 1)


def test_showings_count_within_the_window_and_after_the_choice():
    shown = [(item_id, time) for time in (100, 200, 300) for item_id in ("a", "b")]
    assert times_shown(shown, 0, {}) == {"a": 3, "b": 3}
    assert times_shown(shown, 200, {"b": 250}) == {"a": 2, "b": 1}
    assert times_shown([], 0, {}) == {}
