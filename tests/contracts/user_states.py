"""What every store of user states promises."""

import threading
import time

import numpy as np
import pytest

from serving.user_states.counts import ALL_ITEMS
from serving.user_states.events import Event
from serving.user_states.state import Interest
from serving.user_states.store import MAX_SHOWN, NoSuchEventError
from tfrec.data.fading import FAST_S


def event(user_id, timestamp, item_id="a", **more):
    return Event(user_id=user_id, item_id=item_id, timestamp=timestamp, **more)


def timestamps(state):
    return [each.timestamp for each in state.events]


def counts(states, *kinds, now):
    """Item id -> count by the fast half-life, of all items that were counted."""
    item_ids = states.most_counted(kinds, "fast", 100)
    levels = states.levels(kinds, item_ids)
    assert set(levels) == item_ids
    return {item_id: each.fast_count(now) for item_id, each in levels.items()}


def interest(updates):
    vector = np.full(3, updates, "float32")
    return Interest(1, updates, 100, vector, vector)


class UserStatesContract:
    """Subclass, define `reopen`, get the tests."""

    def reopen(self):
        """The store, opened once more while it is open."""
        raise NotImplementedError

    @pytest.fixture
    def states(self):
        """An empty store."""
        states = self.reopen()
        yield states
        states.close()

    def test_what_lists_showed_outlives_the_store_that_kept_it(self, states):
        """Ids may have spaces; what others were shown is apart."""
        assert states.shown("ann") == []
        states.note_shown("ann", ["a b", "café"], 10)
        states.note_shown("ann", [], 11)
        states.note_shown("bob", ["c"], 12)
        again = self.reopen()
        again.note_shown("ann", ["a b"], 13)
        assert states.shown("ann") == [("a b", 10), ("café", 10), ("a b", 13)]
        states.forget("ann")
        assert again.shown("ann") == []
        assert again.shown("bob") == [("c", 12)]
        if again is not states:
            again.close()

    def test_the_last_that_were_shown_are_kept(self, states):
        for now in range(3):
            ids = [f"i{number}" for number in range(MAX_SHOWN // 2)]
            states.note_shown("ann", ids, now)
        found = states.shown("ann")
        assert len(found) == MAX_SHOWN
        assert {now for _, now in found} == {1, 2}

    def test_unknown_users(self, states):
        states.check()
        assert (states.get("ann").version, states.get("ann").events) == (0, [])
        assert not states.forget("ann")

    def test_events_are_applied_once_and_in_order_of_time(self, states):
        appended = states.append([event("ann", 20), event("ann", 10), event("bob", 5)])
        assert (appended.accepted, appended.duplicates) == (3, 0)
        assert appended.versions == {"ann": 2, "bob": 1}
        again = states.append([event("ann", 10), event("ann", 15), event("ann", 15)])
        assert (again.accepted, again.duplicates) == (1, 2)
        assert again.versions == {"ann": 3}
        assert timestamps(states.get("ann")) == [10, 15, 20]
        assert timestamps(states.get("bob")) == [5]
        assert states.append([]).versions == {}

    def test_any_user_id_will_do(self, states):
        ids = ["é/?#", "a nn", "ann", "ANN", "a:b", "'; drop table states; --", "%00"]
        states.append([event(user_id, n) for n, user_id in enumerate(ids)])
        assert [timestamps(states.get(i)) for i in ids] == [
            [n] for n in range(len(ids))
        ]

    def test_others_see_it_at_once(self, states):
        other = self.reopen()
        states.append([event("ann", 1)])
        other.append([event("ann", 2)])
        assert states.get("ann") == other.get("ann")
        assert states.get("ann").version == 2
        other.close()

    def test_forgotten_users_come_back_as_new_ones(self, states):
        states.append([event("ann", 1), event("bob", 1)])
        before = states.get("ann")
        assert states.forget("ann")
        assert states.get("ann").version == 0
        states.append([event("ann", 1)])
        after = states.get("ann")
        assert after.version == before.version == 1
        assert after.incarnation != before.incarnation
        assert states.get("bob").version == 1

    def test_one_event_is_taken_back(self, states):
        clicks = [event("ann", t, event_id=str(t)) for t in (1, 2)]
        states.append([*clicks, event("bob", 1, event_id="1")])
        seen = states.get("ann")
        states.keep_interest("ann", seen, interest(updates=1))
        assert states.remove("ann", "1") == 3
        other = self.reopen()
        after = other.get("ann")
        assert (after.version, timestamps(after)) == (3, [2])
        assert (after.incarnation, after.interest) == (seen.incarnation, None)
        other.close()
        states.keep_interest("ann", seen, interest(updates=9))  # of the state before
        assert states.get("ann").interest is None
        assert timestamps(states.get("bob")) == [1]
        appended = states.append(clicks)  # it may come again
        assert (appended.accepted, appended.duplicates) == (1, 1)
        assert timestamps(states.get("ann")) == [1, 2]

    @pytest.mark.parametrize("event_id", ["2", "", "a"])
    def test_only_events_with_their_own_ids_are_taken_back(self, states, event_id):
        states.append([event("ann", 1), event("bob", 1, event_id="2")])
        with pytest.raises(NoSuchEventError, match=f"Received: '{event_id}'"):
            states.remove("ann", event_id)
        with pytest.raises(NoSuchEventError):
            states.remove("nobody", event_id)
        assert states.get("ann").version == 1
        assert states.get("nobody").version == 0

    def test_vectors_are_kept_with_the_state_they_were_made_from(self, states):
        states.append([event("ann", 1)])
        seen = states.get("ann")
        states.keep_interest("ann", seen, interest(updates=1))
        assert states.get("ann").interest.updates == 1
        states.append([event("ann", 2)])
        states.keep_interest("ann", seen, interest(updates=9))  # one event too late
        kept = states.get("ann")
        assert (kept.version, kept.interest.updates) == (2, 1)
        assert [each.timestamp for each in kept.pending_events()] == [2]
        states.keep_interest("ann", kept, interest(updates=2))
        assert states.get("ann").interest.updates == 2
        assert states.get("ann").pending == []
        states.forget("ann")
        states.keep_interest("ann", kept, interest(updates=3))
        assert states.get("ann").version == 0

    def test_writers_at_once_lose_and_double_nothing(self, states):
        """Each event is sent by two of four writers, to shared and to own users."""

        def write(number):
            own = self.reopen()
            for t in range(20):
                moment = 100 * (number // 2) + t
                own.append([event("ann", moment), event(f"user {number}", moment)])
            own.close()

        threads = [threading.Thread(target=write, args=[n]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expected = [*range(20), *range(100, 120)]
        assert timestamps(states.get("ann")) == expected
        assert states.get("ann").version == 40
        # Of each of "ann"'s 40 one counts, and each of 20 of four users.
        assert counts(states, "", now=119)["a"] == pytest.approx(120, rel=0.05)
        assert states.get("user 3").version == 20

    def test_accepted_events_count_once_for_their_items(self, states):
        hour = FAST_S
        first = [event("ann", hour), event("bob", hour), event("bob", 2 * hour, "b")]
        first += [event("cid", 2 * hour, "b", event="buy/1:é")]
        first += [event("cid", 2 * hour, "", text="a search", event="search")]
        states.append(first)
        states.append([*first[:2], event("dan", 0)])  # two again, and a late one
        other = self.reopen()
        assert sorted(other.counted_kinds()) == ["", "buy/1:é"]
        # Two of an hour ago are one, one of two hours ago a quarter.
        expected = {"a": 1.25, "b": 1}
        assert counts(other, "", now=2 * hour) == pytest.approx(expected)
        both = counts(other, "", "buy/1:é", now=2 * hour)
        assert both == pytest.approx({"a": 1.25, "b": 2})
        assert counts(other, "never", now=0) == counts(other, now=0) == {}
        of_all = other.levels(["", "buy/1:é"], [ALL_ITEMS])[ALL_ITEMS]
        assert of_all.fast_count(2 * hour) == pytest.approx(3.25)
        other.close()

    def test_counts_outlive_events_and_users(self, states):
        states.append([event("ann", 1, event_id="1"), event("bob", 1)])
        states.remove("ann", "1")
        states.forget("bob")
        assert counts(states, "", now=1) == pytest.approx({"a": 2})

    def test_the_best_of_each_kind_and_half_life(self, states):
        week = [event(f"u{n}", 3 * n * FAST_S, "old") for n in range(50)]
        now = 150 * FAST_S
        new = [event(f"u{n}", now, "new") for n in range(3)]
        states.append([*week, *new, event("u1", now, "bought", event="buy")])
        assert states.most_counted([""], "slow", 1) == {"old"}
        assert states.most_counted([""], "fast", 1) == {"new"}
        assert states.most_counted(["", "buy"], "fast", 1) == {"new", "bought"}
        assert states.most_counted([""], "fast", 2) == {"new", "old"}  # but not all
        assert set(states.levels([""], ["old", "bought", "none"])) == {"old"}
        assert states.levels([""], []) == {}

    def test_nothing_of_the_future_counts_more_than_now(self, states):
        states.append([event("ann", int(time.time()) + 10**9)])
        now = time.time()
        assert counts(states, "", now=now)["a"] == pytest.approx(1, rel=0.1)

    def test_threads_share_a_store(self, states):
        threads = [
            threading.Thread(target=states.append, args=[[event("ann", t)]])
            for t in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert states.get("ann").version == 8
