"""What every store of user states promises."""

import threading

import numpy as np
import pytest

from serving.user_states.events import Event
from serving.user_states.state import Interest
from serving.user_states.store import NoSuchEventError


def event(user_id, timestamp, item_id="a", **more):
    return Event(user_id=user_id, item_id=item_id, timestamp=timestamp, **more)


def timestamps(state):
    return [each.timestamp for each in state.events]


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
        assert states.get("user 3").version == 20

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
