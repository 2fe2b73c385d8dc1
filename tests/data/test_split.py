"""Tests of tfrec.data.split, against a loop over plain tuples."""

import logging

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.data.logs import make_interactions, places
from tfrec.data.split import make_split, withhold_items
from tfrec.errors import ConfigError, DataError

KINDS = ["global", "rolling", "leave-last-out", "cold-items"]

events = st.tuples(
    st.sampled_from(["u1", "u2", "u3"]),
    st.sampled_from(["a", "b", "c", "d"]),
    st.integers(1, 8),  # few seconds: ties are the rule
    st.integers(0, 1),
    st.sampled_from(["good", "good", "meh", "bad"]),
)
logs = st.lists(events, min_size=2, max_size=30)
long_logs = st.lists(events, min_size=16, max_size=40)  # most can be split, even twice
shares = st.sampled_from([0.1, 0.25, 0.5, 0.9])


# === The oracle: no numpy, no sorting by user, everything asked again each time ===


def when(row):
    return row[2], row[3]


def history(rows, user, moment):
    """Places of the user's events before `moment`, in order."""
    past = [i for i, r in enumerate(rows) if r[0] == user and when(r) < moment]
    return sorted(past, key=lambda i: (*when(rows[i]), i))


def in_order(rows):
    return sorted(range(len(rows)), key=lambda i: (rows[i][0], *when(rows[i]), i))


def cut_of(rows, fraction):
    """The latest time from which on at least the share of events lies."""
    wanted = max(1, round(len(rows) * fraction))
    times = {row[2] for row in rows}
    return max(t for t in times if sum(r[2] >= t for r in rows) >= wanted)


def new_answers(rows, allow_repeats):
    """Places of the positive events that may be asked about."""
    found, asked = [], set()
    for i in in_order(rows):
        user, item, *_, event = rows[i]
        seen = {rows[j][1] for j in history(rows, user, when(rows[i]))}
        is_new = item not in seen and (user, item) not in asked
        if event == "good" and (allow_repeats or is_new):
            found.append(i)
            asked.add((user, item))
    return found


def next_items(rows, answers):
    """(user, now, history, targets) of one query per answer."""
    return [
        (r[0], r[2], history(rows, r[0], when(r)), [r[1]])
        for r in (rows[i] for i in answers)
    ]


def expected_rolling(rows, fraction, allow_repeats):
    cut = cut_of(rows, fraction)
    answers = [i for i in new_answers(rows, allow_repeats) if rows[i][2] >= cut]
    train = [i for i in in_order(rows) if rows[i][2] < cut]
    return train, next_items(rows, answers), cut


def expected_global(rows, fraction, allow_repeats):
    cut = cut_of(rows, fraction)
    train = [i for i in in_order(rows) if rows[i][2] < cut]
    queries = []
    for user in sorted({row[0] for row in rows}):
        past = history(rows, user, (cut, -1))
        seen = set() if allow_repeats else {rows[i][1] for i in past}
        targets = []
        for i in in_order(rows):
            of, item, time, _, event = rows[i]
            is_target = of == user and time >= cut and event == "good"
            if is_target and item not in seen and item not in targets:
                targets.append(item)
        if targets:
            queries.append((user, cut, past, targets))
    return train, queries, cut


def expected_leave_last_out(rows, fraction, allow_repeats):
    answers = new_answers(rows, allow_repeats)
    last = {rows[i][0]: i for i in answers}  # the last one of each user stays
    train = [
        i
        for i in in_order(rows)
        if rows[i][0] not in last or when(rows[i]) < when(rows[last[rows[i][0]]])
    ]
    cut = 1 + max((rows[i][2] for i in train), default=-1)
    return train, next_items(rows, [last[user] for user in sorted(last)]), cut


EXPECTED = {
    "rolling": expected_rolling,
    "global": expected_global,
    "leave-last-out": expected_leave_last_out,
}


def plain(split):
    """A split in the oracle's words."""
    queries, log = split.queries, split.queries.interactions
    asked = [
        (
            log.user_ids[queries.user_rows[i]],
            int(queries.timestamps[i]),
            places(log, queries.history(i)),
            log.item_ids[queries.targets(i)].tolist(),
        )
        for i in range(len(queries))
    ]
    return places(split.train), asked, split.cut


# === Properties ===


@pytest.mark.parametrize("kind", EXPECTED)
@settings(max_examples=150, deadline=None)
@given(rows=logs, fraction=shares, allow_repeats=st.booleans())
def test_equals_the_oracle(kind, rows, fraction, allow_repeats):
    train, queries, cut = EXPECTED[kind](rows, fraction, allow_repeats)
    interactions = make_interactions(rows)
    if not train or not queries:
        with pytest.raises(DataError, match="both must be positive"):
            make_split(interactions, kind, fraction, allow_repeats=allow_repeats)
        return
    split = make_split(interactions, kind, fraction, allow_repeats=allow_repeats)
    assert plain(split) == (train, queries, cut)
    trained = {rows[i][1] for i in train}
    cold = set(interactions.item_ids[split.is_cold])
    assert cold == set(interactions.item_ids) - trained


