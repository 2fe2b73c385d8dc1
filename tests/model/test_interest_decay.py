"""Tests of tfrec.inference.interest_decay, by hand."""

import numpy as np

from tfrec.inference.interest_decay import InterestSettings

SETTINGS = InterestSettings(
    learning_rate=1.0, half_life_s=60.0, half_life_events=2.0, long_term_share=0.25
)
LONG_TERM = np.array([[4.0, 0.0], [0.0, 0.0]], "float32")
INTEREST = np.array([[4.0, 8.0], [2.0, 0.0]], "float32")


def test_what_was_learnt_online_fades():
    # After 60 s one half is left, after 120 s a quarter, and nothing else has moved.
    later = SETTINGS.decayed(INTEREST, LONG_TERM, np.array([60, 120]))
    np.testing.assert_allclose(later, [[4.0, 4.0], [0.5, 0.0]])
    assert later.dtype == np.float32


def test_events_count_as_time_does():
    # Two events halve it, and so does a minute: a quarter is left.
    later = SETTINGS.decayed(INTEREST[0], LONG_TERM[0], 60, events=2)
    np.testing.assert_allclose(later, [4.0, 2.0])


def test_the_long_term_vector_is_asked_with_its_share():
    # 0.25 * [4, 0] + [0, 8]
    np.testing.assert_allclose(
        SETTINGS.query_vector(INTEREST, LONG_TERM)[0], [1.0, 8.0]
    )
