"""Tests of serving.user_states.state and its bytes."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.user_states import state as state_module
from serving.user_states.events import Event
from serving.user_states.state import (
    MAX_CHARACTERS,
    MAX_EVENTS,
    MAX_OUTSIDE,
    Interest,
    UserState,
)
from serving.user_states.state_codec import StateError, decode_state, encode_state

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=4)
EVENTS = st.builds(
    Event,
    user_id=st.just("ann"),
    item_id=TEXTS.filter(str.strip),
    timestamp=st.integers(-2_208_988_800, 10**11),  # from 1900 on
    event=TEXTS,
    value=st.none() | st.floats(-1e30, 1e30),
    sequence=st.integers(-(2**63) + 1, 2**63 - 1),
    event_id=TEXTS,
    text=TEXTS,
)


def event(timestamp, item_id="a", **more):
    return Event(user_id="ann", item_id=item_id, timestamp=timestamp, **more)


def applied(events):
    state = UserState()
    for each in events:
        state.apply(each)
    return state


def _moment(each):
    return each.timestamp, each.sequence


def oracle(events, length):
    """The slow and obvious way: one of each key, sorted, the end of it."""
    distinct = {each.key(): each for each in reversed(events)}
    ordered = sorted(distinct.values(), key=_moment)
    return [each.key() for each in ordered][-length:], len(distinct)


@settings(deadline=None)
@given(
    st.lists(EVENTS, max_size=30, unique_by=(_moment, Event.key)),
    st.randoms(use_true_random=False),
    st.integers(1, 8),
)
def test_order_and_repetition_do_not_matter(events, rng, length):
    shuffled = events + rng.choices(events, k=20) if events else []
    rng.shuffle(shuffled)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state_module, "MAX_EVENTS", length)
        state = applied(shuffled)
        assert state == applied(events)
    assert ([e.key for e in state.events], state.version) == oracle(events, length)


@settings(deadline=None)
@given(st.lists(EVENTS, max_size=30))
def test_bytes_are_the_state(events):
    state = applied(events)
    again = decode_state(encode_state(state))
    assert again == state
    assert again.incarnation == state.incarnation
    assert not any(map(again.apply, events))


def test_events_of_one_moment_stand_as_they_came():
    state = applied([event(10, "b"), event(10, "a"), event(10, "z", sequence=-1)])
    assert [each.item_id for each in state.events] == ["z", "b", "a"]


def test_the_last_500_are_kept_and_late_ones_are_still_known():
    events = [event(t) for t in range(MAX_EVENTS + 20)]
    random.Random(0).shuffle(events)
    state = decode_state(encode_state(applied(events)))
    assert [each.timestamp for each in state.events] == list(range(20, 520))
    assert state.version == 520
    assert not any(map(state.apply, events))


def test_memory_of_what_fell_out_is_bounded():
    state = applied([event(t) for t in range(MAX_EVENTS + MAX_OUTSIDE + 1)])
    assert not state.apply(event(1))
    before = list(state.events)
    assert state.apply(event(0))  # forgotten: it counts, but changes nothing else
    assert state.events == before
    assert len(state.outside) == MAX_OUTSIDE


def test_history_is_what_a_client_sends():
    rated = event(20, "b", event="rating", value=4)
    (first, second) = applied([rated, event(10)]).history()
    assert second == ("b", "rating", 4.0, 20, "")
    assert first[:2] == ("a", "")
    assert first[2] != first[2]  # NaN, a typical value


def search(timestamp, text, item_id=""):
    return Event(
        user_id="ann", item_id=item_id, text=text, event="search", timestamp=timestamp
    )


def test_texts_are_kept_and_stored():
    events = [event(5), search(6, "海 \0 café"), search(7, "quiet", "b"), event(8, "c")]
    state = decode_state(encode_state(applied(events)))
    texts = [("a", ""), ("", "海 \0 café"), ("b", "quiet"), ("c", "")]
    assert [(each[0], each[4]) for each in state.history()] == texts
    assert state == applied(events)
    assert not state.apply(search(6, "海 \0 café"))
    assert state.apply(search(6, "another one"))


def test_the_last_texts_are_kept_and_no_book():
    events = [search(t, f"{t} " + "x" * 5000, "b" if t % 2 else "") for t in range(20)]
    state = applied(events)
    texts = [(each.item_id, each.text.split(" ")[0]) for each in state.events]
    old = [("b", "")] * 2  # 1 and 3; 0 and 2 had no item
    assert texts == old + [("b" if t % 2 else "", str(t)) for t in range(4, 20)]
    assert max(len(each.text) for each in state.events) == MAX_CHARACTERS
    assert not state.apply(events[0])


def test_a_text_has_the_interest_vector_begin_again():
    state = applied([event(1)])
    state.interest = interest = Interest(1, 0, 1, np.ones(2), np.ones(2))
    state.apply(event(2))
    assert (state.interest, len(state.pending)) == (interest, 1)
    state.apply(search(3, "quiet"))
    assert (state.interest, state.pending) == (None, [])


def test_bytes_of_a_full_state_are_few():
    full = applied([event(t, str(t % 1000), event="view") for t in range(1000)])
    assert len(encode_state(full)) < 50 * MAX_EVENTS + 8 * MAX_OUTSIDE


def test_a_user_nobody_knows():
    state = decode_state(None)
    assert (state.version, state.events) == (0, [])
    assert state.incarnation != decode_state(None).incarnation


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda b: b"\x63" + b[1:],
            r"formats \[1, 2, 3\]. Received: 63. A newer version",
        ),
        (lambda b: b"", "Received: nothing"),
        (lambda b: b[:40], "A state of 40 bytes is damaged"),
        (lambda b: b[:9], "is damaged"),
        (lambda b: b + b"\0", "is damaged: 3 texts for 1 events"),
    ],
)
def test_bytes_that_are_no_state(spoil, words):
    with pytest.raises(StateError, match=words):
        decode_state(spoil(encode_state(applied([event(1)]))))


VECTORS = np.arange(3, dtype="float32"), np.ones(3, "float32")
# A state of format 1, as a gateway of the time wrote it: two events of "ann".
FORMAT_1 = bytes.fromhex(
    "016300000000000000020000000000000002000000000000000a00000000000000140000"
    "000000000000000000000000000000000000000000000000000000f87f00000000000004"
    "401012ef4c079a364cd2bfb0c765862464c3a90062007669657700"
)


FORMAT_2 = bytes.fromhex(  # the same of format 2: events of items "a" and "b"
    "026300000000000000020000000000000003000000010000000700000000000000020000"
    "0000000000d204000000000000000000000000803f000000400000803f0000803f000080"
    "3fd5579ffb1f040aaf02000000000000000a000000000000001400000000000000000000"
    "00000000000000000000000000000000000000f87f0000000000001240b499cb0313a092"
    "e8d5579ffb1f040aaf610062000076696577"
)


def with_interest(state):
    state.interest = Interest(7, 2, 1234, *VECTORS)
    return state


def test_events_wait_until_they_have_moved_the_vector():
    state = applied([event(10)])
    assert state.pending_events() == []  # nobody has asked for a vector
    with_interest(state)
    state.apply(event(30))
    state.apply(event(20))
    state.apply(event(30))
    assert [each.timestamp for each in state.pending_events()] == [20, 30]


def test_bytes_hold_the_vector():
    state = with_interest(applied([event(10)]))
    state.apply(event(20))
    again = decode_state(encode_state(state))
    assert (again, again.pending) == (state, state.pending)
    interest = again.interest
    assert (interest.model_version, interest.updates) == (7, 2)
    assert interest.timestamp == 1234
    np.testing.assert_array_equal([interest.vector, interest.long_term], VECTORS)


def test_what_is_too_old_to_be_kept_waits_no_more():
    state = with_interest(UserState())
    for t in range(MAX_EVENTS + 3):
        state.apply(event(t))
    assert len(state.pending) == len(state.pending_events()) == MAX_EVENTS


def test_states_of_the_second_format_are_read():
    state = decode_state(FORMAT_2)
    assert state == applied([event(10), event(20, "b", event="view", value=4.5)])
    np.testing.assert_array_equal(state.interest.vector, VECTORS[0])
    assert [each.item_id for each in state.pending_events()] == ["b"]
    assert decode_state(encode_state(state)).pending == state.pending


def test_states_of_the_first_format_are_read():
    state = decode_state(FORMAT_1)
    assert state == applied([event(10, "é", event="view"), event(20, "b", value=2.5)])
    assert (state.incarnation, state.interest) == (99, None)
    assert not state.apply(event(20, "b", value=2.5))
    assert decode_state(encode_state(state)) == state
