"""Tests of tfrec.graphs."""

import contextlib

import pytest
import tensorflow as tf

from tfrec.graphs import deterministic_ops, graph, required


def test_a_condition_that_does_not_hold_is_an_error_with_its_words():
    @graph
    def half(number):
        rule = "`number` must be even, because it is halved."
        return required(number, number % 2 == 0, rule, number) // 2

    assert int(half(tf.constant(6))) == 3
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"must be even.*\[7\]"):
        half(tf.constant(7))


def is_deterministic():
    """Whether TensorFlow refuses the clock."""
    try:
        tf.timestamp()
    except tf.errors.FailedPreconditionError:
        return True
    return False


def test_determinism_ends_with_its_context():
    with deterministic_ops(are_wanted=False):
        assert not is_deterministic()
    with contextlib.suppress(KeyError), deterministic_ops():
        assert is_deterministic()
        with deterministic_ops():
            pass
        assert is_deterministic()  # whoever enabled it first ends it
        raise KeyError
    assert not is_deterministic()
