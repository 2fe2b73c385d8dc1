"""Tests of serving.gateway.last_lists."""

import pytest

from serving.gateway.last_lists import LastLists, ShownList, question_of
from serving.gateway.list_options import ListOptions
from serving.user_states.state import UserState
from tests.contracts.user_states import event

KEY = ("ann", question_of(ListOptions()))


def show(lists, state, ids, version=1, key=KEY):
    """What was before, then the list is noted."""
    before = lists.before(key, state, version)
    lists.note(key, ShownList.of(ids, version, state), state)
    return before


def state_of(*item_ids):
    state = UserState()
    for moment, item_id in enumerate(item_ids, start=1):
        state.apply(event("ann", moment, item_id))
    return state


def test_a_list_is_compared_with_that_of_the_state_before():
    lists, state = LastLists(), state_of("a")
    assert show(lists, state, "xyz") is None
    assert show(lists, state, "xyz") is None  # asked again
    state.apply(event("ann", 5, "b"))
    state.apply(event("ann", 6, "c"))
    before = show(lists, state, "yxz")
    assert (before.places, before.num_new) == ({"x": 1, "y": 2, "z": 3}, 2)
    again = show(lists, state, "yxz")  # says the same again
    assert again == before


def test_the_first_event_is_compared_with_the_list_of_nobody():
    """A state that is not kept yet has another incarnation each time."""
    lists = LastLists()
    show(lists, UserState(), "xyz")
    before = show(lists, state_of("a"), "zyx")
    assert (before.places["x"], before.num_new) == (1, 1)


def test_late_events_are_not_new_and_events_taken_back_leave_none():
    lists, state = LastLists(), state_of("a", "b")
    show(lists, state, "xyz")
    state.apply(event("ann", 0, "early"))
    assert show(lists, state, "xyz").num_new == 0
    state.apply(event("ann", 9, "last", event_id="1"))
    show(lists, state, "xyz")
    state.take_back("1")
    assert show(lists, state, "xyz").num_new == 0


@pytest.mark.parametrize("change", ["model", "question", "person", "forgotten"])
def test_what_cannot_be_compared_is_not(change):
    lists, state = LastLists(), state_of("a")
    show(lists, state, "xyz")
    state.apply(event("ann", 9, "b"))
    key, version = KEY, 1
    if change == "model":
        version = 2
    elif change == "question":
        key = ("ann", question_of(ListOptions(query="sea")))
    elif change == "person":  # forgotten elsewhere, and come back
        state = state_of("a", "b", "c")
    else:
        lists.forget("ann")
    assert show(lists, state, "xyz", version, key) is None


def test_languages_and_explaining_are_one_question():
    options = ListOptions(explain=True, lang="zh", now=7)
    assert question_of(options) == question_of(ListOptions())
    assert question_of(ListOptions(k=3)) != question_of(ListOptions())


def test_only_so_many_are_kept():
    lists = LastLists(most=1)
    show(lists, UserState(), "xyz")
    show(lists, UserState(), "xyz", key=("bob", None))
    assert show(lists, state_of("a"), "zyx") is None
