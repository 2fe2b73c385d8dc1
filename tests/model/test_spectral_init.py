"""Tests of tfrec.towers.spectral_init."""

import numpy as np
import pytest

from tests.data.logs import make_interactions
from tfrec.towers.spectral_init import LONGEST, SIZE, WINDOW, spectral_ids


def two_kinds(num_users=40, num_items=12):
    """Half of the users choose odd items, the others even ones; item 0 is disliked."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(num_users):
        items = rng.permutation(np.arange(1 + user % 2, num_items, 2))
        rows += [
            (f"u{user}", f"i{i:02}", time, 0, "good") for time, i in enumerate(items)
        ]
        rows.append((f"u{user}", "i00", 99, 0, "bad"))
    return make_interactions(rows)


def likeness(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def test_items_that_are_chosen_together_begin_together():
    vectors = spectral_ids(two_kinds(), 4, seed=1)[1:]
    is_same = np.add.outer(np.arange(11), np.arange(11)) % 2 == 0
    assert likeness(vectors)[is_same].min() > 0.9
    assert abs(likeness(vectors)[~is_same]).max() < 0.5
    assert np.mean(vectors**2) == pytest.approx(SIZE**2, rel=1e-4)


def test_who_was_not_chosen_begins_at_nothing():
    vectors = spectral_ids(two_kinds(), 4, seed=1)
    assert not vectors[0].any()
    assert vectors[1:].any(axis=1).all()


def test_the_order_counts():
    """Of 40 items that all choose in the same order, the next one is like this one."""
    rows = [(f"u{u}", f"i{i:02}", i, 0, "good") for u in range(3) for i in range(40)]
    alike = likeness(spectral_ids(make_interactions(rows), 16, seed=1))
    at = np.arange(40 - 2 * WINDOW)
    assert alike[at, at + 1].min() > 0.5
    assert abs(alike[at, at + 2 * WINDOW]).max() < 0.3


@pytest.mark.parametrize("num_items", [1, 2])
def test_a_log_that_tells_nothing(num_items):
    log = make_interactions(
        [(f"u{i}", f"i{i}", 0, 0, "good") for i in range(num_items)]
    )
    assert not spectral_ids(log, 4, seed=1).any()


def test_smoothing_holds_rare_items_back():
    """One pair chosen once, beside pairs that a hundred users chose."""
    rows = [
        (f"u{u}", f"i{2 * (u % 10) + i:02}", i, 0, "good")
        for u in range(1000)
        for i in range(2)
    ]
    log = make_interactions(rows + [("v", f"z{i}", i, 0, "good") for i in range(2)])

    def length_of_rare(smoothing):
        lengths = np.linalg.norm(spectral_ids(log, 11, 1, smoothing), axis=1)
        return lengths[-1] / lengths[0]

    assert length_of_rare(50.0) < length_of_rare(5.0) < length_of_rare(0.5)


def test_the_seed_decides():
    log = two_kinds()
    np.testing.assert_array_equal(spectral_ids(log, 4, 1), spectral_ids(log, 4, 1))


def test_a_small_group_does_not_begin_far_out():
    """Two items that only each other's users chose, beside a crowd of 40 items."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{u}", f"i{i:02}", t, 0, "good")
        for u in range(50)
        for t, i in enumerate(rng.permutation(40)[:10])
    ]
    rows += [(f"pair{u}", f"z{i}", i, 0, "good") for u in range(99) for i in range(2)]
    lengths = np.linalg.norm(spectral_ids(make_interactions(rows), 2, seed=1), axis=1)
    assert lengths.max() == pytest.approx(LONGEST * SIZE * 2**0.5, rel=1e-5)
