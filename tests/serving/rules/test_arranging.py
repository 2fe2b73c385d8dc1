"""Tests of serving.rules.arranging: lists under pins, quotas, showings, preferences."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.rules.arranging import arranged
from serving.rules.kinds import (
    ImpressionRule,
    Occasion,
    PinRule,
    PreferRule,
    QuotaRule,
    RuleBook,
)
from serving.rules.plan import RulePlan
from tfrec.client.answers import Recommendation

# i00 has the highest score, 60; every third item is a novel, every fifth a film.
IDS = [f"i{number:02d}" for number in range(60)]
LABELS = {
    item_id: frozenset(
        ["novel"] * (number % 3 == 0) + ["film"] * (number % 5 == 0) + ["thing"]
    )
    for number, item_id in enumerate(IDS)
}
RANKED = [
    Recommendation(item_id, 60.0 - number, 0.5) for number, item_id in enumerate(IDS)
]


class Facts:
    """What there is, in plain dicts."""

    def __init__(self, pinned=(), shown=None):
        self._pinned, self.shown = {*pinned, *IDS}, shown or {}

    def labels(self, item_id):
        return LABELS.get(item_id, frozenset({"pinned"}))

    def available_from(self, item_id):
        return 0

    def pinned(self, item_id):
        is_free = item_id in self._pinned
        return Recommendation(item_id, math.nan, 0.25) if is_free else None


class Find:
    """The ranking, and how often it was asked."""

    def __init__(self, ranked=RANKED):
        self.ranked, self.asked = ranked, []

    def __call__(self, k, labels=()):
        self.asked.append((k, tuple(labels)))
        allowed = [
            each
            for each in self.ranked
            if not labels or not LABELS[each.item_id].isdisjoint(labels)
        ]
        return allowed[:k]


def listed(k=10, facts=None, find=None, **rules):
    plan = RulePlan.of(RuleBook(version="v", **rules), Occasion(1_000_000))
    return arranged(plan, find or Find(), facts or Facts(), k)


def ids(found):
    return [each.item.item_id for each in found]


def quota(labels, places, **bounds):
    return QuotaRule(name=f"{labels} quota", labels=(labels,), places=places, **bounds)


def pin(item, place):
    return PinRule(name=f"pin {item}", item=item, place=place)


def test_without_rules_that_hold_the_list_is_the_models():
    find = Find()
    assert ids(listed(find=find)) == IDS[:10]
    assert find.asked == [(10, ())]
    assert {each.rules for each in listed()} == {()}


# === Pins ===


def test_a_pinned_item_comes_once_and_at_its_place():
    found = listed(k=5, pins=(pin("i03", 1), pin("i00", 5)))
    assert ids(found) == ["i03", "i01", "i02", "i04", "i00"]
    assert [each.rules for each in found] == [
        *[("pin i03",)],
        *[()] * 3,
        ("pin i00",),
    ]


def test_a_pinned_item_that_no_list_has_gets_the_score_of_the_next():
    facts = Facts(pinned=["new", "last"])
    found = listed(k=4, facts=facts, pins=(pin("new", 2), pin("last", 4)))
    assert ids(found) == ["i00", "new", "i01", "last"]
    assert [each.item.score for each in found] == [60, 59, 59, 59]
    assert found[1].item.probability == 0.25


def test_an_item_that_may_not_come_is_not_pinned():
    assert ids(listed(k=3, pins=(pin("gone", 1),))) == IDS[:3]


def test_a_place_past_the_list_pins_nothing():
    assert ids(listed(k=3, pins=(pin("i09", 4),))) == IDS[:3]


def test_where_two_pins_meet_the_first_of_the_file_holds():
    """As two for lists of different domains do in a list of both."""
    assert ids(listed(k=2, pins=(pin("i05", 1), pin("i06", 1)))) == ["i05", "i00"]


def test_a_short_list_ends_with_what_is_pinned_later():
    find = Find(RANKED[:2])
    facts = Facts(pinned=["new"])
    found = listed(k=9, find=find, facts=facts, pins=(pin("new", 9),))
    assert ids(found) == ["i00", "i01", "new"]


# === Quotas ===


def test_the_surplus_sinks_and_keeps_its_order():
    """Of the first six two may be novels, i00 and i03; i06 comes after them."""
    found = listed(k=8, quotas=(quota("novel", 6, at_most=2),))
    assert ids(found) == ["i00", "i01", "i02", "i03", "i04", "i05", "i06", "i07"]
    found = listed(k=8, quotas=(quota("novel", 6, at_most=1),))
    assert ids(found) == ["i00", "i01", "i02", "i04", "i05", "i07", "i03", "i06"]
    names = {each.item.item_id: each.rules for each in found}
    assert names["i03"] == names["i06"] == ("novel quota",)
    assert names["i07"] == ()


def test_more_is_asked_for_until_there_is_enough_of_the_rest():
    """All but the novels: two in three items of the ranking."""
    find = Find()
    found = listed(k=20, find=find, quotas=(quota("novel", 20, at_most=0),))
    assert ids(found) == [i for i in IDS if "novel" not in LABELS[i]][:20]
    assert find.asked == [(20, ()), (80, ())]


def test_where_there_is_nothing_else_the_surplus_follows():
    find = Find(RANKED[:4])
    found = listed(k=4, find=find, quotas=(quota("thing", 4, at_most=1),))
    assert ids(found) == IDS[:4]


def test_the_missing_come_from_a_further_request():
    """Three films in the first five: i00, and i05 and i10 in the last two places."""
    find = Find()
    found = listed(k=6, find=find, quotas=(quota("film", 5, at_least=3),))
    assert ids(found) == ["i00", "i01", "i02", "i05", "i10", "i03"]
    assert [each.rules for each in found][3:] == [("film quota",), ("film quota",), ()]
    assert find.asked == [(6, ()), (3, ("film",))]


def test_what_is_pinned_counts():
    """One film is pinned, so that one more is missing."""
    rules = {"pins": (pin("i20", 2),), "quotas": (quota("film", 4, at_least=3),)}
    assert ids(listed(k=5, **rules)) == ["i00", "i20", "i01", "i05", "i02"]
    rules = {"pins": (pin("i20", 4),), "quotas": (quota("film", 4, at_most=1),)}
    assert ids(listed(k=5, **rules)) == ["i01", "i02", "i03", "i20", "i00"]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_list_keeps_all_that_can_be_kept(data):
    """Each item once, pins in place, and every quota, as long as they do not meet."""
    k = data.draw(st.integers(1, 20), "k")
    places = data.draw(st.integers(1, 25), "places")
    most = data.draw(st.integers(0, 8), "at most novels")
    least = data.draw(st.integers(0, min(places, k, 6)), "at least films")
    at = data.draw(st.lists(st.integers(1, 25), unique=True, max_size=3), "pinned at")
    # Neither a novel nor a film: a pin may not break a quota.
    items = data.draw(st.permutations(["i01", "i02", "i04", "i31"]), "pinned")
    pins = tuple(pin(*pair) for pair in zip(items, at, strict=False))
    quotas = (
        quota("novel", places, at_most=most),
        quota("film", places, at_least=least),
    )
    found = ids(listed(k=k, pins=pins, quotas=quotas))
    assert len(found) == len(set(found)) == k
    for rule in pins:
        if rule.place <= k:
            assert found[rule.place - 1] == rule.item
    first = found[:places]
    assert sum("novel" in LABELS[i] for i in first) <= most
    pinned = sum(rule.place <= min(places, k) for rule in pins)
    # Films that are no novels are eight, which is enough.
    assert sum("film" in LABELS[i] for i in first) >= min(
        least, min(places, k) - pinned
    )


# === Preferences ===


def test_what_is_preferred_comes_first_and_others_fill():
    prefer = (PreferRule(name="films", labels=("film",)),)
    found = listed(k=14, prefers=prefer)
    films = [i for i in IDS if "film" in LABELS[i]]
    assert ids(found) == [*films, "i01", "i02"]
    assert [each.rules for each in found] == [("films",)] * 12 + [()] * 2
    assert ids(listed(k=3, prefers=prefer)) == films[:3]


def test_preferences_hold_one_after_the_other():
    prefers = (
        PreferRule(name="films", labels=("film",)),
        PreferRule(name="novels", labels=("novel",)),
    )
    films = [i for i in IDS if "film" in LABELS[i]]
    novels = [i for i in IDS if "novel" in LABELS[i] and i not in films]
    assert ids(listed(k=20, prefers=prefers)) == [*films, *novels][:20]


# === Showings ===

SEEN = ImpressionRule(name="seen", discount=1.5, free=1, window_hours=24)


def test_each_showing_beyond_those_that_are_free_costs():
    """i00 falls from 60 to 57, behind i02 of 58 and before i03 of 57; i01 stays."""
    facts = Facts(shown={"i00": 3, "i01": 1})
    found = listed(k=4, facts=facts, impressions=(SEEN,))
    assert ids(found) == ["i01", "i02", "i00", "i03"]
    assert [each.item.score for each in found] == [59, 58, 57, 57]
    assert [each.rules for each in found] == [(), (), ("seen",), ()]


@given(
    st.dictionaries(st.sampled_from(IDS), st.integers(0, 30), max_size=20),
    st.integers(1, 15),
)
def test_the_best_of_all_scores_less_showings_come(shown, k):
    truth = {i: 60.0 - n - 1.5 * max(0, shown.get(i, 0) - 1) for n, i in enumerate(IDS)}
    found = listed(k=k, facts=Facts(shown=shown), impressions=(SEEN,))
    scores = [each.item.score for each in found]
    assert scores == pytest.approx(sorted(truth.values(), reverse=True)[:k])


def test_preferred_items_stay_first_however_often_they_were_shown():
    prefer = (PreferRule(name="films", labels=("film",)),)
    facts = Facts(shown={"i00": 100})
    found = listed(k=13, facts=facts, prefers=prefer, impressions=(SEEN,))
    films = [i for i in IDS if "film" in LABELS[i]]
    assert ids(found) == [*films[1:], "i00", "i01"]
