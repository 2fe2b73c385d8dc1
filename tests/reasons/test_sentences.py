"""Tests of tfrec.reasons.sentences: both languages, and texts that people choose."""

import string

import pytest

from tfrec.reasons.evidence import CarryingEvent, Evidence, ListChange, SharedWord
from tfrec.reasons.sentences import LANGS, messages, sentence


def event(name, kind="view", **more):
    more = {"item_id": name, "share": 0.5, "is_named": True} | more
    return CarryingEvent(event=kind, **more)


def evidence(*events, **more):
    return Evidence(item_id="q", events=events, **more)


def word(text, source):
    return SharedWord(word=text, source=source)


def placeholders(message):
    return sorted(name for _, name, _, _ in string.Formatter().parse(message) if name)


@pytest.mark.parametrize("lang", LANGS)
def test_every_language_has_the_same_messages(lang):
    ours, english = messages(lang), messages("en")
    assert ours.keys() == english.keys()
    for key, message in english.items():
        assert placeholders(ours[key]) == placeholders(message), key


@pytest.mark.parametrize(
    ("kind", "value", "english", "chinese"),
    [
        ("rating", 4.5, "because you rated “a” 4.5", "因为您给“a”打了 4.5 分"),
        ("rating", None, "because you rated “a”", "因为您给“a”打过分"),
        ("buy", 3.0, "because you bought “a”", "因为您买过“a”"),
        ("wishlist", 1.0, "because of “a” (wishlist)", "因为“a”（wishlist）"),
        ("", 1.0, "because of “a”", "因为“a”"),
    ],
)
def test_what_was_done(kind, value, english, chinese):
    found = evidence(event("a", kind, value=value))
    assert sentence(found) == english
    assert sentence(found, "zh") == chinese


def test_nothing_is_said_where_no_event_may_be_named():
    assert sentence(evidence()) is None
    assert sentence(evidence(event("a", is_named=False)), "zh") is None


def test_what_was_written_and_what_was_looked_for():
    text = event("", "search", text="quiet films")
    assert sentence(evidence(text)) == "because you wrote “quiet films”"
    assert sentence(evidence(text), "zh") == "因为您写过“quiet films”"
    found = evidence(text, query="海", is_found_by_query=True)
    assert sentence(found) == "fits “海”"
    assert sentence(found, "zh") == "符合“海”"


def test_what_both_share():
    words = (word("Star", "item"), word("space", "profile"))
    found = evidence(event("a"), words=words, shared_categories=("Sci-Fi", "War"))
    said = "because you viewed “a”; both: Sci-Fi, War, “Star”"
    assert sentence(found) == said  # the profile's words are not the event's
    assert sentence(found, "zh") == "因为您浏览过“a”；共同点：Sci-Fi、War、“Star”"
    text = event("", "search", text="a quiet sea")
    found = evidence(text, words=(word("Quiet", "text"), word("man", "item")))
    assert sentence(found) == "because you wrote “a quiet sea”; both: “Quiet”"


@pytest.mark.parametrize(
    ("was", "later", "english", "chinese"),
    [
        (None, "a", "; new since then", "；此后新上榜"),
        (7, "a", "; up from 7 since then", "；此后从第 7 位上升"),
        (
            None,
            "b",
            "; new since you viewed “b”",
            "；您浏览过“b”之后新上榜",
        ),
        (
            7,
            "b",
            "; up from 7 since you viewed “b”",
            "；您浏览过“b”之后从第 7 位上升",
        ),
    ],
)
def test_what_has_changed(was, later, english, chinese):
    change = ListChange(was=was, event=event(later, share=0.2))
    found = evidence(event("a"), change=change)
    assert sentence(found) == f"because you viewed “a”{english}"
    assert sentence(found, "zh") == f"因为您浏览过“a”{chinese}"


def test_a_change_without_a_cause_is_not_explained():
    found = evidence(event("a"), change=ListChange(was=3))
    assert sentence(found) == "because you viewed “a”"


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("{name} {0} {{x}} %s", "“{name} {0} {{x}} %s”"),
        ("line\none\r\n\x00two\u2028three", "“line one two three”"),
        ("evil \u202eeman", "“evil eman”"),  # no override of what follows
        ("ملك", "“\u2068ملك\u2069”"),  # from right to left, in a place of its own
        ("👩‍🚀🚀", "“👩‍🚀🚀”"),
        ("a “quoted” title", "“a “quoted” title”"),
        ("海" * 200, f"“{'海' * 79}…”"),
    ],
)
def test_titles_stay_texts(lang, title, expected):
    assert expected in sentence(evidence(event("a", title=title)), lang)


def test_a_kind_and_a_category_stay_texts():
    found = evidence(event("a", "{kind}\n!"), shared_categories=("{x}\n",))
    assert sentence(found) == "because of “a” ({kind} !); both: {x}"


def test_an_emoji_of_parts_is_not_left_with_a_joiner():
    title = "x" * 77 + "👩\u200d🚀" + "x" * 80
    assert "\u200d…" not in sentence(evidence(event("a", title=title)))
