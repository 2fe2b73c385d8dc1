"""Texts of a log: what is kept, and what each event and each question knows of it."""

import itertools

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.data.logs import RULES
from tfrec.data.event_texts import count_before
from tfrec.data.history_texts import latest_texts
from tfrec.data.interactions import encode
from tfrec.data.reviews import with_reviews
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.data.text_reader import TextReader
from tfrec.data.windows import training_windows

COLUMNS = ["user_id", "item_id", "timestamp", "event", "text"]


def make_log(rows):
    """`Interactions` of `(user, item, timestamp, event, text)` rows."""
    frame = pd.DataFrame(rows, columns=COLUMNS)
    items = sorted(set(frame["item_id"]) - {""})
    users = Users(pd.DataFrame({"user_id": []}))
    items = Items(pd.DataFrame({"item_id": items}))
    return encode(Dataset("test", Events(frame), items, users), RULES)


def random_log(seed, num_events=120):
    """One event a second: of an item, with a text, or both."""
    rng = np.random.default_rng(seed)
    words = ["sea", "boat", "old stone", "海"]
    kinds = ["item", "item", "text", "both"]
    rows = []
    for second in range(1, num_events):
        kind = rng.choice(kinds)
        item = "" if kind == "text" else f"i{rng.integers(9)}"
        text = "" if kind == "item" else rng.choice(words)
        rows.append((f"u{rng.integers(4)}", item, second, "good", text))
    return rows, make_log(rows)


def known_before(rows, user, second):
    """`[(text, weight)]` that a server finds in a user's events before a moment."""
    own = [row for row in rows if row[0] == user and row[2] < second]
    found = latest_texts(
        tf.constant([[row[4] for row in own]], tf.string),
        tf.constant([[0 if row[1] else -1 for row in own]], tf.int32),
        tf.constant([[row[2] for row in own]], tf.int64),
    )
    texts, weights = found.texts[0].numpy(), found.weights[0].numpy()
    return [(t.decode(), w) for t, w in zip(texts, weights, strict=True) if w]


def read(log, rows, weights):
    """`[(text, weight)]` of one place that a `TextReader` gave."""
    texts = log.event_texts.texts
    return [(texts[r], w) for r, w in zip(rows, weights, strict=True) if r >= 0]


