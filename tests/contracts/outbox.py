"""What the outbox of every store promises."""

import json

import pytest

from serving.user_states.store import NoSuchEventError
from tests.contracts.user_states import event


def records(batch):
    """`(table, user id, item or event id)` of a batch's records."""
    found = map(json.loads, batch.records if batch else ())
    return [
        (each["table"], each["user_id"], each.get("item_id", each["event_id"]))
        for each in found
    ]


class OutboxContract:
    """Subclass with `reopen` as in `UserStatesContract`, and get the tests."""

    @pytest.fixture
    def logged(self):
        """An empty store that keeps records."""
        states = self.reopen()
        states.keeps_log = True
        yield states
        states.close()

    def test_without_a_log_nothing_waits(self, states):
        states.append([event("ann", 1)])
        states.forget("ann")
        assert states.outbox.waiting() == 0
        assert states.outbox.take(10) is None

    def test_events_that_are_new_have_a_record(self, logged):
        logged.append([event("ann", 1), event("bob", 2, "b", recommendation_id="r")])
        logged.append([event("ann", 1), event("ann", 3, "c")])
        batch = logged.outbox.take(10)
        assert records(batch) == [
            ("events", "ann", "a"),
            ("events", "bob", "b"),
            ("events", "ann", "c"),
        ]
        assert json.loads(batch.records[1])["recommendation_id"] == "r"

    def test_what_is_taken_back_or_forgotten_has_one(self, logged):
        logged.append([event("ann", 1, event_id="e")])
        logged.remove("ann", "e")
        with pytest.raises(NoSuchEventError):
            logged.remove("ann", "e")
        logged.forget("ann")
        logged.forget("nobody")
        assert records(logged.outbox.take(10))[1:] == [
            ("erasures", "ann", "e"),
            ("erasures", "ann", ""),
            ("erasures", "nobody", ""),
        ]

    def test_a_batch_stays_until_it_is_done(self, logged):
        box = logged.outbox
        box.add([b"1", b"2", b"3"])
        first = box.take(2)
        box.add([b"4"])
        assert box.take(10) == first
        assert (list(first.records), box.waiting()) == ([b"1", b"2"], 4)
        box.done(first)
        rest = box.take(10)
        assert list(rest.records) == [b"3", b"4"]
        assert rest.name != first.name
        box.done(first)  # once more
        assert box.take(10) == rest
        box.done(rest)
        assert (box.take(10), box.waiting()) == (None, 0)
        box.add([b"5"])
        assert box.take(1).name not in (first.name, rest.name)

    def test_another_waits_for_the_lease_and_gets_the_same(self, logged):
        other = self.reopen()
        if other is logged:
            return  # one process, one writer
        logged.outbox.add([b"1"])
        taken = logged.outbox.take(10)
        assert other.outbox.take(10) is None
        other.outbox.done(taken)  # which is not its own
        assert logged.outbox.waiting() == 1
        self.let_lease_pass()
        assert other.outbox.take(10) == taken
        assert logged.outbox.take(10) is None
        logged.outbox.done(taken)
        assert other.outbox.waiting() == 1
        other.outbox.done(taken)
        assert other.outbox.waiting() == 0
        other.close()

    def let_lease_pass(self):
        """As if `LEASE_S` had gone by."""
        raise NotImplementedError
