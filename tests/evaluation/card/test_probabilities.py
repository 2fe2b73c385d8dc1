"""Tests of tfrec.evaluation.card.threshold and segments."""

import numpy as np
import pytest

from tfrec.evaluation.card.segments import (
    calibration_by_segment,
    calibration_of,
    length_segments,
)
from tfrec.evaluation.card.threshold import at_threshold, best_threshold

LABELS = np.array([True, False, True, False])
CHANCES = np.array([0.9, 0.8, 0.7, 0.1])
JUDGED = (LABELS, CHANCES, np.arange(4))


def test_counts_by_hand():
    found = at_threshold(LABELS, CHANCES, 0.75)
    counts = ("true_positive", "false_positive", "false_negative", "true_negative")
    assert [found[name] for name in counts] == [1, 1, 1, 1]
    shares = ("accuracy", "precision", "recall", "f1")
    assert [found[name] for name in shares] == [0.5] * 4
    assert found["note"] == ""


def test_the_best_f1_by_hand():
    # From 0.7 on: two of three are right and none is missed, F1 = 4 / 5.
    assert best_threshold(LABELS, CHANCES) == 0.7
    assert at_threshold(LABELS, CHANCES, 0.7)["f1"] == pytest.approx(0.8)


def test_equal_probabilities_share_their_answer():
    # 0.5 twice: the choice is between one right of one, and two of three.
    labels = np.array([True, False, True])
    assert best_threshold(labels, np.array([0.9, 0.5, 0.5])) == 0.5


@pytest.mark.parametrize("label", [True, False])
def test_labels_of_one_class_are_said_in_words(label):
    labels = np.full(3, label)
    assert best_threshold(labels, CHANCES[:3]) == 0.5
    found = at_threshold(labels, CHANCES[:3], 0.5)
    assert f"All 3 examples are {'positive' if label else 'negative'}" in found["note"]
    assert found["recall"] == (1.0 if label else None)


def test_nobody_says_yes():
    found = at_threshold(LABELS, CHANCES, 0.95)
    assert found["precision"] is None
    assert found["f1"] == 0


def test_calibration_by_hand():
    found = calibration_of(np.array([True, False]), np.array([0.9, 0.2]), np.arange(2))
    assert found["error"] == pytest.approx((0.1 + 0.2) / 2)
    assert found["promised"] == pytest.approx(0.55)
    assert (found["num_examples"], found["num_positive"]) == (2, 1)
    assert found["is_few"]


def test_right_probabilities_are_within_chance():
    rng = np.random.default_rng(0)
    chances = rng.random(4000)
    found = calibration_of(rng.random(4000) < chances, chances, np.arange(4000))
    assert found["error"] < found["error_by_chance"] < 0.05
    off = calibration_of(rng.random(4000) < chances / 2, chances, np.arange(4000))
    assert off["error"] > off["error_by_chance"]
    assert not off["is_few"]
    of_few = calibration_of(rng.random(4000) < chances, chances, np.arange(4000) % 19)
    assert of_few["is_few"]  # 19 people, however much is known of each


def test_segments_have_their_own_counts():
    names = np.array(["x", "y", "x", ""], object)
    found = calibration_by_segment(*JUDGED, {"kind": names})["kind"]
    assert [(e["segment"], e["num_examples"]) for e in found] == [("x", 2), ("y", 1)]
    assert found[0]["observed"] == 1.0


def test_lengths_in_their_order():
    names = length_segments(np.array([0, 1, 5, 6, 20, 21]))
    short, middle = "1 to 5 events", "6 to 20 events"
    expected = ["no history", short, short, middle, middle, "more than 20 events"]
    assert names.tolist() == expected
    segments = {"length": names[::-1]}
    judged = (np.ones(6, bool), np.ones(6), np.arange(6))
    found = calibration_by_segment(*judged, segments)["length"]
    assert [each["segment"] for each in found] == list(dict.fromkeys(expected))


def test_an_empty_segment_is_left_out():
    nobody = np.full(4, "", object)
    assert calibration_by_segment(*JUDGED, {"group": nobody}) == {"group": []}
