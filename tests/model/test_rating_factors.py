"""Tests of the rating factors: against slow arithmetic, and on planted tastes."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.evaluation.logs import make_items, make_log
from tfrec.data.history import history_of
from tfrec.data.packing import pack_histories
from tfrec.data.split import next_item_queries
from tfrec.evaluation.metrics import auc
from tfrec.linear.rating_factors import RECENT, RatingFactorsScorer
from tfrec.towers.catalogue import make_catalogue

NUM_USERS, NUM_ITEMS, EVENTS = 40, 24, 30


@pytest.fixture(scope="module")
def tastes():
    """Users give 5 to items of their parity and 1 to the others, nine times in ten.

    Item 0 is in nobody's history; its text is that of even items.
    """
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(NUM_USERS), EVENTS)
    items = rng.integers(1, NUM_ITEMS, len(users))
    is_right = rng.random(len(users)) < 0.9
    likes = (users % 2 == items % 2) == is_right
    times = np.tile(np.arange(EVENTS), NUM_USERS) + 1
    rows = zip(users, items, times, 1 + 4 * likes, 2 * likes - 1, strict=True)
    return make_log(rows, NUM_ITEMS, NUM_USERS)


@pytest.fixture(scope="module")
def scorer(tastes):
    return fit(RatingFactorsScorer(dim=2), tastes)


def fit(scorer, tastes):
    texts = tf.constant(np.eye(2)[np.arange(NUM_ITEMS) % 2], tf.float32)
    catalogue = make_catalogue(make_items([""] * NUM_ITEMS), tastes)
    return scorer.fit(tastes, catalogue, texts)


def ask(scorer, log, events):
    """`(queries' side, History)` of questions just before some events."""
    queries = next_item_queries(log, np.asarray(events))
    history = history_of(pack_histories(queries, 500), scorer.standardise)
    return scorer.query(history, tf.zeros([len(events)], tf.int64)).numpy(), history


def test_tells_likes_from_dislikes(scorer, tastes):
    late = np.flatnonzero(np.arange(len(tastes)) % EVENTS >= 15)
    asked, _ = ask(scorer, tastes, late)
    candidates = scorer.candidates.numpy()[tastes.item_rows[late]]
    logits = (asked * candidates).sum(axis=1)
    labels = tastes.labels[late] > 0
    assert auc(labels, logits) > 0.85  # knowing the parity gives 0.9


@pytest.mark.parametrize("ridge", [3.0, 0.5])
def test_a_users_side_is_the_ridge_regression_of_the_history(ridge, tastes):
    scorer = fit(RatingFactorsScorer(dim=2, ridge=ridge), tastes)
    event = 3 * EVENTS + 12  # the thirteenth of user 3
    asked, _ = ask(scorer, tastes, [event])
    past = np.arange(3 * EVENTS, event)
    items = scorer.items.numpy()[tastes.item_rows[past]]
    x = np.c_[items[:, :-1], np.ones(len(past))]
    values = (tastes.values[past] - tastes.values.mean()) / tastes.values.std()
    line = (scorer.reaction_slope.numpy()[0], scorer.reaction_offset.numpy()[0])
    reactions = values * line[0] + line[1]
    left = reactions - items[:, -1]
    person = np.linalg.solve(x.T @ x + ridge * np.eye(3), x.T @ left)
    errors, ranks = left - x @ person, np.arange(len(past))[::-1]
    residuals = [
        (0.5 ** (ranks / h) @ errors) / (1 + (0.5 ** (ranks / h)).sum()) for h in RECENT
    ]
    slope, *of_residuals = scorer.slopes.numpy()
    bias = slope * person[-1] + of_residuals @ np.array(residuals)
    expected = [*(slope * person[:-1]), bias, slope]
    np.testing.assert_allclose(asked[0], expected, atol=1e-4)


def test_reactions_are_the_labels_that_values_let_expect(scorer, tastes):
    for value, label in ((1.0, 0), (5.0, 1)):
        standard = scorer.standardise(tf.constant([value]))
        reaction = scorer._reactions(tf.constant([0]), standard).numpy()[0]
        mean = (tastes.labels > 0).mean()
        np.testing.assert_allclose(reaction, label - mean, atol=5e-3)


def test_padding_and_unknown_items_say_nothing(scorer, tastes):
    asked, history = ask(scorer, tastes, [EVENTS + 5])
    now = tf.zeros([1], tf.int64)
    padded = type(history)(*(tf.pad(part, [[0, 0], [0, 3]]) for part in history))
    rows = tf.pad(history.item_rows, [[0, 0], [0, 3]], constant_values=-1)
    found = scorer.query(padded._replace(item_rows=rows), now)
    np.testing.assert_allclose(found, asked, atol=1e-5)
    rows = tf.pad(history.item_rows, [[0, 0], [0, 3]], constant_values=NUM_ITEMS)
    found = scorer.query(padded._replace(item_rows=rows), now)
    np.testing.assert_allclose(found, asked, atol=1e-5)


def test_kinds_without_a_label_say_nothing(tastes):
    """Half of the events are views, which the rules neither like nor dislike."""
    views = dataclasses.replace(
        tastes,
        event_names=np.array(["rating", "view"], object),
        event_rows=(np.arange(len(tastes)) % 2).astype(np.int32),
        labels=np.where(np.arange(len(tastes)) % 2, 0, tastes.labels).astype(np.int8),
    )
    catalogue = make_catalogue(make_items([""] * NUM_ITEMS), views)
    scorer = RatingFactorsScorer(dim=2).fit(views, catalogue, tf.zeros([NUM_ITEMS, 2]))
    assert scorer.is_reaction.numpy().tolist() == [True, False]
    event = 2 * EVENTS + 11
    asked, history = ask(scorer, views, [event])
    louder = history._replace(
        values=tf.where(history.event_rows == 1, 99.0, history.values)
    )
    found = scorer.query(louder, tf.zeros([1], tf.int64))
    np.testing.assert_array_equal(found, asked)


def test_new_items_are_liked_for_their_text(scorer, tastes):
    """By even users, who like even items, of which item 0 is by its text."""
    texts = tf.constant([[1.0, 0.0], [0.0, 1.0]])
    new = scorer.new_candidates(tf.constant(["", ""]), texts).numpy()
    last = [user * EVENTS + EVENTS - 1 for user in range(NUM_USERS)]
    asked, _ = ask(scorer, tastes, last)
    margin = (asked @ (new[0] - new[1])).reshape(-1, 2)
    assert (margin[:, 0] > 0).all()
    assert (margin[:, 1] < 0).all()
    np.testing.assert_allclose(scorer.candidates[0], new[0], atol=1e-6)
