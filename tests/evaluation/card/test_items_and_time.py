"""Tests of tfrec.evaluation.card.exposure and time_sensitivity."""

import dataclasses

import numpy as np
import pytest

from tests.evaluation.card.subjects import make_subject
from tfrec.evaluation.card.exposure import item_exposure
from tfrec.evaluation.card.time_sensitivity import (
    drift_of_taste,
    time_sensitivity,
)
from tfrec.evaluation.divergence import jensen_shannon

SHOWN = np.array([[2, 3], [2, 3], [1, -1]])


def test_exposure_of_categories_by_hand():
    found = item_exposure(make_subject(), SHOWN, SHOWN, samples=20)["category"]
    groups = {each["group"]: each for each in found["groups"]}
    second = 1 / np.log2(3)
    total = 2 * (1 + second) + 1
    # Item 1 is of a and b, half and half; item 2 of b; item 3 of c.
    expected = {"a": 0.5, "b": 2.5, "c": 2 * second, "no category": 0.0}
    for name, exposed in expected.items():
        assert groups[name]["exposure"]["mean"] == pytest.approx(exposed / total)
    # Right are items 2, 3, 1 and 4: b; c; a and b; c.
    shares = [groups[name]["relevance"] for name in ("a", "b", "c")]
    np.testing.assert_allclose(shares, [0.125, 0.375, 0.5])
    shares = [groups[name]["catalogue"] for name in expected]
    np.testing.assert_allclose(shares, [1.5 / 6, 1.5 / 6, 2 / 6, 1 / 6])


def test_exposure_of_thirds_by_popularity():
    found = item_exposure(make_subject(), SHOWN, SHOWN, samples=20)["popularity"]
    # Items 2, 1 and 0 have 1, 2 and 3 events; the others none.
    assert [each["num_items"] for each in found["groups"]] == [1, 1, 1, 3]
    assert found["groups"][2]["exposure"]["mean"] == 0  # item 0 is never shown
    apart = [abs(g["exposure"]["mean"] - g["relevance"]) for g in found["groups"]]
    assert found["distance"] == pytest.approx(sum(apart) / 2)


def test_no_categories():
    subject = make_subject(categories=[""] * 6)
    assert set(item_exposure(subject, SHOWN, SHOWN, 20)) == {"popularity"}


def test_lists_of_nothing():
    nothing = np.full((3, 2), -1)
    found = item_exposure(make_subject(), nothing, nothing, samples=20)["popularity"]
    assert found["distance"] is None
    assert found["groups"][0]["exposure"] is None


def test_jensen_shannon_by_hand():
    one = np.array([[1.0, 0], [2, 2], [1, 0], [0, 0]])
    other = np.array([[0.0, 3], [5, 5], [1, 1], [1, 0]])
    # (1, 0) and (1/2, 1/2), whose middle is (3/4, 1/4).
    p = np.log2(4 / 3)
    q = 0.5 * np.log2(2 / 3) + 0.5 * np.log2(2)
    expected = [1, 0, (p + q) / 2, np.nan]
    np.testing.assert_allclose(jensen_shannon(one, other), expected, atol=1e-12)


def drifting():
    """User 0 goes from a to c, user 1 stays with c, user 2 has too few events."""
    rows = [(0, item, time) for time, item in enumerate([0, 0, 3, 4], start=1)]
    rows += [(1, item, time) for time, item in enumerate([3, 4, 3, 4], start=1)]
    return make_subject([*rows, (2, 0, 1), (2, 1, 2)])


def test_drift_by_hand():
    np.testing.assert_allclose(drift_of_taste(drifting()), [1, 0, np.nan], atol=1e-12)


def test_slices_by_age():
    subject = make_subject()
    asked = np.array([60, 7200, 40 * 86_400])
    split = dataclasses.replace(
        subject.split, queries=dataclasses.replace(subject.queries, timestamps=asked)
    )
    subject = dataclasses.replace(subject, split=split)
    values = {"ours": np.array([0.1, 0.2, 0.3])}
    found = time_sensitivity(subject, values, samples=20)
    slices = {e["slice"]: e["models"]["ours"]["mean"] for e in found["age"]}
    assert slices == {
        "less than an hour": 0.1,
        "up to a day": 0.2,
        "more than 30 days": 0.3,
    }
    assert "drift" not in found  # histories of two events


def test_a_log_without_times():
    subject = make_subject([(0, row, 0) for row in range(5)])
    assert time_sensitivity(subject, {"ours": np.zeros(1)}, samples=20) == {}
