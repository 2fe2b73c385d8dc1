"""The training loop: what Keras' own lacks is exact resume and ranking validation."""

import dataclasses
import logging
import math
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf

from tfrec.data.windows import steps_per_epoch, training_windows
from tfrec.errors import TrainingError
from tfrec.graphs import graph
from tfrec.training.adamw import FusedAdamW
from tfrec.training.checkpoint import Checkpointer, load_weights, save_weights

logger = logging.getLogger(__name__)

WORTH_TRACING = 8  # steps; fewer of them take less time than a trace


@dataclasses.dataclass(frozen=True)
class Fit:
    """How a training went."""

    best_epoch: int  # 1-based; the weights are those of its end
    best_metric: float  # validation NDCG@10; NaN without validation
    losses: list  # mean loss of each epoch, nats
    metrics: list  # validation NDCG@10 of each epoch
    examples_per_s: float  # targets learnt from, per second of training


def fit(
    model,
    interactions,
    folder,
    settings,
    *,
    validate=None,
    tie=0.0,
    resume=False,
    report=None,
):
    """Trains a model, keeping checkpoints and the best weights in `folder`.

    Args:
        model: adapted `TwoTower`.
        interactions: `Interactions` to learn from.
        folder: where checkpoints, weights and TensorBoard logs go.
        settings: `TrainConfig`.
        validate: function of no arguments that gives the validation NDCG@10; None
            trains all epochs and keeps the last weights.
        tie: float, share of it by which epochs differ by chance.
        resume: whether to go on from the newest checkpoint in `folder`.
        report: function `(epoch, step, num_steps, loss)` called after each step.

    Returns:
        `Fit`; the model has its best weights.

    Raises:
        TrainingError: the loss or its gradient is not finite any more.
        CheckpointError: a checkpoint cannot be written or restored.
    """
    folder = pathlib.Path(folder)
    loop = _Loop(model, interactions, folder, settings, validate, tie)
    if resume:
        loop.restore()
    return loop.run(report or (lambda *_: None))


def make_optimizer(settings, num_steps):
    """AdamW with a linear warm-up, cosine decay and a clipped global norm.

    Args:
        settings: `TrainConfig`.
        num_steps: int, length of the whole schedule.
    """
    warmup_steps = int(num_steps * settings.warmup)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else settings.learning_rate,
        decay_steps=max(1, num_steps - warmup_steps),
        alpha=0.05,
        warmup_target=settings.learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )
    return FusedAdamW(schedule, settings.weight_decay, settings.clip_norm)


