"""Tests of tfrec.text.catalogue_cache."""

import errno
import functools
import logging

import numpy as np
import pytest
import tensorflow as tf

from tfrec.text import catalogue_cache
from tfrec.text.catalogue_cache import CatalogueCache, encode_in_batches
from tfrec.text.encoder import traced

TEXTS = ["a film", "", "a film", "東京", "a much longer text about a film"]


class LengthEncoder:
    """`[byte length, 1]` of a text, a token per byte; notes what it is given."""

    dim = 2
    is_trainable = False
    fingerprint = "f" * 64
    encode = functools.cached_property(traced)

    def __init__(self):
        self.batches, self.num_traces = [], 0

    def __call__(self, texts):
        self.num_traces += 1
        tf.py_function(lambda t: self.batches.append(t.numpy().tolist()), [texts], [])
        lengths = tf.cast(tf.strings.length(texts), tf.float32)
        return tf.stack([lengths, tf.ones_like(lengths)], axis=1)

    def count_tokens(self, texts):
        return tf.strings.length(texts)

    @property
    def seen(self):
        return sorted(text.decode() for batch in self.batches for text in batch)


EXPECTED = [[len(text.encode()), 1] for text in TEXTS]


def test_each_text_is_encoded_once(tmp_path):
    first, second = LengthEncoder(), LengthEncoder()
    cache = CatalogueCache(tmp_path)
    np.testing.assert_array_equal(cache.encode(first, TEXTS), EXPECTED)
    assert first.seen == sorted(set(TEXTS))
    assert (cache.hits, cache.misses) == (0, 4)

    cache = CatalogueCache(tmp_path)
    vectors = cache.encode(second, [*TEXTS, "new"])
    np.testing.assert_array_equal(vectors, [*EXPECTED, [3, 1]])
    assert vectors.dtype == np.float32
    assert second.seen == ["new"]
    assert (cache.hits, cache.misses) == (4, 1)
    assert len(list(tmp_path.iterdir())) == 1  # and nothing half-written beside it


def test_another_encoder_shares_nothing(tmp_path):
    other = LengthEncoder()
    other.fingerprint = "e" * 64
    cache = CatalogueCache(tmp_path)
    cache.encode(LengthEncoder(), TEXTS)
    cache.encode(other, TEXTS)
    assert other.seen == sorted(set(TEXTS))


def test_learning_encoder_is_not_kept(tmp_path):
    encoder = LengthEncoder()
    encoder.is_trainable = True
    vectors = CatalogueCache(tmp_path).encode(encoder, TEXTS)
    np.testing.assert_array_equal(vectors, EXPECTED)
    assert list(tmp_path.iterdir()) == []


def test_no_texts(tmp_path):
    assert CatalogueCache(tmp_path).encode(LengthEncoder(), []).shape == (0, 2)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "other"])
def test_damaged_file_is_said_and_replaced(tmp_path, caplog, damage):
    CatalogueCache(tmp_path).encode(LengthEncoder(), TEXTS)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "other":
        np.savez(path, keys=np.array([b"k"]), vectors=np.zeros([1, 3], np.float32))
    else:
        content[len(content) // 2] ^= 255
        keep = {"truncated": len(content) // 2, "flipped": None, "empty": 0}[damage]
        path.write_bytes(content[:keep])
    encoder = LengthEncoder()
    with caplog.at_level(logging.WARNING):
        vectors = CatalogueCache(tmp_path).encode(encoder, TEXTS)
    np.testing.assert_array_equal(vectors, EXPECTED)
    assert "is damaged" in caplog.text
    assert encoder.seen == sorted(set(TEXTS))

    again = CatalogueCache(tmp_path)
    again.encode(LengthEncoder(), TEXTS)
    assert (again.hits, again.misses) == (4, 0)


def test_full_disk_costs_a_warning(tmp_path, caplog, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(catalogue_cache.np, "savez", full)
    with caplog.at_level(logging.WARNING):
        vectors = CatalogueCache(tmp_path).encode(LengthEncoder(), TEXTS)
    np.testing.assert_array_equal(vectors, EXPECTED)
    assert "No space left on device" in caplog.text
    assert list(tmp_path.iterdir()) == []


def test_texts_of_as_many_tokens_share_a_batch():
    encoder = LengthEncoder()
    texts = ["bbb", "a", "cccc", "dd", ""]
    vectors = encode_in_batches(encoder, texts, batch_size=2)
    assert encoder.batches == [[b"", b"a"], [b"dd", b"bbb"], [b"cccc"]]
    assert vectors[:, 0].tolist() == [3, 1, 4, 2, 0]


def test_an_encoder_is_traced_once_however_often_it_is_asked():
    encoder = LengthEncoder()
    for texts in (["a"], ["b", "cc"], ["dd", "e", "f"]):
        encode_in_batches(encoder, texts)
    assert encoder.num_traces == 1
