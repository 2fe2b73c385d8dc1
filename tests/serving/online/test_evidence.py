"""Tests of serving.gateway.evidence: titles, words, categories and changes."""

import math

import numpy as np
import pytest

from serving.gateway.evidence import Carried, EvidenceMaker
from serving.gateway.last_lists import Before
from serving.gateway.titles import ItemTitles
from tfrec.reasons.evidence import SharedWord
from tfrec.reasons.sentences import sentence

TEXTS = {"query_text": "", "user_text": ""}


@pytest.fixture
def catalogue():
    catalogue = ItemTitles()
    catalogue.put("p", "Star {wars}\x00 of the Sea", "Sci-Fi|War", "1977")
    catalogue.put("q", "\u202eسفينة Star", "War|Drama", "a quiet crew")
    catalogue.put("r", "安静的海 🌊", "Drama", "")
    return catalogue


def event(item_id, kind="view", text="", timestamp=1):
    return item_id, kind, math.nan, timestamp, text


def make(catalogue, history, shares, before=None, may_be=None, **texts):
    """Evidence of `p`, `q` and `r`, as many as there are rows of shares."""
    shares = np.array(shares, float)
    may_be = np.ones(len(history), bool) if may_be is None else np.array(may_be)
    are_words = [False] * len(shares)
    carried = Carried("pqr"[: len(shares)], history, shares, may_be, are_words)
    return EvidenceMaker(catalogue).of(carried, TEXTS | texts, before)


def test_what_both_items_share(catalogue):
    (found,) = make(catalogue, [event("q")], [[1.0]])
    assert found.shared_categories == ("War",)
    assert found.words == (SharedWord(word="Star", source="item"),)
    expected = "because you viewed “\u2068سفينة Star\u2069”; both: War, “Star”"
    assert sentence(found) == expected


def test_words_that_were_written(catalogue):
    history = [event("", "search", "a war at sea"), event("q")]
    (found,) = make(catalogue, history, [[0.9, 0.1]], user_text="likes STAR ships")
    assert {(each.word, each.source) for each in found.words} == {
        ("Sea", "text"),
        ("War", "text"),  # a category
        ("Star", "profile"),
    }
    (found,) = make(catalogue, history, [[0.9, 0.1]], query_text="sea")
    assert found.words[0] == SharedWord(word="Sea", source="query")
    *_, chinese = make(catalogue, [event("q")], [[1], [1], [1]], query_text="安静一点")
    assert chinese.words == (SharedWord(word="安静", source="query"),)


def test_titles_of_any_kind_stay_texts(catalogue):
    history = [event("p", "rating"), event("r", "buy")]
    first, second = make(catalogue, history, [[1.0, 0.0], [0.0, 1.0]])
    assert "“Star {wars} of the Sea”" in sentence(first, "zh")
    assert sentence(second, "zh") == "因为您买过“安静的海 🌊”；共同点：Drama"


def test_places_and_causes(catalogue):
    history = [event("a"), event("b", timestamp=2), event("c", timestamp=3)]
    before = Before({"p": 1, "q": 3}, num_new=1)
    shares = [[0.0, 0.0, 1.0], [0.5, 0.1, 0.4], [0.9, 0.05, 0.05]]
    p, q, r = make(catalogue, history, shares, before)
    assert p.change is None  # in its place
    assert (q.change.was, q.change.event.item_id) == (3, "c")
    assert (r.change.was, r.change.event) == (None, None)  # .05 is no fifth of .9
    fallen = Before({"q": 1, "p": 3}, num_new=3)
    assert make(catalogue, history, shares, fallen)[1].change.event is None


@pytest.mark.parametrize("num_new", [0, 9])
def test_no_new_event_or_more_than_the_model_reads(catalogue, num_new):
    before = Before({"p": 5}, num_new)
    (found,) = make(catalogue, [event("a")], [[1.0]], before)
    assert (found.change.event is None) == (num_new == 0)


def test_a_dislike_is_no_cause(catalogue):
    before = Before({}, num_new=1)
    (found,) = make(catalogue, [event("a")], [[1.0]], before, may_be=[False])
    assert (found.named_event, found.change.event) == (None, None)


def test_without_a_history(catalogue):
    (found,) = make(catalogue, [], [[]], query_text="sea")
    assert found.events == ()
    assert found.title == "Star {wars}\x00 of the Sea"
