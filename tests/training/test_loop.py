"""Tests of tfrec.training.loop: exact resume, early stop, and when to give up."""

import math
import pathlib
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.toy_fit import toy_model
from tfrec.config import TrainConfig
from tfrec.errors import CheckpointError, TrainingError
from tfrec.training.loop import fit, make_optimizer

ROOT = pathlib.Path(__file__).parents[2]
NO_TEXT = "model.text_encoder=none"
TIE = 0.01  # share of a metric
TIMEOUT_S = 300


def start(folder, *flags):
    command = [sys.executable, "-m", "tests.training.toy_fit", str(folder), *flags]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def finish(process, code=0):
    _, words = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == code, words[-2000:]


@pytest.mark.slow
def test_killed_and_resumed_equals_uninterrupted(tmp_path):
    """SIGKILL in an epoch, then between the best weights and the checkpoint."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    uninterrupted = start(whole)
    finish(start(killed, "--die", "step", "6"), -signal.SIGKILL)
    assert (killed / "checkpoints" / "ckpt-4.index").exists()
    finish(start(killed, "--resume", "--die", "best", "2"), -signal.SIGKILL)
    assert not (killed / "end.npz").exists()
    finish(start(killed, "--resume"))
    finish(uninterrupted)
    with np.load(whole / "end.npz") as expected, np.load(killed / "end.npz") as found:
        assert expected.files == found.files
        different = [n for n in found.files if (found[n] != expected[n]).any()]
        assert not different
        assert len(set(expected["losses"])) == 3, "nothing was learnt"


class Validation:
    """Gives a list of figures, and remembers the weights that each was for."""

    def __init__(self, model, figures):
        self.model, self.figures, self.weights = model, figures, []

    def __call__(self):
        self.weights.append([v.numpy() for v in self.model.trainable_variables])
        return self.figures[len(self.weights) - 1]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """`(folder, validation, Fit, steps)` of a training that stops early."""
    folder = tmp_path_factory.mktemp("stopped")
    model, split, settings = toy_model(
        NO_TEXT, "train.max_epochs=9", "train.patience=2"
    )
    validation = Validation(model, [0.1, 0.3, 0.298, 0.2, 0.25, 0.9])
    steps = []
    found = fit(
        model,
        split.train,
        folder,
        settings,
        validate=validation,
        tie=TIE,
        report=lambda *step: steps.append(step),
    )
    return folder, validation, found, steps


def test_patience(stopped):
    # Epoch 3 is as good as epoch 2, but 4 and 5 are not: after two of them, enough.
    _, _, found, steps = stopped
    assert found.metrics == [0.1, 0.3, 0.298, 0.2, 0.25]
    assert (found.best_epoch, found.best_metric) == (3, 0.298)
    assert steps[-1][0] == 5


def test_without_a_tie_the_best_epoch_is_kept(tmp_path):
    model, split, settings = toy_model(NO_TEXT, "train.max_epochs=3")
    validation = Validation(model, [0.1, 0.3, 0.298])
    found = fit(model, split.train, tmp_path, settings, validate=validation)
    assert (found.best_epoch, found.best_metric) == (2, 0.3)


def test_best_weights_come_back(stopped):
    _, validation, *_ = stopped
    weights = [v.numpy() for v in validation.model.trainable_variables]
    for found, best in zip(weights, validation.weights[2], strict=True):
        np.testing.assert_array_equal(found, best)
    assert any(
        (a != b).any() for a, b in zip(weights, validation.weights[3], strict=True)
    )


def test_every_step_is_reported(stopped):
    _, _, found, steps = stopped
    epochs, places, lengths, losses = zip(*steps, strict=True)
    length = lengths[0]
    assert set(lengths) == {length}
    assert list(epochs) == [e for e in range(1, 6) for _ in range(length)]
    assert list(places) == [*range(1, length + 1)] * 5
    means = np.mean(np.reshape(losses, (5, length)), axis=1)
    np.testing.assert_allclose(found.losses, means, rtol=1e-6)
    assert found.losses[-1] < found.losses[0]


def test_speed_and_tensorboard(stopped):
    folder, _, found, _ = stopped
    assert 1 < found.examples_per_s < 1e7
    (path,) = (folder / "tensorboard").glob("events.out.tfevents.*")
    events = tf.compat.v1.train.summary_iterator(str(path))
    tags = [value.tag for event in events for value in event.summary.value]
    assert tags.count("validation_ndcg@10") == 5
    assert tags.count("loss") == 5 * tags.index("validation_ndcg@10")


def test_a_training_that_had_stopped_is_over(stopped):
    """Resuming a finished stage learns nothing more and gives the same."""
    folder, validation, found, _ = stopped
    model, split, settings = toy_model(
        NO_TEXT, "train.max_epochs=9", "train.patience=2"
    )

    def never(*_):
        raise AssertionError("it trained on")

    how = {"validate": never, "tie": TIE, "report": never}
    again = fit(model, split.train, folder, settings, resume=True, **how)
    assert (again.best_epoch, again.metrics) == (found.best_epoch, found.metrics)
    assert again.losses == found.losses
    for variable, best in zip(
        model.trainable_variables, validation.weights[2], strict=True
    ):
        np.testing.assert_array_equal(variable.numpy(), best)


def test_resuming_another_model(stopped):
    folder, *_ = stopped
    model, split, settings = toy_model(NO_TEXT, "model.embedding_dim=8")
    with pytest.raises(CheckpointError, match="belongs to another configuration"):
        fit(model, split.train, folder, settings, resume=True)


class TestNotFinite:
    """The loss, or only its gradient, is ruined at step 7."""

    @pytest.mark.parametrize(
        ("ruin", "words"),
        [
            (lambda loss: loss * math.nan, "Received: nan and nan at step 7"),
            (  # The square root of 0: finite, but infinitely steep.
                lambda loss: tf.sqrt(loss - tf.stop_gradient(loss)) * 1e3,
                "Received: 0.0 and .* at step 7",
            ),
        ],
        ids=["loss", "gradient"],
    )
    def test_stops_and_keeps_the_last_checkpoint(self, tmp_path, ruin, words):
        model, split, settings = toy_model(NO_TEXT, "train.checkpoint_every=3")
        count, sound = tf.Variable(0), model.compute_loss

        def compute_loss(*args, **kwargs):
            loss = sound(*args, **kwargs)
            is_seventh = count.assign_add(1) == 7
            return tf.cond(is_seventh, lambda: ruin(loss), lambda: loss)

        model.compute_loss = compute_loss
        with pytest.raises(TrainingError, match=words) as error:
            fit(model, split.train, tmp_path, settings)
        assert "The last good checkpoint is " in str(error.value)
        assert "ckpt-6" in str(error.value)
        assert "Lower `train.learning_rate`" in str(error.value)
        checkpoint = tf.train.load_checkpoint(str(tmp_path / "checkpoints"))
        kinds = checkpoint.get_variable_to_dtype_map()
        floats = [name for name, kind in kinds.items() if kind == tf.float32]
        assert len(floats) > len(model.trainable_variables)
        for name in floats:
            assert np.isfinite(checkpoint.get_tensor(name)).all(), name


def test_schedule_by_hand():
    # 100 steps, 10 of them warm-up to 0.2; then a cosine from 0.2 to 5 % of it:
    # half-way, at step 55, (0.2 + 0.01) / 2 = 0.105.
    config = TrainConfig(learning_rate=0.2, warmup=0.1)
    rate = make_optimizer(config, 100)._learning_rate
    found = [float(rate(step)) for step in (0, 5, 10, 55, 100)]
    np.testing.assert_allclose(found, [0.0, 0.1, 0.2, 0.105, 0.01], rtol=1e-5)


def test_schedule_without_warmup():
    config = TrainConfig(learning_rate=0.2, warmup=0.0)
    rate = make_optimizer(config, 10)._learning_rate
    np.testing.assert_allclose(float(rate(0)), 0.2, rtol=1e-6)


def test_gradients_are_clipped_together():
    """Two gradients of norm 5 count as one of norm 1; Adam's first moment tells."""
    optimizer = make_optimizer(TrainConfig(clip_norm=1.0, warmup=0.0), 10)
    weights = [keras.Variable([0.0]), keras.Variable([0.0])]
    optimizer.apply([tf.constant([3.0]), tf.constant([4.0])], weights)
    moments = [
        float(variable.value[0])
        for variable in optimizer.variables
        if variable.path.endswith("_momentum")
    ]
    # (1 - beta_1) times the clipped gradients 3/5 and 4/5.
    np.testing.assert_allclose(moments, [0.06, 0.08], rtol=1e-4)
