"""Tests of tfrec.hybrid.hybrid_scorer and tfrec.hybrid.offline_scores."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import make_query
from tests.model.checkerboard import NUM_ITEMS, NUM_USERS, small_config
from tests.model.test_two_tower import last_queries
from tfrec.data.history import HistoryBatch
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.hybrid.offline_scores import HybridRecommender
from tfrec.hybrid.query_sides import QuerySides
from tfrec.hybrid.weights import Weights
from tfrec.hybrid.written_texts import WrittenTexts
from tfrec.text.lstm import LstmEncoder
from tfrec.text.vocabulary import learn_vocabulary
from tfrec.towers.query_augmentation import augmented_queries
from tfrec.training.building import make_towers

WEIGHTS = (1.0, 1.0, 0.1, 0.0)  # weights of the fixture
NOW = tf.zeros([2], tf.int64)


def make_history(rows=((1, 3, 5), (0, 7, -1))):
    rows = tf.constant(rows)
    times = tf.where(rows >= 0, 9000 + 60 * tf.range(3)[None], 0)
    return HistoryBatch(
        rows, tf.zeros_like(rows), tf.zeros(rows.shape), tf.cast(times, "int64")
    )


def ask(hybrid, texts=None):
    blank = tf.zeros([2, 1])
    written = None
    if texts is not None:
        written = WrittenTexts(texts[:, None], tf.zeros([2, 1, 1]), tf.ones([2, 1]))
    return hybrid.query(make_history(), NOW, blank, written)


def reweighted(hybrid, **changes):
    """The same towers and scorers, weighed otherwise."""
    weighting = {"of_known_items": np.array(WEIGHTS, np.float32), **changes}
    return HybridScorer(hybrid.model, hybrid.scorers, Weights(**weighting))


# === One inner product ===


def test_the_score_is_the_weighted_sum_of_the_parts(hybrid):
    history = make_history()
    model = hybrid.model
    weights = (1.0, 2.0, 0.5, 3.0)
    ours = reweighted(hybrid, of_known_items=np.array(weights, np.float32), bias=-1.5)
    interest, _ = ask(ours)
    assert interest.shape == (2, ours.dim)
    vectors = model.all_candidates().numpy()
    neural, _ = model.query_tower(
        vectors[np.maximum(history.item_rows, 0)],
        history,
        tf.constant([[3], [2]]),
        NOW[:, None],
        tf.zeros([2, 1]),
    )
    expected = neural.numpy()[:, 0] @ vectors.T - 1.5
    for scorer, weight in zip(ours.scorers, weights[1:], strict=True):
        part = scorer.query(history, NOW).numpy() @ scorer.candidates.numpy().T
        assert np.abs(part).max() > 1e-3
        expected += weight * part
    np.testing.assert_allclose(
        interest.numpy() @ ours.candidates.numpy().T, expected, rtol=1e-4, atol=1e-4
    )


def test_a_free_text_reaches_the_scorers(hybrid):
    lexical = hybrid.scorers[1]
    texts = tf.constant(["even", ""])
    difference = ask(hybrid, texts)[0] - ask(hybrid)[0]
    scores = difference.numpy() @ hybrid.candidates.numpy().T
    expected = 0.1 * lexical.text_query(texts).numpy() @ lexical.candidates.numpy().T
    assert expected[0].max() > 0.01
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_attention_weights_are_a_distribution_over_the_events(hybrid):
    weights = ask(hybrid)[1].numpy()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    assert (weights >= 0).all()
    assert weights[1, 2] == 0


# === Free text ===


@pytest.fixture(scope="module")
def texted(board):
    """A model with a text tower whose vectors are not of length 1."""
    dataset, interactions = board
    keras.utils.set_random_seed(0)
    titles = dataset.items.frame["title"]
    encoder = LstmEncoder(learn_vocabulary(titles, 80), dim=4, units=4, max_length=8)
    return make_towers(small_config()).adapt(interactions, dataset.items, None, encoder)


def test_a_hint_is_a_direction_as_in_training(texted):
    """Training adds `text_query` of unit vectors, so serving must, too."""
    hybrid = HybridScorer(texted, [], Weights(of_known_items=np.ones(1, np.float32)))
    blank = tf.zeros([2, texted.texts.items.vectors.shape[1]])
    hints = blank.numpy()
    hints[0, 0], hints[0, 3] = 3.0, -4.0
    written = WrittenTexts(tf.fill([2, 1], ""), hints[:, None], tf.ones([2, 1]))
    plain, _ = hybrid.query(make_history(), NOW, blank)
    hinted, _ = hybrid.query(make_history(), NOW, blank, written)
    added = np.pad(hints / 5 @ texted.text_query.kernel.numpy(), [[0, 0], [0, 3]])
    assert np.abs(added[0]).max() > 0.01
    np.testing.assert_allclose(hinted - plain, added, atol=1e-5)


def test_noise_is_measured_by_the_texts_length(texted):
    """Training hints do not depend on how long the tower's vectors are."""
    texts = texted.texts.items.vectors
    rows = tf.reshape(tf.range(NUM_ITEMS), [8, 2])
    state = texted.seeds.state.numpy()

    def made_up(texts):
        return augmented_queries(texted.text_query, texts, rows, texted.seeds).numpy()

    hints = made_up(texts)
    texted.seeds.state.assign(state)
    np.testing.assert_allclose(made_up(9.0 * texts), hints, atol=1e-5)
    is_hinted = np.abs(hints).max(axis=(1, 2)) > 0
    assert is_hinted.tolist() == [True, *[False] * 7]  # one window of eight