@settings(max_examples=100, deadline=None)
@given(
    rows=long_logs, fraction=shares, kind=st.sampled_from(KINDS), repeats=st.booleans()
)
def test_nothing_looks_past_the_cut(rows, fraction, kind, repeats):
    try:
        split = make_split(
            make_interactions(rows), kind, fraction, allow_repeats=repeats
        )
    except DataError:
        assume(False)
    queries, log = split.queries, split.queries.interactions
    assert (split.train.timestamps < split.cut).all()
    assert split.held_out.sum() + len(split.train) <= len(log)
    for i in range(len(queries)):  # what is asked about, the model did not learn from
        late = log.user_rows[split.held_out] == queries.user_rows[i]
        assert set(queries.targets(i)) <= set(log.item_rows[split.held_out][late])
    for i in range(len(queries)):
        past = queries.history(i)
        assert (log.user_rows[past] == queries.user_rows[i]).all()
        if kind == "global":
            assert (log.timestamps[past] < queries.timestamps[i]).all()
        assert (log.timestamps[past] <= queries.timestamps[i]).all()
        if not repeats:
            assert not set(log.item_rows[past]) & set(queries.targets(i))


@settings(max_examples=60, deadline=None)
@given(rows=long_logs, seed=st.integers(0, 5))
def test_cold_items_have_no_training_event(rows, seed):
    interactions = make_interactions(rows)
    try:
        rolling = make_split(interactions, "rolling", 0.5, seed=seed)
        cold = make_split(interactions, "cold-items", 0.5, seed=seed)
    except DataError:
        assume(False)
    warm_items = set(rolling.train.item_rows)
    # round(0.5 * n) in Python is to even: 1 -> 0 (then at least 1), 3 -> 2.
    num_cold = {1: 1, 2: 1, 3: 2, 4: 2}[len(warm_items)]
    lost = warm_items - set(cold.train.item_rows)
    assert len(lost) == num_cold
    lost_ids = set(interactions.item_ids[list(lost)])
    kept = [i for i in places(rolling.train) if rows[i][1] not in lost_ids]
    assert places(cold.train) == kept
    assert plain(cold)[1:] == plain(rolling)[1:]
    assert cold.is_cold[list(lost)].all()


@settings(max_examples=60, deadline=None)
@given(rows=long_logs, kind=st.sampled_from(KINDS), seed=st.integers(0, 5))
def test_withheld_items_are_only_asked_about(rows, kind, seed):
    try:
        split = make_split(make_interactions(rows), kind, 0.25)
    except DataError:
        assume(False)
    is_odd = np.arange(split.train.num_items) % 2 == 1
    found, is_withheld = withhold_items(split, is_odd, 0.5, seed)
    before, after = set(split.train.item_rows), set(found.train.item_rows)
    lost = before - after
    assert all(is_odd[list(lost)])
    assert lost or not any(is_odd[list(before)]) or found is split
    assert lost == set(np.flatnonzero(is_withheld))
    assert found.is_cold.tolist() == [i not in after for i in range(len(is_odd))]
    lost_ids = set(split.train.item_ids[list(lost)])
    assert places(found.train) == [
        i for i in places(split.train) if rows[i][1] not in lost_ids
    ]
    assert plain(found)[1:] == plain(split)[1:]


def test_a_share_of_the_items_is_withheld():
    rows = [(str(i), str(i % 30), i, 0, "good") for i in range(100)]
    split = make_split(make_interactions(rows), "rolling", 0.1)
    every = np.ones(30, bool)
    sets = [withhold_items(split, every, 0.1, seed)[1] for seed in (0, 0, 1)]
    assert [is_withheld.sum() for is_withheld in sets] == [3, 3, 3]
    assert (sets[0] == sets[1]).all()
    assert (sets[0] != sets[2]).any()
    assert not withhold_items(split, ~every, 0.1)[1].any()


@settings(max_examples=60, deadline=None)
@given(rows=long_logs, kind=st.sampled_from(KINDS))
def test_validation_is_a_split_of_train(rows, kind):
    try:
        test = make_split(make_interactions(rows), kind, 0.25)
        validation = make_split(test.train, kind, 0.25)
    except DataError:
        assume(False)
    assert set(places(validation.train)) < set(places(test.train))
    if kind in EXPECTED:
        kept = places(test.train)
        subset = [rows[i] for i in sorted(kept)]
        number = dict(enumerate(sorted(kept)))
        train, queries, cut = EXPECTED[kind](subset, 0.25, False)
        queries = [(u, t, [number[i] for i in past], y) for u, t, past, y in queries]
        assert plain(validation) == ([number[i] for i in train], queries, cut)


# === By hand ===

LOG = [
    ("u1", "a", 1, 0, "good"),
    ("u1", "b", 2, 0, "meh"),
    ("u2", "a", 3, 0, "good"),
    ("u1", "c", 8, 0, "good"),  # cut: the last 4 of 8 events
    ("u1", "b", 9, 0, "good"),  # not new: looked at before
    ("u2", "c", 9, 1, "good"),  # after the next line, by sequence
    ("u2", "b", 9, 0, "good"),
    ("u3", "a", 4, 0, "meh"),
]