class _Loop:
    def __init__(self, model, interactions, folder, settings, validate, tie):
        self.model, self.folder = model, folder
        self.validate, self.tie = validate, tie
        self.settings = settings
        folder.mkdir(parents=True, exist_ok=True)
        length = model.window_length
        whole = steps_per_epoch(interactions, length, settings.batch_size)
        self.steps_per_epoch = min(whole, settings.epoch_steps)
        self.num_epochs = settings.max_epochs
        self.optimizer = make_optimizer(
            settings, self.steps_per_epoch * self.num_epochs
        )
        self.optimizer.build(model.trainable_variables)
        self.iterator = iter(
            training_windows(
                interactions,
                length=length,
                batch_size=settings.batch_size,
                seed=settings.seed,
                allow_repeats=model.allow_repeats,
            )
        )
        history = tf.zeros([self.num_epochs], tf.float64)
        self.progress = {
            "step": tf.Variable(0, dtype=tf.int64),
            "losses": tf.Variable(history),
            "metrics": tf.Variable(history),
            "epoch_loss": tf.Variable(0.0, dtype=tf.float64),
            "targets": tf.Variable(0.0, dtype=tf.float64),
            "seconds": tf.Variable(0.0, dtype=tf.float64),
        }
        self.checkpoints = Checkpointer(
            folder / "checkpoints", model, self.optimizer, self.iterator, self.progress
        )
        self.logs = tf.summary.create_file_writer(str(folder / "tensorboard"))
        self.train_step = self._train_step
        if self.steps_per_epoch * self.num_epochs >= WORTH_TRACING:
            self.train_step = graph(self._train_step, reduce_retracing=True)

    @property
    def step(self):
        return int(self.progress["step"])

    def restore(self):
        self.checkpoints.restore()

    def run(self, report):
        num_steps = self.steps_per_epoch * self.num_epochs
        while self.step < num_steps and not self._is_over():
            self._run_step(report)
            if self.step % self.steps_per_epoch == 0:
                self._end_epoch()
            elif self.step % self.settings.checkpoint_every == 0:
                self.checkpoints.save(self.step)
        if self.validate is not None:
            load_weights(self._best_path, self.model)
            self.model.texts.refresh()
        return self._summary()

    def _train_step(self, batch):
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            outputs = self.model(batch, training=True)
            loss = self.model.compute_loss(batch, y_pred=outputs)
        gradients = tape.gradient(loss, variables)
        norm = self.optimizer.apply(gradients, variables)
        num_targets = tf.reduce_sum(tf.cast(batch["target_weights"] > 0, tf.float64))
        return loss, norm, num_targets

    def _run_step(self, report):
        start = time.perf_counter()
        loss, norm, num_targets = self.train_step(next(self.iterator))
        loss, norm = float(loss), float(norm)
        self.progress["seconds"].assign_add(time.perf_counter() - start)
        if not math.isfinite(loss) or not math.isfinite(norm):
            self._stop_on_nan(loss, norm)
        self.progress["step"].assign_add(1)
        self.progress["epoch_loss"].assign_add(loss)
        self.progress["targets"].assign_add(num_targets)
        with self.logs.as_default(step=self.step):
            tf.summary.scalar("loss", loss)
        epoch, within = divmod(self.step - 1, self.steps_per_epoch)
        report(epoch + 1, within + 1, self.steps_per_epoch, loss)

    def _end_epoch(self):
        epoch = self.step // self.steps_per_epoch - 1
        loss = self.progress["epoch_loss"] / self.steps_per_epoch
        self.progress["epoch_loss"].assign(0.0)
        self.progress["losses"].scatter_update(tf.IndexedSlices(loss, epoch))
        self.model.texts.refresh()
        if self.validate is not None:
            metric = float(self.validate())
            self.progress["metrics"].scatter_update(tf.IndexedSlices(metric, epoch))
            if self._best(epoch + 1) == epoch:
                save_weights(self._best_path, self.model)
            with self.logs.as_default(step=self.step):
                tf.summary.scalar("validation_ndcg@10", metric)
            logger.info("Epoch %d: validation NDCG@10 %.4f.", epoch + 1, metric)
        self.checkpoints.save(self.step)

    def _is_over(self):
        """Whether the last `patience` epochs brought nothing as good."""
        epochs, within = divmod(self.step, self.steps_per_epoch)
        if self.validate is None or within or not epochs:
            return False
        return epochs - 1 - self._best(epochs) >= self.settings.patience

    def _best(self, epochs):
        """The best of some epochs, from 0; of a tie the last, which is steadier."""
        metrics = self.progress["metrics"].numpy()[:epochs]
        return int(np.flatnonzero(metrics >= (1 - self.tie) * metrics.max())[-1])

    def _stop_on_nan(self, loss, norm):
        kept = self.checkpoints.latest
        raise TrainingError(
            "The loss and its gradient must be finite to learn from. Received: "
            f"{loss} and {norm} at step {self.step + 1}. The last good checkpoint is "
            f"{kept or 'none yet'}. Lower `train.learning_rate` or "
            "`train.clip_norm`, or set `train.mixed_precision = false`."
        )

    @property
    def _best_path(self):
        return self.folder / "best.npz"

    def _summary(self):
        epochs = self.step // self.steps_per_epoch
        losses = self.progress["losses"].numpy()[:epochs].tolist()
        metrics = self.progress["metrics"].numpy()[:epochs].tolist()
        has_metric = self.validate is not None
        best = self._best(epochs)
        return Fit(
            best_epoch=best + 1 if has_metric else epochs,
            best_metric=metrics[best] if has_metric else math.nan,
            losses=losses,
            metrics=metrics if has_metric else [],
            examples_per_s=float(self.progress["targets"] / self.progress["seconds"]),
        )
