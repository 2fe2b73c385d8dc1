"""What a session keeps, and for how long."""

import datetime

import pytest

from serving.gateway.ask_sessions import AskSessions, LastRequest
from serving.sentences.parsed_request import (
    NumericLimit,
    Order,
    ParsedRequest,
    Refinement,
)
from serving.sentences.refined import is_refinement, joined, resolve

LAST = LastRequest(ParsedRequest(query="x"), ("a",))


def test_sessions_end_and_are_few():
    now = [0.0]
    sessions = AskSessions(most=2, kept_s=10, clock=lambda: now[0])
    sessions.put("ann", "1", LAST)
    now[0] = 9
    assert sessions.get("ann", "1") is LAST
    assert sessions.get("bob", "1") is None
    assert sessions.get("ann", "2") is None
    now[0] = 10
    assert sessions.get("ann", "1") is None
    for session in "234":
        sessions.put("ann", session, LAST)
    assert [bool(sessions.get("ann", each)) for each in "234"] == [False, True, True]
    sessions.forget("ann")
    assert sessions.get("ann", "4") is None


def test_sessions_hold_few_ids_in_all():
    sessions = AskSessions(most_ids=10)
    four = LastRequest(ParsedRequest(), ("a", "b", "c"))
    for session in "1123":
        sessions.put("ann", session, four)
    assert [bool(sessions.get("ann", each)) for each in "123"] == [False, True, True]
    sessions.put("ann", "4", LastRequest(ParsedRequest(query="x"), tuple("abcdefghi")))
    assert [bool(sessions.get("ann", each)) for each in "234"] == [False] * 3
    sessions.put("ann", "5", four)
    assert sessions.get("ann", "5") is four


def test_what_refines():
    limit = (NumericLimit("price", max=5),)
    assert is_refinement(ParsedRequest(limits=limit))
    assert is_refinement(ParsedRequest(not_categories=("x",)))
    assert is_refinement(ParsedRequest(query="x", refinements=(Refinement("like", 1),)))
    assert not is_refinement(ParsedRequest(query="x", limits=limit))
    assert not is_refinement(ParsedRequest(categories=("x",)))


def test_later_limits_count_and_exclusions_add_up():
    day = datetime.date(1990, 1, 1)
    before = ParsedRequest(
        query="quiet",
        categories=("x",),
        not_categories=("y",),
        limits=(NumericLimit("price", 10, 50), NumericLimit("rating", 4)),
        newer_than=day,
        k=5,
    )
    after = ParsedRequest(
        not_categories=("z", "y"),
        limits=(NumericLimit("price", max=30),),
        order=Order("year"),
    )
    request = joined(before, after)
    assert request.not_categories == ("y", "z")
    assert request.limits == (NumericLimit("price", 10, 30), NumericLimit("rating", 4))
    assert (request.query, request.categories) == ("quiet", ("x",))
    assert (request.newer_than, request.k, request.order) == (day, 5, Order("year"))
    instead = ParsedRequest(categories=("w",), refinements=(Refinement("instead"),))
    request = joined(before, instead)
    assert (request.query, request.categories) == ("", ("w",))
    assert request.not_categories == ("y",)


PRICES = {"a": 10.0, "b": 20.0, "c": 60.0}


def resolved(*refinements, shown="abc", like=()):
    request = ParsedRequest(refinements=refinements)
    return resolve(request, shown, lambda i, _: PRICES.get(i), like)


@pytest.mark.parametrize(
    ("refinements", "like", "limit"),
    [
        ([Refinement("less", None, "price")], (), {"max": 20, "is_max_allowed": False}),
        ([Refinement("more", None, "price")], (), {"min": 20, "is_min_allowed": False}),
        (
            [Refinement("less", None, "price"), Refinement("like", 3)],
            (),
            {"max": 60, "is_max_allowed": False},
        ),
        (
            [Refinement("less", None, "price")],
            ("a",),
            {"max": 10, "is_max_allowed": False},
        ),
    ],
)
def test_comparatives_are_limits(refinements, like, limit):
    done = resolved(*refinements, like=like)
    assert done.request.limits == (NumericLimit("price", **limit),)
    assert done.unresolved == ()


def test_places_are_items():
    done = resolved(Refinement("exclude", -1), Refinement("like", 1))
    assert (done.request.unlike, done.request.like) == (("c",), ("a",))
    assert resolved(Refinement("exclude", 0)).request.unlike == ("a", "b", "c")


def test_what_cannot_be_resolved_is_said():
    cheaper, fourth = Refinement("less", None, "price"), Refinement("like", 4)
    assert resolved(cheaper, shown="").unresolved == ((cheaper, "no_list"),)
    assert resolved(cheaper, shown="?").unresolved == ((cheaper, "not_measured"),)
    assert resolved(fourth).unresolved == ((fourth, "no_place"),)
