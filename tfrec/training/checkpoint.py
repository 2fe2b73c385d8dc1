"""Checkpoints from which a killed run goes on as if nothing had happened."""

import logging
import zipfile

import numpy as np
import tensorflow as tf

from tfrec.errors import CheckpointError
from tfrec.files import replacing

logger = logging.getLogger(__name__)

# What TensorFlow raises for a checkpoint that is cut off, or of another model.
DAMAGE = (tf.errors.OpError, ValueError, AssertionError, IndexError, RuntimeError)


class Checkpointer:
    """Keeps all that decides the rest of a run: weights, optimizer, data, progress.

    A checkpoint counts only once its last byte is written: the list of checkpoints
    is renamed into place after the files.

    Args:
        folder: where checkpoints go.
        model: adapted `TwoTower`; its random states are kept too, and the texts'
            vectors where the text tower learns.
        optimizer: built `keras.optimizers.Optimizer`.
        iterator: `tf.data` iterator.
        progress: dict of name -> `tf.Variable`.
    """

    def __init__(self, folder, model, optimizer, iterator, progress):
        variables = [v.value for v in (*model.learnt_variables, *optimizer.variables)]
        tables = model.texts.tables.values()
        variables += [table.vectors for table in tables if table.learns]
        self._checkpoint = tf.train.Checkpoint(
            variables=variables, iterator=iterator, **progress
        )
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(folder), max_to_keep=2
        )

    @property
    def latest(self):
        """Path of the newest checkpoint, or None."""
        return self._manager.latest_checkpoint

    def save(self, step):
        """Writes a checkpoint.

        Raises:
            CheckpointError: the files cannot be written; the previous one stays.
        """
        try:
            self._manager.save(checkpoint_number=step)
        except (tf.errors.OpError, OSError) as error:
            raise CheckpointError(
                f"The checkpoint of step {step} cannot be written to "
                f"{self._manager.directory}: {_first_line(error)}. The previous one, "
                f"{self.latest}, is intact. Free some space and run again with "
                "`--resume`."
            ) from error

    def restore(self):
        """Goes back to the newest checkpoint.

        Returns:
            Whether there was one.

        Raises:
            CheckpointError: it is damaged, or of another model or configuration.
        """
        if self.latest is None:
            return False
        try:
            self._checkpoint.restore(self.latest).assert_consumed()
        except DAMAGE as error:
            raise CheckpointError(
                f"The checkpoint {self.latest} cannot be restored: "
                f"{_first_line(error)}. It is damaged or belongs to another "
                f"configuration. Delete {self._manager.directory} to start again."
            ) from error
        logger.info("Continuing from %s.", self.latest)
        return True


def save_weights(path, model):
    """Writes a model's variables as one `.npz`, aside and renamed.

    Raises:
        CheckpointError: the file cannot be written; the previous one stays.
    """
    try:
        with replacing(path) as aside, open(aside, "wb") as file:
            np.savez(file, *[v.numpy() for v in model.learnt_variables])
    except OSError as error:
        raise CheckpointError(
            f"The best weights cannot be written to {path}: {error}. Earlier ones "
            "are intact. Free some space and run again with `--resume`."
        ) from error


def load_weights(path, model):
    """Reads what `save_weights` wrote.

    Raises:
        CheckpointError: the file is damaged or of another model; the message names
            the first variable that does not fit.
    """
    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            values = [arrays[name] for name in arrays.files]
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error
    variables = model.learnt_variables
    if len(values) != len(variables):
        raise CheckpointError(
            f"{path} must hold {len(variables)} variables. Received: {len(values)}."
        )
    for variable, value in zip(variables, values, strict=True):
        if variable.shape != value.shape:
            raise CheckpointError(
                f"`{variable.path}` in {path} must be of shape {variable.shape}. "
                f"Received: {value.shape}."
            )
        variable.assign(value)


def _first_line(error):
    return str(getattr(error, "message", error)).strip().splitlines()[0].rstrip(".")
