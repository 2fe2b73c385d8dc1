"""Tests of tfrec.training.checkpoint: what is kept, and what damage is noticed."""

import contextlib
import errno
import os
import pathlib
import resource
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfrec.errors import CheckpointError
from tfrec.training.checkpoint import Checkpointer, load_weights, save_weights


def make_model(*shapes, value=1.0):
    """Stands for a `TwoTower` with frozen texts: variables of some shapes."""
    texts = types.SimpleNamespace(tables={})
    variables = [
        keras.Variable(np.full(shape, value, np.float32), name=f"weight_{place}")
        for place, shape in enumerate(shapes)
    ]
    return types.SimpleNamespace(learnt_variables=variables, texts=texts)


def make_checkpointer(folder, model):
    """`(Checkpointer, iterator, step)`."""
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.learnt_variables)
    iterator = iter(tf.data.Dataset.range(100))
    step = tf.Variable(0, dtype=tf.int64)
    progress = {"step": step}
    return Checkpointer(folder, model, optimizer, iterator, progress), iterator, step


@contextlib.contextmanager
def files_of_at_most(size):
    """No file of this process may grow beyond `size` bytes: a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def kept(tmp_path):
    """Folder with the checkpoint of step 3; all weights are 1, 3 batches are gone."""
    checkpointer, iterator, step = make_checkpointer(tmp_path, make_model([400], [2]))
    for _ in range(3):
        next(iterator)
    step.assign(3)
    checkpointer.save(3)
    return tmp_path


def test_nothing_to_restore(tmp_path):
    checkpointer, *_ = make_checkpointer(tmp_path, make_model([2]))
    assert not checkpointer.restore()
    assert checkpointer.latest is None


def test_restores_weights_data_and_progress(kept):
    model = make_model([400], [2], value=0.0)
    checkpointer, iterator, step = make_checkpointer(kept, model)
    assert checkpointer.restore()
    assert all((v.numpy() == 1).all() for v in model.learnt_variables)
    assert int(step) == 3
    assert int(next(iterator)) == 3  # 0, 1 and 2 are gone


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_cut_off_file(kept, suffix):
    path = kept / f"ckpt-3{suffix}"
    os.truncate(path, path.stat().st_size // 2)
    checkpointer, *_ = make_checkpointer(kept, make_model([400], [2]))
    words = r"ckpt-3 cannot be restored: .*damaged.*Delete .* to start again"
    with pytest.raises(CheckpointError, match=words):
        checkpointer.restore()


def test_missing_file(kept):
    (kept / "ckpt-3.index").unlink()
    checkpointer, *_ = make_checkpointer(kept, make_model([400], [2]))
    with pytest.raises(CheckpointError, match="ckpt-3 cannot be restored"):
        checkpointer.restore()


@pytest.mark.parametrize("shapes", [([400], [3]), ([400],), ([400], [2], [2])])
def test_checkpoint_of_another_model(kept, shapes):
    checkpointer, *_ = make_checkpointer(kept, make_model(*shapes))
    with pytest.raises(CheckpointError, match="belongs to another configuration"):
        checkpointer.restore()


def test_disk_full_while_saving(kept):
    model = make_model([400], [2])
    checkpointer, _, step = make_checkpointer(kept, model)
    checkpointer.restore()
    step.assign(4)
    model.learnt_variables[0].assign(np.zeros(400))
    words = r"step 4 cannot be written to .*ckpt-3, is intact. Free some space"
    with files_of_at_most(1000), pytest.raises(CheckpointError, match=words):
        checkpointer.save(4)
    # Another process finds the previous checkpoint whole.
    model = make_model([400], [2], value=0.0)
    checkpointer, _, step = make_checkpointer(kept, model)
    assert checkpointer.restore()
    assert int(step) == 3
    assert (model.learnt_variables[0].numpy() == 1).all()


def test_disk_full_by_tensorflows_own_words(kept, monkeypatch):
    checkpointer, *_ = make_checkpointer(kept, make_model([400], [2]))

    def refuse(*args, **kwargs):
        raise tf.errors.ResourceExhaustedError(None, None, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tf.train.CheckpointManager, "save", refuse)
    with pytest.raises(CheckpointError, match="No space left on device"):
        checkpointer.save(4)


def test_weights_come_back(tmp_path):
    save_weights(tmp_path / "best.npz", make_model([2, 3], [4], value=7.0))
    model = make_model([2, 3], [4])
    load_weights(tmp_path / "best.npz", model)
    assert all((v.numpy() == 7).all() for v in model.learnt_variables)


def test_weights_of_another_shape(tmp_path):
    save_weights(tmp_path / "best.npz", make_model([2, 3], [4]))
    words = r"`weight_1` in .*best.npz must be of shape \(5,\). Received: \(4,\)"
    with pytest.raises(CheckpointError, match=words):
        load_weights(tmp_path / "best.npz", make_model([2, 3], [5]))


def test_weights_of_another_number(tmp_path):
    save_weights(tmp_path / "best.npz", make_model([2], [2]))
    with pytest.raises(CheckpointError, match="must hold 1 variables. Received: 2"):
        load_weights(tmp_path / "best.npz", make_model([2]))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_cut_off_weights(tmp_path, share):
    path = tmp_path / "best.npz"
    save_weights(path, make_model([400]))
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(CheckpointError, match="best.npz cannot be read"):
        load_weights(path, make_model([400]))


def test_missing_weights(tmp_path):
    with pytest.raises(CheckpointError, match="best.npz cannot be read"):
        load_weights(tmp_path / "best.npz", make_model([2]))


def test_disk_full_while_saving_weights(tmp_path):
    path = tmp_path / "best.npz"
    save_weights(path, make_model([400]))
    words = r"best.npz: .*intact. Free some space"
    with files_of_at_most(1000), pytest.raises(CheckpointError, match=words):
        save_weights(path, make_model([400], value=2.0))
    model = make_model([400], value=0.0)
    load_weights(path, model)
    assert (model.learnt_variables[0].numpy() == 1).all()
    assert list(pathlib.Path(tmp_path).iterdir()) == [path], "a half-written file"