def test_rolling_by_hand():
    split = make_split(make_interactions(LOG), "rolling", 0.5)
    assert split.cut == 8
    assert plain(split)[1] == [
        ("u1", 8, [0, 1], ["c"]),
        ("u2", 9, [2], ["b"]),
        ("u2", 9, [2, 6], ["c"]),
    ]


def test_global_by_hand():
    split = make_split(make_interactions(LOG), "global", 0.5)
    assert plain(split)[1] == [
        ("u1", 8, [0, 1], ["c"]),
        ("u2", 8, [2], ["b", "c"]),
    ]
    assert split.train.item_ids[split.is_cold].tolist() == ["c"]


def test_a_new_user_is_asked_with_an_empty_history():
    rows = [*LOG[:3], ("new", "b", 9, 0, "good")]
    split = make_split(make_interactions(rows), "rolling", 0.25)
    assert plain(split)[1] == [("new", 9, [], ["b"])]


def test_leave_last_out_warns_of_its_leak(caplog):
    with caplog.at_level(logging.WARNING):
        make_split(make_interactions(LOG), "leave-last-out", 0.5)
    assert "leaks" in caplog.text


def test_a_sample_of_queries_is_seeded_and_in_order():
    rows = [("u", str(i), i, 0, "good") for i in range(40)]
    log = make_interactions(rows)
    samples = [
        make_split(log, "rolling", 0.5, seed=s, max_queries=7).queries
        for s in (0, 0, 1)
    ]
    assert [len(sample) for sample in samples] == [7, 7, 7]
    first, again, other = (sample.target_rows.tolist() for sample in samples)
    assert first == again
    assert first != other
    assert (np.diff(samples[0].timestamps) > 0).all()


@pytest.mark.parametrize(
    ("kind", "fraction", "message"),
    [
        ("rollin", 0.1, "`kind` must be one of .*Received: 'rollin'"),
        ("rolling", 1.0, "`fraction` must be between 0 and 1"),
    ],
)
def test_wrong_arguments_are_named(kind, fraction, message):
    with pytest.raises(ConfigError, match=message):
        make_split(make_interactions(LOG), kind, fraction)


def test_a_log_of_one_moment_cannot_be_split():
    rows = [("u", "a", 5, 0, "good"), ("u", "b", 5, 0, "good")]
    with pytest.raises(DataError, match="leaves 0 to learn from and 2 questions"):
        make_split(make_interactions(rows), "rolling", 0.5)


# === Without times ===

untimed_logs = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2", "u3"]),
        st.sampled_from(["a", "b", "c", "d", "e", "f"]),
        st.just(0),
        st.just(0),
        st.sampled_from(["good", "good", "meh", "bad"]),
    ),
    min_size=6,
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(rows=untimed_logs, fraction=shares, repeats=st.booleans())
def test_random_events_of_each_user_are_held_out(rows, fraction, repeats):
    log = make_interactions(rows)
    try:
        split = make_split(log, "random", fraction, allow_repeats=repeats)
        again = make_split(
            make_interactions(rows), "random", fraction, allow_repeats=repeats
        )
    except DataError:
        assume(False)
    assert plain(split) == plain(again)
    held_out, train = places(log, split.held_out), places(split.train)
    assert sorted(held_out + train) == list(range(len(rows)))  # each on one side
    for user in {row[0] for row in rows}:
        own = [i for i in range(len(rows)) if rows[i][0] == user]
        asked = [i for i in own if i in held_out]
        if len(own) == 1:
            assert not asked
        else:
            # Python rounds half to even, as NumPy does.
            assert len(asked) == min(max(1, round(fraction * len(own))), len(own) - 1)
    queries = split.queries
    assert len(set(queries.user_rows)) == len(queries)
    for i in range(len(queries)):
        user = log.user_ids[queries.user_rows[i]]
        past = places(log, queries.history(i))
        assert sorted(past) == sorted(j for j in train if rows[j][0] == user)
        seen = set() if repeats else {rows[j][1] for j in past}
        right = {
            item
            for j, (of, item, *_, event) in enumerate(rows)
            if j in held_out and of == user and event == "good" and item not in seen
        }
        assert sorted(log.item_ids[queries.targets(i)]) == sorted(right)


@pytest.mark.parametrize("kind", KINDS)
def test_a_log_without_times_has_one_kind_of_split(kind):
    log = make_interactions([("u", item, 0, 0, "good") for item in "abc"])
    with pytest.raises(ConfigError) as info:
        make_split(log, kind, 0.5)
    assert str(info.value) == (
        '`evaluation.split` must be "random", because no event of the log has a time. '
        f'Received: "{kind}", which needs times. Leave it out.'
    )


def test_a_log_with_times_is_not_split_at_random():
    with pytest.raises(ConfigError, match='A "random" split must be of a log without'):
        make_split(make_interactions(LOG), "random", 0.5)
