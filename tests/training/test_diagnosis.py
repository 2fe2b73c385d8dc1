"""Tests of tfrec.training.diagnosis: when each warning is given."""

import math
import types

import numpy as np
import pytest

from tfrec.evaluation.interest import InterestEvaluation
from tfrec.evaluation.metrics import expected_calibration_error
from tfrec.text.readability import TextReading
from tfrec.training.calibration import LabelPlan
from tfrec.training.diagnosis import (
    collapsed,
    few_labels,
    few_refusals,
    miscalibrated,
    no_better_than_popular,
    stuck,
    too_good,
    unread,
)


def judged(name, ndcg):
    return types.SimpleNamespace(name=name, means={"ndcg@10": ndcg})


def test_collapsed_towers():
    rng = np.random.default_rng(0)
    vectors = np.array([3.0, 4.0]) + rng.normal(scale=0.01, size=(50, 2))
    lengths = rng.uniform(1, 9, size=(50, 1))  # they do not matter
    assert "The candidate tower has collapsed" in collapsed(vectors * lengths)


def test_mean_cosine_by_hand():
    # 90 of 100 vectors say (1, 0), 10 say (0, 1): |(0.9, 0.1)|² = 0.82.
    assert collapsed(np.repeat(np.eye(2), [90, 10], axis=0)) is None
    # 999 of 1000: |(0.999, 0.001)|² = 0.998.
    assert "0.998" in collapsed(np.repeat(np.eye(2), [999, 1], axis=0))


def test_towers_with_a_common_part():
    rng = np.random.default_rng(0)
    assert collapsed(1.0 + rng.normal(size=(50, 16))) is None


def test_stuck_loss():
    # Guessing among 1000: ln 1000 = 6.908 nats.
    words = stuck([7.1, 6.9], 1000)
    assert "stuck at 6.90 nats; guessing among 1000 candidates gives 6.91" in words
    assert stuck([6.9, 6.2], 1000) is None
    assert stuck([], 1000) is None


def test_stuck_speaks_of_the_last_epoch():
    assert stuck([5.0, math.log(50)], 50)


@pytest.mark.parametrize("name", ["popularity"])
def test_no_better_than_popularity(name):
    ours, popular = judged("tfrec", 0.05), judged(name, 0.05)
    words = no_better_than_popular(ours, [judged("EASE", 0.2), popular])
    assert f"(NDCG@10 0.0500) is no better than {name} (0.0500)" in words
    assert no_better_than_popular(judged("tfrec", 0.06), [popular]) is None


def test_only_lists_without_a_user_count():
    assert no_better_than_popular(judged("tfrec", 0.1), [judged("EASE", 0.2)]) is None
    assert no_better_than_popular(judged("tfrec", 0.1), []) is None


def test_too_good():
    assert "look past the cut" in too_good(0.97)
    assert too_good(0.6) is None


def test_refusals_that_are_too_few():
    words = few_refusals(LabelPlan({"validation": 41, "test": 121}))
    assert "too few: 41 in validation, 121 in test, and each part needs 100" in words
    assert few_refusals(LabelPlan({"validation": 100, "test": 121})) is None
    assert few_refusals(LabelPlan({"validation": 0, "test": 0})) is None, "no rule"


def test_few_labels():
    enough, test = (100, 100), np.repeat([True, False], [30, 400])
    words = few_labels(enough, test)
    assert (
        "rest on few labels: 30 positive and 400 negative in test; they need 100"
        in words
    )
    assert few_labels(enough, np.repeat([True, False], 100)) is None
    assert "99 positive and 500 negative in validation" in few_labels((99, 500), test)


def interest_of(probabilities, labels):
    others = np.full(len(labels), labels.mean())
    found = {"tfrec": probabilities, "base rate": others}
    return InterestEvaluation(labels, np.arange(len(labels)), found, is_explicit=True)


def test_probabilities_that_are_off():
    # All say 0.5 where one of four is right: off by 0.25.
    labels = np.tile([True, False, False, False], 100)
    words = miscalibrated(interest_of(np.full(400, 0.5), labels))
    assert "The probabilities are 0.25 off on the test" in words
    assert miscalibrated(interest_of(np.full(400, 0.29), labels)) is None


def test_what_chance_alone_does_is_no_warning():
    """Of 45 labels, each of 15 bins holds three: right probabilities look far off."""
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(size=45)
    labels = rng.random(45) < probabilities
    found = interest_of(probabilities, labels)
    assert expected_calibration_error(labels, probabilities) > 0.1
    assert miscalibrated(found) is None


def test_the_toy_run_warns_of_its_probabilities_alone(trained):
    """So short a log calibrates within 0.15, which is more than 0.05."""
    (warning,) = trained.warnings
    assert "expected calibration error" in warning
    assert trained.report["details"]["warnings"] == [warning]


# === Texts that the encoder cannot read ===


def test_unread_texts():
    scripts = {"Han": 0.75, "Latin": 0.25}
    words = unread(TextReading(unknown_tokens=0.4, scripts=scripts))
    assert "does not know 40.0% of the tokens" in words
    assert "75% Han, 25% Latin" in words
    assert unread(TextReading(unknown_tokens=0.01, scripts=scripts)) is None
    assert unread(TextReading(unknown_tokens=None, scripts=scripts)) is None
    assert unread(None) is None
