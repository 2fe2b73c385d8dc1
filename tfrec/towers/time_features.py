"""Time as the towers see it: log-scaled ages, hour of the day, day of the week."""

import math

import keras
import tensorflow as tf

NUM_AGE_BUCKETS = 33  # powers of two of seconds up to 68 years, and "unknown"
UNKNOWN_AGE = NUM_AGE_BUCKETS - 1
HOURS, DAYS = 24, 7
HOUR_S, DAY_S = 3600, 86400


def age_bucket(later, earlier):
    """The power of two of the seconds between two times.

    Args:
        later: int64 tensor of timestamps (UTC seconds); 0 means unknown.
        earlier: int64 tensor that broadcasts with `later`; 0 means unknown.

    Returns:
        int32 tensor in `[0, NUM_AGE_BUCKETS)`: 0 for the same second (and for a
        clock that ran backwards), `UNKNOWN_AGE` where a time is unknown.
    """
    age_s = tf.maximum(later - earlier, 0)
    bucket = tf.math.log(1.0 + tf.cast(age_s, tf.float32)) / math.log(2.0)
    bucket = tf.minimum(tf.cast(bucket, tf.int32), UNKNOWN_AGE - 1)
    is_known = tf.logical_and(later > 0, earlier > 0)
    return tf.where(is_known, bucket, UNKNOWN_AGE)


def hour_and_day(timestamps):
    """Hour of the day and day of the week, in UTC.

    Args:
        timestamps: int64 tensor of UTC seconds; 0 means unknown.

    Returns:
        `(hour, day)`, int32 tensors of the same shape; `HOURS` and `DAYS`
        stand for unknown. Day 0 is a Thursday, as in 1970.
    """
    is_known = timestamps > 0
    hour = tf.cast(timestamps // HOUR_S % HOURS, tf.int32)
    day = tf.cast(timestamps // DAY_S % DAYS, tf.int32)
    return tf.where(is_known, hour, HOURS), tf.where(is_known, day, DAYS)


@keras.saving.register_keras_serializable("tfrec")
class TimeOfAsking(keras.layers.Layer):
    """What the moment of a request says: the pause before it, its hour and day.

    Args:
        dim: int, size of the output.
    """

    def __init__(self, dim, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim
        self.pause = keras.layers.Embedding(NUM_AGE_BUCKETS, dim, name="pause")
        self.hour = keras.layers.Embedding(HOURS + 1, dim, name="hour")
        self.day = keras.layers.Embedding(DAYS + 1, dim, name="day")

    def build(self, *shapes):
        for layer in (self.pause, self.hour, self.day):
            layer.build()

    def call(self, now, last_timestamps):
        hour, day = hour_and_day(now)
        pause = age_bucket(now, last_timestamps)
        return self.pause(pause) + self.hour(hour) + self.day(day)

    def get_config(self):
        return {**super().get_config(), "dim": self.dim}
