"""Tests of serving.rules.reading and serving.rules.conflicts: what a file may say."""

import datetime

import pytest

from serving.rules.kinds import (
    Arm,
    BoostRule,
    FreshnessRule,
    ImpressionRule,
    PinRule,
    PreferRule,
    QuotaRule,
    When,
)
from serving.rules.reading import read_rules
from tfrec.errors import ConfigError

WHOLE = """
experiment = "spring"

[[boost]]
name = "spring sale"
categories = ["garden"]
domains = ["tools"]
labels = ["brand:acme", "garden"]
value = 0.5
when = { domain = "tools", from = 2026-03-01T00:00:00Z, until = 2026-04-01 }

[[bury]]
name = "old stock"
labels = ["brand:dull"]
value = 2
when = { weekdays = ["sat", "sun"], hours = [22, 4], arm = "loud" }

[[pin]]
name = "editor"
item = 50
place = 1

[[quota]]
name = "not only novels"
categories = ["novel"]
places = 10
at_most = 3
at_least = 1

[[prefer]]
name = "in my language"
languages = ["en"]

[freshness]
weight = 0.3
half_life_hours = 48

[impressions]
discount = 0.1
free = 2
window_hours = 24

[arm.loud]
share = 0.25
"""
MARCH = int(datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC).timestamp())
APRIL = int(datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC).timestamp())


def test_a_whole_file():
    book = read_rules(WHOLE)
    sale, old = book.boosts
    assert sale == BoostRule(
        name="spring sale",
        labels=("brand:acme", "garden", "domain:tools"),
        value=0.5,
        when=When(domain="tools", start=MARCH, end=APRIL),
    )
    assert (old.value, old.when.weekdays, old.when.arm) == (-2.0, {5, 6}, "loud")
    assert old.when.every_hour == {22, 23, 0, 1, 2, 3}
    assert book.pins == (PinRule(name="editor", item="50", place=1),)
    assert book.quotas == (
        QuotaRule(
            name="not only novels", labels=("novel",), places=10, at_most=3, at_least=1
        ),
    )
    assert book.prefers == (PreferRule(name="in my language", labels=("language:en",)),)
    (freshness,), (shown,) = book.freshness, book.impressions
    assert freshness == FreshnessRule(name="freshness", weight=0.3, half_life_hours=48)
    assert shown == ImpressionRule(
        name="impressions", discount=0.1, free=2, window_hours=24
    )
    assert (book.experiment, book.arms) == ("spring", (Arm("loud", 0.25),))
    assert book.labels() == {
        *("brand:acme", "garden", "domain:tools", "brand:dull", "novel", "language:en")
    }


def test_the_version_is_that_of_the_text():
    assert read_rules(WHOLE).version == read_rules(WHOLE).version
    assert read_rules(WHOLE).version != read_rules(f"{WHOLE}\n# later").version
    assert len(read_rules("").version) == 12


def boost(more="", value="value = 1", labels='labels = ["a"]', name='name = "x"'):
    return f"[[boost]]\n{name}\n{labels}\n{value}\n{more}\n"


def pin(name, item, place, more=""):
    return f'[[pin]]\nname = "{name}"\nitem = "{item}"\nplace = {place}\n{more}\n'