# === Probabilities ===


def gelu(x):
    return np.array(keras.ops.gelu(x, approximate=False))


def slow_head(head, query, candidate):
    """Logit of one pair."""
    hidden = query @ head.from_query.kernel.numpy() + head.from_query.bias.numpy()
    hidden += candidate @ head.from_candidate.kernel.numpy()
    hidden += (query * candidate) @ head.from_product.kernel.numpy()
    return (gelu(hidden) @ head.logit.kernel.numpy() + head.logit.bias.numpy())[0]


def test_probabilities_by_hand(hybrid):
    """sigmoid(0.7 head + 0.3 score + 0.2), the head's query as the tower gave it."""
    scorers = np.array([2.0, *WEIGHTS[1:]], np.float32)
    ours = reweighted(
        hybrid, of_known_items=scorers, head_slope=0.7, score_slope=0.3, intercept=0.2
    )
    interest, candidates = ask(ours)[0].numpy(), ours.candidates.numpy()
    scores = interest @ candidates.T
    found = ours.probabilities(interest, ours.unscaled[None], scores).numpy()
    head = hybrid.model.interest_head
    for user in range(2):
        for item in range(NUM_ITEMS):
            logit = slow_head(head, interest[user, :16] / 2, candidates[item, :16])
            total = 0.7 * logit + 0.3 * scores[user, item] + 0.2
            expected = 1 / (1 + np.exp(-total))
            np.testing.assert_allclose(found[user, item], expected, rtol=1e-3)


# === Shares of the events ===


def apart(scorer, rows):
    """What a scorer's candidates are beyond the mean one."""
    return tf.gather(scorer.candidates - tf.reduce_mean(scorer.candidates, 0), rows)


