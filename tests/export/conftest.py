"""A toy saved model for the whole folder, and copies to break."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.serving.toy_artefact import write_toy
from tfrec.export.ops import read_saved_model


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """Version folder of the toy; not to be changed."""
    return write_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def loaded(toy):
    """The toy in this process."""
    return tf.saved_model.load(str(toy))


@pytest.fixture
def copy(toy, tmp_path):
    """A copy of the toy that a test may break."""
    return shutil.copytree(toy, tmp_path / "copy")


@pytest.fixture
def edit(copy):
    """Applies a function to the copy's only graph; gives the copy."""

    def apply(change):
        saved_model = read_saved_model(copy)
        change(saved_model.meta_graphs[0].graph_def)
        (copy / "saved_model.pb").write_bytes(saved_model.SerializeToString())
        return copy

    return apply


@pytest.fixture
def requests():
    """One request with strings, integers and floats, one that is all defaults."""
    history = np.array([["", "a"], ["b", "café"]], object)
    first = {
        "user_text": np.array(["né", ""], object),
        "history_item_ids": history,
        "history_events": np.full_like(history, "view"),
        "history_values": np.ones(history.shape, np.float32),
        "history_timestamps": np.zeros(history.shape, np.int64),
        "k": np.array([2, 3], np.int32),
    }
    return [("recommend", first), ("embed_query", {"user_text": np.array(["abc"])})]


@pytest.fixture
def answers():
    """What `requests` must give, by hand.

    a = (1, 0), b = (.8, .25), café = (-.5, -.45). First user: a, and a tenth of the
    3 bytes of "né" = (1.3, 0); without a that leaves b 1.04, c .78. Second: b + café
    = (.3, -.2); without them a .3, c .05, d -.11. Last request: 3 letters.
    """
    ids = [[b"b", b"c", b""], [b"a", b"c", b"d"]]
    scores = np.array([[1.04, 0.78, -np.inf], [0.3, 0.05, -0.11]], np.float32)
    first = {
        "item_ids": np.array(ids, object),
        "scores": scores,
        "probabilities": 1 / (1 + np.exp(-scores)),
    }
    return [first, {"embedding": np.array([[0.3, 0]], np.float32)}]