def quota(name, bounds, more=""):
    return f'[[quota]]\nname = "{name}"\nlabels = ["a"]\n{bounds}\n{more}\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("boost = [", "not valid TOML"),
        ("boosts = 1", "the file: unknown key `boosts`. Did you mean `boost`?"),
        ("boost = 1", "`boost` must be written as [[boost]]"),
        ("freshness = 1", "`freshness` must be written as [freshness]"),
        ("[[boost]]", "[[boost]] 1: `name` must be a text"),
        (boost(labels=""), "must name `labels`, `categories`, `domains` or"),
        (boost(labels="labels = []"), "because it touches no item otherwise"),
        (boost(labels='labels = "a"'), "`labels` must be a list of texts. Received:"),
        (boost(value=""), '[[boost]] 1 "x": `value` must be given'),
        (boost(value="value = nan"), "`value` must be a finite number. Received: nan"),
        (boost(value="value = inf"), "`value` must be a finite number"),
        (boost(value="value = 20000"), "`value` must be from -10000 to 10000"),
        (boost(value='value = "1"'), "`value` must be a finite number"),
        (boost("valve = 1"), "unknown key `valve`. Did you mean `value`?"),
        (boost("when = 1"), "`when` must be a table of keys"),
        (
            boost("when = { form = 1 }"),
            "unknown key `form`. Did you mean `from`",
        ),
        (boost('when = { from = "noon" }'), "`from` must"),
        (boost("when = { from = 9, until = 9 }"), "`from` must be before `until`"),
        (boost('when = { weekdays = ["Monday"] }'), "must be some of mon, tue, wed"),
        (boost("when = { hours = [1, 25] }"), "must be two hours from 0 to 24"),
        (boost("when = { hours = [3, 3] }"), "must be two different hours"),
        (
            boost('when = { arm = "b" }'),
            "`arm` must be one of [arm.NAME]. Received: 'b'",
        ),
        ('[[bury]]\nname = "x"\nlabels = ["a"]\nvalue = -1', "must be from 0 to 10000"),
        ('[[bury]]\nname = "x"\nlabels = ["a"]\nvalue = 0', "must be positive"),
        (pin("x", "i", 0), "`place` must be at least 1, the first place"),
        (pin("x", "", 1), "`item`"),
        (pin("x", "i", "1.5"), "`place` must be a whole number"),
        (pin("x", "i", 1) + pin("y", "j", 1), '"x" and "y" pin two items at place 1'),
        (pin("x", "i", 1) + pin("y", "i", 2), "pin item 'i' at two places"),
        (quota("x", "places = 3"), "`at_most` or `at_least` must be given"),
        (quota("x", "places = 3\nat_least = 4"), "`at_least` must be at most `places`"),
        (quota("x", "at_most = 1"), "`places` must be given"),
        (
            quota("x", "places = 3\nat_least = 2\nat_most = 1"),
            '"x" asks for at least 2 where "x" allows at most 1',
        ),
        (
            quota("x", "places = 3\nat_least = 2")
            + quota("y", "places = 5\nat_most = 1"),
            '"x" asks for at least 2 where "y" allows at most 1',
        ),
        ("[freshness]\nweight = 1\nhalf_life_hours = 0", "`half_life_hours` must be"),
        (
            "[impressions]\ndiscount = 0\nwindow_hours = 1",
            "`discount` must be positive",
        ),
        ("[arm.a]\nshare = 0.5", "`experiment` must be a name where there are arms"),
        ('experiment = "e"\n[arm.a]', "[arm.a]: `share` must be given"),
        ('experiment = "e"\n[arm.a]\nshare = 2', "`share` must be from 0 to 1"),
        (
            'experiment = "e"\n[arm.a]\nshare = 0.7\n[arm.b]\nshare = 0.7',
            "must be at most 1 together, because each person is in one. Received: 1.4",
        ),
    ],
)
def test_refusals(text, words):
    with pytest.raises(ConfigError) as raised:
        read_rules(text)
    assert words in str(raised.value)


def test_all_problems_are_told_at_once():
    text = boost(value="value = nan") + pin("y", "i", 0) + "other = 1\n"
    with pytest.raises(ConfigError, match="The rules have 3 problems:\n- ") as raised:
        read_rules(text)
    assert len(str(raised.value).splitlines()) == 4


APART = [
    ("when = { until = 100 }", "when = { from = 100 }"),
    ('when = { weekdays = ["mon"] }', 'when = { weekdays = ["tue"] }'),
    ("when = { hours = [8, 12] }", "when = { hours = [12, 8] }"),
    ('when = { domain = "a" }', 'when = { domain = "b" }'),
    ('when = { arm = "a" }', 'when = { arm = "b" }'),
]


@pytest.mark.parametrize(("first", "second"), APART)
def test_what_never_holds_together_does_not_collide(first, second):
    arms = 'experiment = "e"\n[arm.a]\nshare = 0.5\n[arm.b]\nshare = 0.5\n'
    read_rules(arms + pin("x", "i", 1, first) + pin("y", "j", 1, second))
    with pytest.raises(ConfigError, match="pin two items at place 1"):
        read_rules(arms + pin("x", "i", 1, first) + pin("y", "j", 1))