def test_shares_of_the_parts_by_hand(hybrid):
    """Without the neural part: 2 x collaborative + 1 x lexical, no less than 0."""
    scorers = np.array([0.0, 2.0, 1.0, 0.0], np.float32)
    ours = reweighted(hybrid, of_known_items=scorers)
    history, rows = make_history(), tf.constant([[7, 2], [4, 0]])
    weights = tf.fill([2, 3], 1 / 3)
    found = ours.contributions(history, NOW, weights, rows, ours.vectors(rows)).numpy()
    collaborative, lexical, _ = (
        scorer.contributions(history, NOW, apart(scorer, rows)).numpy()
        for scorer in ours.scorers
    )
    expected = np.maximum(2 * collaborative + lexical, 0)
    expected /= np.maximum(expected.sum(axis=2, keepdims=True), 1e-9)
    assert (expected > 0.1).any()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_neural_shares_are_attention_times_likeness(hybrid):
    """Through `memory_output`, for what sets the item apart from the mean one."""
    ours = reweighted(hybrid, of_known_items=np.array([1.0, 0, 0, 0], np.float32))
    history, rows = make_history(), tf.constant([[7, 2], [4, 0]])
    weights = tf.constant([[0.5, 0.3, 0.2], [0.9, 0.1, 0.0]])
    found = ours.contributions(history, NOW, weights, rows, ours.vectors(rows)).numpy()
    vectors = hybrid.model.all_candidates().numpy()
    apart = vectors - vectors.mean(axis=0)
    kernel = hybrid.model.query_tower.memory_output.kernel.numpy()
    for user in range(2):
        for place, item in enumerate(rows.numpy()[user]):
            shares = [
                max(0.0, float(weight) * (vectors[row] @ kernel @ apart[item]))
                for weight, row in zip(
                    weights[user], history.item_rows[user], strict=True
                )
            ]
            expected = np.array(shares) / max(sum(shares), 1e-9)
            np.testing.assert_allclose(found[user, place], expected, atol=1e-4)


# === As the evaluation sees it ===


def test_evaluation_and_serving_score_alike(hybrid, inference, board):
    """Raw ids and times, longer than the window, and the arrays of the log."""
    queries = last_queries(board[1])
    log = queries.interactions
    users = range(NUM_USERS)
    ids = [list(log.item_ids[log.item_rows[queries.history(user)]]) for user in users]
    times = [list(log.timestamps[queries.history(user)]) for user in users]
    request = make_query(ids, times, now=queries.timestamps)
    served = inference.embed_query(request).numpy() @ hybrid.candidates.numpy().T
    evaluated = HybridRecommender(hybrid).score(queries)
    assert evaluated.shape == (NUM_USERS, NUM_ITEMS)
    np.testing.assert_allclose(served, evaluated, rtol=1e-3, atol=1e-3)


def test_the_own_past_is_scored_alike_by_evaluation_and_server(
    faithful, asked_faithful, board
):
    queries = last_queries(board[1])
    log = queries.interactions
    ids = [list(log.item_ids[log.item_rows[queries.history(u)]]) for u in range(16)]
    times = [list(log.timestamps[queries.history(u)]) for u in range(16)]
    request = make_query(ids, times, now=queries.timestamps)
    found, scores, _ = asked_faithful.recommend(request, [True], k=[NUM_ITEMS])
    evaluated = HybridRecommender(faithful).score(queries)
    items = faithful.model.catalogue.item_ids.astype(str)
    places = np.argsort(items)[np.searchsorted(np.sort(items), found[:, :12])]
    expected = np.take_along_axis(evaluated, places, axis=1)
    np.testing.assert_allclose(scores[:, :12], expected, rtol=1e-3, atol=1e-3)
    own = HybridRecommender(faithful).repeat_bonus(queries)
    assert (own == 0).all()  # the targets are what the users never met


def test_own_items_explain_themselves(asked_faithful):
    """Item 4, met twice of three events: it comes again because of these two."""
    query = make_query([["i04", "i02", "i04"]])
    shares = asked_faithful.explain(query, [["i04"]])[0, 0]
    assert shares.sum() == pytest.approx(1)
    assert shares[0] + shares[2] > shares[1]


def test_part_scores_add_up_to_the_score(hybrid, board):
    queries = last_queries(board[1])
    sides = QuerySides(hybrid.model, queries)
    parts = sides.score(hybrid.scorers, np.arange(len(queries)))
    assert len(parts) == len(WEIGHTS)
    np.testing.assert_allclose(
        np.tensordot(WEIGHTS, parts, 1) - 1.0,  # the fixture's bias
        HybridRecommender(hybrid).score(queries),
        rtol=1e-3,
        atol=1e-3,
    )
