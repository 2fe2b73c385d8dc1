"""Tests of serving.rules.arms: a person stays in an arm."""

import collections

from serving.rules.arms import arm_of
from serving.rules.kinds import Arm, RuleBook

ARMS = (Arm("a", 0.5), Arm("b", 0.3))
PEOPLE = [f"user {number}" for number in range(4000)]


def test_shares_are_about_right_and_the_rest_is_in_none():
    book = RuleBook(experiment="one", arms=ARMS)
    counts = collections.Counter(arm_of(book, each) for each in PEOPLE)
    for arm, share in (("a", 0.5), ("b", 0.3), ("", 0.2)):
        assert abs(counts[arm] / len(PEOPLE) - share) < 0.03  # 4 standard errors


def test_an_arm_depends_on_person_and_experiment_alone():
    """A file that changes otherwise, and one that lets an arm grow, moves nobody."""
    one = RuleBook(experiment="one", arms=ARMS, version="v1")
    two = RuleBook(experiment="two", arms=ARMS)
    grown = RuleBook(experiment="one", arms=(Arm("a", 0.5), Arm("b", 0.5)))
    first = [arm_of(one, each) for each in PEOPLE]
    again = RuleBook(experiment="one", arms=ARMS, version="v2")
    assert [arm_of(again, each) for each in PEOPLE] == first
    later = [arm_of(grown, each) for each in PEOPLE]
    assert all(new == old for new, old in zip(later, first, strict=True) if old)
    others = [arm_of(two, each) for each in PEOPLE]
    both = sum(x == y == "a" for x, y in zip(first, others, strict=True))
    assert 0.2 < both / len(PEOPLE) < 0.3  # a half of a half, as if by chance


def test_nobody_is_in_an_arm_without_arms_or_without_an_id():
    assert arm_of(RuleBook(), "ann") == ""
    assert arm_of(RuleBook(experiment="e", arms=(Arm("a", 1.0),)), "") == ""
