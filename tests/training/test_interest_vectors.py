"""Tests of tfrec.training.interest_vectors: a replay, event by event."""

import numpy as np
import pytest

from tests.evaluation.logs import make_log
from tfrec.data.split import next_item_queries
from tfrec.inference.interest_decay import InterestSettings
from tfrec.training.interest_vectors import InterestVectors

CUT = 100
ITEMS = np.eye(3, 2, dtype="float32") + 0.5
SETTINGS = InterestSettings(
    learning_rate=0.5, half_life_s=10.0, half_life_events=2.0, long_term_share=0.5
)


class Saved:
    """A saved model of three items; its interest in a history is its last item."""

    def interests(self, queries):
        rows = [
            queries.interactions.item_rows[queries.history(i)]
            for i in range(len(queries))
        ]
        return np.array([ITEMS[r[-1]] if len(r) else [0, 0] for r in rows], "float32")

    def update_interests(self, interests, item_ids, rewards, learning_rates):
        items = ITEMS[[int(i.removeprefix("i")) for i in item_ids]]
        errors = rewards - 1 / (1 + np.exp(-(interests * items).sum(axis=1)))
        return interests + (learning_rates * errors)[:, None] * items

    def score_interests(self, interests, queries):
        return interests @ ITEMS.T


def one_by_one(events, now):
    """The vector asked with at `now`; `events` are `(item, time, label)`, in order."""
    early = [item for item, time, _ in events if time < CUT]
    long_term = ITEMS[early[-1]].astype(float) if early else np.zeros(2)
    vector, last = long_term, CUT
    for item, time, label in events:
        if CUT <= time < now:
            left = 0.5 ** ((time - last) / 10 + 1 / 2)
            vector = long_term + left * (vector - long_term)
            error = (label >= 0) - 1 / (1 + np.exp(-vector @ ITEMS[item]))
            vector, last = vector + 0.5 * error * ITEMS[item], time
    left = 0.5 ** ((now - last) / 10)
    return 0.5 * long_term + left * (vector - long_term)


@pytest.fixture
def queries():
    """One question per event since the cut; three users, one without a past."""
    rng = np.random.default_rng(0)
    events = [
        (user, rng.integers(3), time, 1, rng.choice([1, 0, -1]))
        for user in range(3)
        for time in rng.choice(np.arange(CUT if user == 2 else 50, 160), 9, False)
    ]
    log = make_log(events, num_items=3, num_users=4)
    return next_item_queries(log, np.flatnonzero(log.timestamps >= CUT))


def test_users_side_by_side_are_as_one_after_the_other(queries):
    log = queries.interactions
    found = InterestVectors(Saved(), CUT, SETTINGS).interests(queries)
    columns = (log.item_rows, log.timestamps, log.labels)
    for i, user in enumerate(queries.user_rows):
        own = slice(*log.offsets[user : user + 2])
        events = list(zip(*(column[own] for column in columns), strict=True))
        expected = one_by_one(events, queries.timestamps[i])
        np.testing.assert_allclose(found[i], expected, atol=1e-5)
    assert (np.abs(found).sum(axis=1) > 0).mean() > 0.5


def test_other_settings_are_another_track(queries):
    vectors = InterestVectors(Saved(), CUT, SETTINGS)
    before = vectors.interests(queries)
    for change in ({"long_term_share": 1.0}, {"learning_rate": 2.0}):
        other = InterestSettings(**{**vars(SETTINGS), **change})
        vectors.follow(other)
        after = InterestVectors(Saved(), CUT, other).interests(queries)
        np.testing.assert_array_equal(vectors.interests(queries), after)
        assert not np.allclose(before, after)


def test_the_past_is_embedded_once_for_all_settings(queries):
    """It does not depend on them, and is the dear part of a large log."""
    saved, embedded = Saved(), []
    embed = saved.interests
    saved.interests = lambda part: embedded.append(len(part)) or embed(part)
    vectors = InterestVectors(saved, CUT, SETTINGS)
    for learning_rate in (0.1, 0.5, 2.0):
        vectors.follow(InterestSettings(learning_rate=learning_rate))
        vectors.interests(queries)
    assert embedded == [queries.interactions.num_users]
