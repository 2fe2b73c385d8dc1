"""Tests of tfrec.towers.time_features."""

import numpy as np
import tensorflow as tf

from tfrec.towers.time_features import (
    DAYS,
    HOURS,
    UNKNOWN_AGE,
    age_bucket,
    hour_and_day,
)


def test_ages_by_hand():
    later = tf.constant([100, 101, 103, 100 + 86400], tf.int64)
    # log2(1 + age): 0, 1, 2, log2(86401) = 16.4
    np.testing.assert_array_equal(
        age_bucket(later, tf.constant(100, tf.int64)), [0, 1, 2, 16]
    )


def test_unknown_times_and_clocks_that_ran_backwards():
    later, earlier = tf.constant([0, 5, 5], tf.int64), tf.constant([5, 0, 9], tf.int64)
    np.testing.assert_array_equal(
        age_bucket(later, earlier), [UNKNOWN_AGE, UNKNOWN_AGE, 0]
    )


def test_oldest_age_does_not_run_into_unknown():
    bucket = age_bucket(tf.constant([2**62], tf.int64), tf.constant([1], tf.int64))
    assert int(bucket[0]) == UNKNOWN_AGE - 1


def test_hour_and_day():
    # 1970-01-02 03:04:05 UTC, a Friday: hour 3, day 1 after Thursday.
    moment = 86400 + 3 * 3600 + 4 * 60 + 5
    hour, day = hour_and_day(tf.constant([moment, 0], tf.int64))
    np.testing.assert_array_equal(hour, [3, HOURS])
    np.testing.assert_array_equal(day, [1, DAYS])
