"""Tests of tfrec.export.calls."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

from tfrec.export.calls import Call


class Doubler(tf.Module):
    """Knows a variable and has inputs of several types, named out of order."""

    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(2.0)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="word"),
            tf.TensorSpec([None], tf.float32, name="amount"),
        ]
    )
    def double(self, word, amount):
        return {"words": word + word, "amounts": self.factor * amount}


@pytest.fixture
def loaded(tmp_path):
    module = Doubler()
    tf.saved_model.save(module, str(tmp_path), signatures={"double": module.double})
    return tf.saved_model.load(str(tmp_path))


def test_answers_as_the_function_does(loaded):
    inputs = {
        "amount": np.array([1.5, 2.0], np.float32),
        "word": np.array(["a", "é"], object),
    }
    for function in (
        loaded.signatures["double"],
        loaded.double.concrete_functions[0],
    ):
        answer = Call(function)(**inputs)
        assert answer["amounts"].numpy().tolist() == [3.0, 4.0]
        assert answer["words"].numpy().tolist() == [b"aa", "éé".encode()]


def test_keeps_what_is_fixed_and_reads_variables_anew(loaded):
    call = Call(loaded.signatures["double"], word=tf.constant(["x"]))
    assert call(amount=np.array([1.0], np.float32))["words"].numpy() == [b"xx"]
    loaded.factor.assign(10.0)
    answer = call(amount=np.array([1.0], np.float32), word=np.array(["y"], object))
    assert answer["amounts"].numpy() == [10.0]
    assert answer["words"].numpy() == [b"yy"]


def test_refuses_what_the_graph_refuses(loaded):
    call = Call(loaded.signatures["double"])
    with pytest.raises(tf.errors.OpError):
        call(amount=np.array([1], np.int64), word=np.array(["x"], object))
    with pytest.raises(KeyError, match="word"):
        call(amount=np.array([1.0], np.float32))


def test_lives_without_the_model_and_lets_it_go(tmp_path):
    module = Doubler()
    tf.saved_model.save(module, str(tmp_path), signatures={"double": module.double})
    loaded = tf.saved_model.load(str(tmp_path))
    function, gone = loaded.signatures["double"], weakref.ref(loaded.factor)
    call = Call(function)
    del function
    call(amount=np.array([1.0], np.float32), word=np.array(["x"], object))
    del call, loaded
    gc.collect()
    assert gone() is None
