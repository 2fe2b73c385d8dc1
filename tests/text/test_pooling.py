"""Tests of `masked_mean` in tfrec.text.encoder."""

import numpy as np

from tfrec.text.encoder import masked_mean


def test_padding_does_not_count():
    hidden = np.array([[[1.0, 2.0], [3.0, 6.0], [99.0, 99.0]]], "float32")
    mean = masked_mean(hidden, np.array([[True, True, False]]))
    np.testing.assert_array_equal(mean, [[2.0, 4.0]])  # (1+3)/2, (2+6)/2


def test_nothing_real_gives_zeros():
    mean = masked_mean(np.ones([1, 2, 3], "float32"), np.zeros([1, 2], bool))
    np.testing.assert_array_equal(mean, np.zeros([1, 3]))