def check_same(found, expected):
    assert [text for text, _ in found] == [text for text, _ in expected]
    np.testing.assert_allclose(
        [weight for _, weight in found], [weight for _, weight in expected], rtol=1e-5
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_training_reads_what_a_server_reads(seed):
    rows, log = random_log(seed)
    windows = training_windows(log, length=8, batch_size=1, seed=0, allow_repeats=True)
    num_found = 0
    for batch in itertools.islice(windows, 40):
        user = log.user_ids[int(batch["user_rows"][0])]
        for place in np.flatnonzero(batch["target_weights"][0]):
            second = int(batch["timestamps"][0, place])
            columns = (batch[name][0, place] for name in ("text_rows", "text_weights"))
            found = read(log, *(column.numpy() for column in columns))
            check_same(found, known_before(rows, user, second))
            num_found += len(found)
    assert num_found > 100


def test_questions_read_what_a_server_reads():
    rows, log = random_log(2)
    users = np.arange(log.num_users, dtype=np.int32)
    second = 90
    is_before = log.timestamps < second
    ends = log.offsets[:-1] + np.bincount(log.user_rows[is_before], minlength=4)
    reader = TextReader(log)
    text_ends = reader.ends_at(users, np.full(len(users), second))
    found = reader(*map(tf.constant, (users, text_ends, ends)))
    for user, *columns in zip(
        users, *(tensor.numpy() for tensor in found), strict=True
    ):
        check_same(read(log, *columns), known_before(rows, log.user_ids[user], second))


def test_what_happens_at_once_is_not_known():
    """Neither a review of the item itself nor a search of the same second."""
    log = make_log(
        [
            ("u", "a", 1, "good", "of a"),
            ("u", "", 2, "search", "now"),
            ("u", "b", 2, "good", "of b"),
            ("u", "c", 3, "good", ""),
        ]
    )
    reader = TextReader(log)
    found = reader(*map(tf.constant, (log.user_rows, reader.ends, log.group_starts)))
    texts = [
        [t for t, _ in read(log, *each)]
        for each in zip(*map(np.array, found), strict=True)
    ]
    assert texts == [[], ["of a"], ["of a", "now", "of b"]]


def test_a_part_of_the_log_knows_of_the_same_texts():
    rows, log = random_log(3)
    part = log.select(log.timestamps < 60)
    assert part.event_texts is log.event_texts
    reader = TextReader(part)
    found = reader(*map(tf.constant, (part.user_rows, reader.ends, part.group_starts)))
    for event in range(len(part)):
        user, second = part.user_ids[part.user_rows[event]], part.timestamps[event]
        known = read(log, *(np.array(tensor[event]) for tensor in found))
        check_same(known, known_before(rows, user, second))


def test_which_texts_are_kept():
    """Not those of kinds that never mean interest, nor of users without items."""
    log = make_log(
        [
            ("u", "a", 1, "bad", "refused"),
            ("u", "a", 2, "good", "praised"),
            ("u", "", 3, "bad", "a wish"),
            ("v", "", 4, "search", "a stranger's"),
        ]
    )
    texts = log.event_texts
    assert texts.texts[texts.text_rows].tolist() == ["praised", "a wish"]
    assert texts.item_rows.tolist() == [0, -1]


def test_a_log_without_texts_has_none():
    assert make_log([("u", "a", 1, "good", "")]).event_texts is None


def test_count_before_agrees_with_counting():
    rng = np.random.default_rng(0)
    known, asked = (rng.integers(0, 3, (3, size)) for size in (40, 30))
    known = known[:, np.lexsort(known[::-1])]
    moments = list(map(tuple, known.T))
    for counts_equal in (False, True):
        expected = [
            sum(m < q or (counts_equal and m == q) for m in moments)
            for q in map(tuple, asked.T)
        ]
        found = count_before(known, asked, counts_equal=counts_equal)
        assert found.tolist() == expected


def test_texts_of_events():
    """Of each event its own, in a part of the log as well."""
    rows, log = random_log(4)
    written = {(row[0], row[2]): row[4] for row in rows}
    part = log.select(log.timestamps > 30)
    found = log.event_texts.of_events(part)
    names = part.user_ids[part.user_rows]
    expected = [written[moment] for moment in zip(names, part.timestamps, strict=True)]
    texts = np.append(log.event_texts.texts, "")
    assert texts[found].tolist() == expected


def test_texts_without_an_item_before_a_moment():
    rows, log = random_log(5)
    users = np.arange(log.num_users, dtype=np.int32)
    found, times = log.event_texts.alone_before(users, np.full(len(users), 70), 3)
    for user, texts, moments in zip(log.user_ids, found, times, strict=True):
        own = [r for r in rows if r[0] == user and r[2] < 70 and not r[1]][-3:]
        assert log.event_texts.texts[texts[texts >= 0]].tolist() == [r[4] for r in own]
        assert moments[texts >= 0].tolist() == [r[2] for r in own]


def test_fewer_texts_than_are_asked_for():
    log = make_log([("u", "", 1, "search", "sea"), ("u", "a", 2, "good", "")])
    found, times = log.event_texts.alone_before(np.array([0]), np.array([9]), 8)
    assert found.tolist() == [[-1] * 7 + [0]]
    assert times.tolist() == [[0] * 7 + [1]]


def test_reviews_are_texts_of_items():
    """The latest come first, each once, and none that the part does not hold."""
    log = make_log(
        [
            ("u", "a", 1, "good", "slow and quiet"),
            ("v", "a", 2, "good", "of the sea"),
            ("w", "a", 3, "good", "slow and quiet"),
            ("w", "b", 3, "good", ""),
            ("w", "", 4, "search", "boats"),
            ("u", "b", 9, "good", "too late"),
        ]
    )
    titles = np.array(["A", ""], object)
    found = with_reviews(titles, log.select(log.timestamps < 9))
    assert found.tolist() == ["A. slow and quiet. of the sea", ""]
    assert with_reviews(titles, log)[1] == "too late"
    assert titles.tolist() == ["A", ""]


def test_reviews_of_an_item_are_few_and_short():
    rows = [(f"u{n}", "a", n, "good", f"{n} " + 60 * "word ") for n in range(9)]
    (found,) = with_reviews(np.array([""], object), make_log(rows))
    assert [part.split()[0] for part in found.split(". ")] == ["8", "7", "6", "5", "4"]
    assert len(found) < 5 * 83
