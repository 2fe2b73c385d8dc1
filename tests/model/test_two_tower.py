"""Tests of tfrec.towers.two_tower: what is trained is what is served."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.evaluation.logs import make_items, make_log
from tests.model.checkerboard import NUM_USERS, small_config, withheld
from tests.model.conftest import make_windows
from tfrec.data.history import HistoryBatch
from tfrec.data.interactions import Queries
from tfrec.data.schema import Items
from tfrec.errors import ConfigError, NotBuiltError
from tfrec.evaluation.evaluate import mean_ndcg
from tfrec.hybrid.hybrid_model import HybridModel
from tfrec.hybrid.offline_scores import TowerRecommender
from tfrec.inference.inference import exact_inference
from tfrec.towers.losses import masked_candidates
from tfrec.training.building import make_hybrid, make_towers


def last_queries(interactions):
    """Asks of each user, after all events, for the item that was withheld."""
    users = np.arange(NUM_USERS, dtype=np.int32)
    return Queries(
        interactions=interactions,
        user_rows=users,
        history_ends=interactions.offsets[1:],
        timestamps=np.full(NUM_USERS, interactions.timestamps.max() + 60),
        target_offsets=np.arange(NUM_USERS + 1),
        target_rows=np.array([withheld(user) for user in users], np.int32),
    )


def test_learns_the_checkerboard(learnt, board):
    queries = last_queries(board[1])
    towers = TowerRecommender(learnt)
    assert (
        mean_ndcg(towers, queries, allow_repeats=False, k=1) >= 0.8
    )  # by chance: 0.11


def test_it_is_adapted_once(board):
    dataset, interactions = board
    model = make_towers(small_config()).adapt(interactions, dataset.items)
    num_weights = len(model.weights)
    with pytest.raises(ConfigError, match="`adapt` must be called once"):
        model.adapt(interactions, dataset.items)
    assert len(model.weights) == num_weights


@pytest.mark.parametrize("encoder", ["attention", "lstm"])
def test_training_and_serving_ask_alike(board, encoder):
    """The query at a place of a window is that of the history before the place."""
    dataset, interactions = board
    config = small_config(f"model.history_encoder={encoder}")
    model = make_towers(config).adapt(interactions, dataset.items)
    batch = next(iter(make_windows(interactions)))
    trained = model(batch)["queries"].numpy()
    vectors = model.all_candidates()
    for window in range(3):
        for place in range(int((batch["item_rows"][window] >= 0).numpy().sum())):
            num_events = int(batch["context"][window, place])
            history = HistoryBatch(
                *(
                    tf.cast(batch[name][window : window + 1, :num_events], dtype)
                    for name, dtype in (
                        ("item_rows", tf.int32),
                        ("event_rows", tf.int32),
                        ("values", tf.float32),
                        ("timestamps", tf.int64),
                    )
                )
            )
            history = history._replace(values=model.standardise(history.values))
            served, _ = model.query_tower(
                tf.gather(vectors, history.item_rows),
                history,
                tf.constant([[num_events]]),
                batch["timestamps"][window : window + 1, place : place + 1],
                tf.zeros([1, 1]),
            )
            np.testing.assert_allclose(
                served[0, 0], trained[window, place], atol=1e-5, rtol=1e-4
            )


@pytest.mark.parametrize("encoder", ["attention", "lstm"])
def test_later_events_and_padding_change_nothing(board, encoder):
    dataset, interactions = board
    config = small_config(f"model.history_encoder={encoder}")
    model = make_towers(config).adapt(interactions, dataset.items)
    batch = next(iter(make_windows(interactions)))
    before = model(batch)["queries"].numpy()
    items = batch["item_rows"].numpy()
    items[:, 4:] = np.where(items[:, 4:] >= 0, (items[:, 4:] + 3) % 16, -1)
    after = model({**batch, "item_rows": tf.constant(items)})["queries"].numpy()
    is_early = batch["context"].numpy() <= 4
    np.testing.assert_allclose(after[is_early], before[is_early], atol=1e-6)
    assert np.abs(after - before)[~is_early & (items >= 0)].max() > 1e-3


def test_now_matters_and_is_the_last_event_by_default(learnt):
    rows = tf.constant([[0, 2]])
    history = HistoryBatch(
        rows, tf.zeros_like(rows), tf.zeros([1, 2]), tf.constant([[100, 200]], tf.int64)
    )

    def query(now):
        return learnt.query_tower(
            tf.gather(learnt.all_candidates(), rows),
            history,
            tf.constant([[2]]),
            tf.constant([[now]], tf.int64),
            tf.zeros([1, 1]),
        )[0].numpy()

    np.testing.assert_array_equal(query(0), query(200))
    assert np.abs(query(0) - query(10**9)).max() > 1e-3


def test_items_without_events_have_no_id_part_and_are_no_negatives(board):
    dataset, interactions = board
    train = interactions.select(interactions.item_rows != 3)
    model = make_towers(small_config()).adapt(train, dataset.items)
    assert not model.possible.has_id[3]
    table = model.candidate_tower.id_table
    before = model.all_candidates().numpy()
    table.assign_add(tf.ones_like(table))
    changed = np.abs(model.all_candidates().numpy() - before).max(axis=1) > 0
    np.testing.assert_array_equal(changed, model.possible.has_id)
    batch = next(iter(make_windows(train)))
    outputs = model(batch)
    masked = masked_candidates(batch, outputs, model.possible.has_id)
    assert masked.numpy()[:, 3].all()


def test_id_dropout_acts_in_training_only(board):
    dataset, interactions = board
    config = small_config("model.id_dropout=0.5")
    model = make_towers(config).adapt(interactions, dataset.items)
    rows = tf.range(16)
    full, some = model.candidates(rows), model.candidates(rows, training=True)
    lost = np.abs(full - some).max(axis=1) > 0
    assert 0 < lost.sum() < 16
    ids = model.candidate_tower.id_table.numpy() * lost[:, None]
    np.testing.assert_allclose(full - some, ids, atol=1e-6)


def test_an_item_that_has_nothing_but_its_id_keeps_it(board):
    """All ids of a log without texts were dropped by half, for nothing."""
    dataset, interactions = board
    frame = dataset.items.frame
    bare = Items(frame.assign(category=frame["category"].where(frame.index != 5, "")))
    config = small_config("model.id_dropout=0.999")
    model = make_towers(config).adapt(interactions, bare)
    rows = tf.range(16)
    kept = model.candidates(rows) == model.candidates(rows, training=True)
    assert kept.numpy().all(axis=1).tolist() == [row == 5 for row in range(16)]


def test_ids_that_never_learn_say_nothing(board):
    dataset, interactions = board
    config = small_config("model.id_dropout=1.0")
    model = make_towers(config).adapt(interactions, dataset.items)
    before = model.all_candidates().numpy()
    table = model.candidate_tower.id_table
    table.assign_add(tf.ones_like(table))
    np.testing.assert_array_equal(model.all_candidates().numpy(), before)


def test_sampled_candidates_hold_the_batch(board):
    dataset, interactions = board
    config = small_config("train.num_negatives=3")
    model = make_towers(config).adapt(interactions, dataset.items)
    batch = next(iter(make_windows(interactions)))
    outputs = model(batch, training=True)
    found = tf.gather(outputs["candidate_rows"], outputs["targets"]).numpy()
    rows = batch["item_rows"].numpy()
    np.testing.assert_array_equal(found[rows >= 0], rows[rows >= 0])
    loss = model.compute_loss(batch, y_pred=outputs)
    assert np.isfinite(loss)


def test_values_are_standardised_and_nan_is_typical(learnt):
    mean = learnt.standardise.mean
    assert learnt.standardise(tf.constant([mean, np.nan])).numpy().tolist() == [0, 0]


def test_a_log_of_equal_values_teaches_nothing_about_values(board):
    dataset, interactions = board
    ones = np.ones(len(interactions), np.float32)
    log = dataclasses.replace(interactions, values=ones)
    model = make_towers(small_config()).adapt(log, dataset.items)
    assert model.standardise(tf.constant([0.0, 1.0, 5.0, np.nan])).numpy().any() == 0


@pytest.mark.parametrize(
    ("repeats", "counts"), [("never", [1, 1, 2]), ("allowed", [1, 2, 2])]
)
def test_scorers_learn_from_repeats_where_they_may_come(repeats, counts):
    """One user comes back to item 1, another user chooses item 0."""
    log = make_log([(0, 0, 9), (1, 1, 9), (1, 2, 9), (1, 1, 9), (0, 2, 9)], 3, 2)
    config = small_config('model.scorers=["popularity"]', f'data.repeats="{repeats}"')
    towers = make_towers(config).adapt(log, make_items(["a", "b", "c"]))
    model = make_hybrid(config, towers).fit_scorers(log)
    found = np.exp(model.scorers[0].candidates[:, 0])  # in terms of the median item's
    expected = (1 + np.array(counts)) / (1 + np.median(counts))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_a_catalogue():
    with pytest.raises(NotBuiltError, match="Call `adapt` first"):
        make_towers(small_config()).candidates(tf.range(2))


def test_mixed_precision_trains_and_recommends(board):
    dataset, interactions = board
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = make_towers(small_config()).adapt(interactions, dataset.items)
        batch = next(iter(make_windows(interactions)))
        outputs = tf.function(model)(batch, training=True)
        assert outputs["queries"].dtype == tf.bfloat16
        loss = model.compute_loss(batch, y_pred=outputs)
        assert loss.dtype == tf.float32
        assert np.isfinite(loss)
        met = interactions.item_ids[:2].tolist()
        hybrid = HybridModel(model).fit_scorers(interactions).hybrid_scorer()
        ids, scores, _ = exact_inference(hybrid).recommend_ids([met], 3, ())
        assert not set(ids[0]) & set(met)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()
    finally:
        keras.mixed_precision.set_global_policy("float32")


def test_recommends_the_withheld_item(learnt):
    even = [f"i{item:02d}" for item in range(2, 16, 2) if item != 6]
    inference = exact_inference(HybridModel(learnt).hybrid_scorer())
    ids, scores, probabilities = inference.recommend_ids([even], 2, ["i00"])
    assert ids[0, 0] == "i06"
    assert scores[0, 0] > scores[0, 1]
    assert 0 < probabilities[0, 1] < 1
