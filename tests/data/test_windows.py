"""Tests of tfrec.data.windows and tfrec.data.packing."""

import collections
import itertools

import numpy as np
import pytest
import tensorflow as tf

from tests.data.logs import make_interactions
from tfrec.data.interactions import Queries
from tfrec.data.packing import pack_histories
from tfrec.data.repeats import may_be_target
from tfrec.data.windows import cut_windows, training_windows


def random_log(seed, num_events=200):
    rng = np.random.default_rng(seed)
    rows = [
        (
            f"u{rng.integers(6)}",
            f"i{rng.integers(12)}",
            int(rng.integers(80)),
            0,
            "good",
        )
        for _ in range(num_events)
    ]
    return make_interactions(rows)


def batches(log, num_batches, batch_size=2, allow_repeats=True, seed=3):
    stream = training_windows(
        log, length=8, batch_size=batch_size, seed=seed, allow_repeats=allow_repeats
    )
    return [
        {name: value.numpy() for name, value in batch.items()}
        for batch in itertools.islice(stream, num_batches)
    ]


@pytest.mark.parametrize("allow_repeats", [True, False])
def test_each_event_is_a_target_once_at_most(allow_repeats):
    """Exactly once, but for simultaneous groups too wide for half a window."""
    log = random_log(0)
    windows = cut_windows(log, 8)
    found = collections.Counter()
    for batch in batches(log, len(windows), 1, allow_repeats):
        is_target = batch["target_weights"] > 0
        found.update(batch["values"][is_target].astype(int).tolist())
    wanted = may_be_target(log, allow_repeats)
    assert set(found) == set(log.values[wanted].astype(int))
    assert set(found.values()) == {1}


def test_context_ends_before_the_target_and_its_contemporaries():
    log = random_log(1)
    for batch in batches(log, 40):
        for times, context, weights in zip(
            batch["timestamps"], batch["context"], batch["target_weights"], strict=True
        ):
            for place in np.flatnonzero(weights):
                assert (times[: context[place]] < times[place]).all()
                assert (times[context[place] : place] == times[place]).all()


def test_windows_of_a_user_by_hand():
    log = make_interactions([("u", f"i{n}", n, 0, "good") for n in range(11)])
    windows = cut_windows(log, 4)
    # Windows of four, half-overlapping: 0-3, 2-5, 4-7, 6-9, 8-10.
    assert windows.starts.tolist() == [0, 2, 4, 6, 8]
    assert windows.ends.tolist() == [4, 6, 8, 10, 11]
    assert windows.first_targets.tolist() == [0, 4, 6, 8, 10]


def test_iterator_goes_on_from_a_checkpoint(tmp_path):
    log = random_log(2)
    stream = training_windows(log, length=8, batch_size=2, seed=0, allow_repeats=True)
    iterator = iter(stream)
    for _ in range(5):
        next(iterator)
    path = tf.train.Checkpoint(iterator=iterator).save(str(tmp_path / "it"))
    wanted = [next(iterator)["item_rows"].numpy() for _ in range(4)]
    again = iter(stream)
    tf.train.Checkpoint(iterator=again).restore(path)
    found = [next(again)["item_rows"].numpy() for _ in range(4)]
    np.testing.assert_array_equal(found, wanted)


def test_epochs_differ_in_order_only():
    log = random_log(3)
    size = len(cut_windows(log, 8))
    firsts = [batch["values"][0, 0] for batch in batches(log, 2 * size, 1)]
    assert sorted(firsts[:size]) == sorted(firsts[size:])
    assert firsts[:size] != firsts[size:]


def test_packed_histories_hold_the_latest_events():
    log = make_interactions([("u", f"i{n}", n, 0, "good") for n in range(5)])
    queries = Queries(
        interactions=log,
        user_rows=np.zeros(3, np.int32),
        history_ends=np.array([0, 2, 5]),
        timestamps=np.array([0, 2, 9]),
        target_offsets=np.arange(4),
        target_rows=np.zeros(3, np.int32),
    )
    packed = pack_histories(queries, 3)
    assert packed["item_rows"].tolist() == [[-1, -1, -1], [0, 1, -1], [2, 3, 4]]
