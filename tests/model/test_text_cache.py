"""Tests of tfrec.inference.text_cache."""

import numpy as np
import pytest
import tensorflow as tf

from tfrec.inference import text_cache
from tfrec.inference.text_cache import TextCache

WIDTH = 2


class Counting(tf.Module):
    """A cache over an encoder of lengths that counts the texts it was given."""

    def __init__(self):
        super().__init__()
        self.num_encoded = tf.Variable(0)
        self.cache = TextCache(self._encode, WIDTH)
        spec = tf.TensorSpec([None], tf.string, name="texts")
        self.serve = tf.function(self._serve, input_signature=[spec], autograph=False)

    def _encode(self, texts):
        self.num_encoded.assign_add(tf.size(texts))
        lengths = tf.cast(tf.strings.length(texts), tf.float32)
        return tf.stack([lengths, -lengths], axis=1)

    def _serve(self, texts):
        vectors = self.cache(texts)
        with tf.control_dependencies([vectors]):
            return {"vectors": vectors, "num": self.num_encoded.read_value()[None]}


@pytest.fixture
def counting():
    return Counting()


def ask(serve, *texts):
    """The first column for the texts, and how many were encoded so far."""
    answer = serve(np.array(texts, object))
    first, second = np.asarray(answer["vectors"]).T
    np.testing.assert_array_equal(first, -second)
    return first.tolist(), int(answer["num"][0])


def test_each_text_is_encoded_once(counting):
    assert ask(counting.serve, "sea", "", "sea", "harbour") == ([3, 0, 3, 7], 2)
    assert ask(counting.serve, "harbour", "sea") == ([7, 3], 2)
    assert ask(counting.serve, "sea", "quay") == ([3, 4], 3)
    assert ask(counting.serve, "", "") == ([0, 0], 3)


def test_it_starts_anew_when_it_is_full(counting, monkeypatch):
    monkeypatch.setattr(text_cache, "MAX_TEXTS", 3)
    assert ask(counting.serve, "a", "bb") == ([1, 2], 2)
    assert ask(counting.serve, "ccc", "dddd") == ([3, 4], 4)
    assert int(counting.cache.size()) == 2
    assert ask(counting.serve, "ccc", "dddd") == ([3, 4], 4)
    assert ask(counting.serve, "bb") == ([2], 5)
    words = ["1", "22", "333", "4444", "55555"]
    assert ask(counting.serve, *words)[0] == [1, 2, 3, 4, 5]
    assert int(counting.cache.size()) == 3


def test_long_texts_are_not_kept(counting):
    long = "x" * (text_cache.MAX_BYTES + 1)
    assert ask(counting.serve, long, "sea") == ([len(long), 3], 2)
    assert ask(counting.serve, long, "sea") == ([len(long), 3], 3)
    assert int(counting.cache.size()) == 1


def test_a_saved_model_caches_in_either_way(counting, tmp_path):
    tf.saved_model.save(counting, str(tmp_path), signatures=counting.serve)
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    session = tf.compat.v1.Session(graph=tf.Graph())
    graph = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path))
    signature = graph.signature_def["serving_default"]
    outputs = {name: info.name for name, info in signature.outputs.items()}

    def in_session(texts):
        return session.run(outputs, {signature.inputs["texts"].name: texts})

    for serve in (lambda texts: loaded(texts=tf.constant(texts)), in_session):
        assert ask(serve, "sea", "harbour", "sea") == ([3, 7, 3], 2)
        assert ask(serve, "harbour") == ([7], 2)
    session.close()
