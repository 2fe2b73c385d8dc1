"""Tests of tfrec.inference.online_update."""

import numpy as np
import pytest

from tfrec.inference.online_update import update_interest

INTEREST = np.array([[1.0, 0.0]], "float32")
ITEM = np.array([[0.0, 2.0]], "float32")


def updated(reward, rate=0.5, max_norm=100.0, item=ITEM):
    return update_interest(INTEREST, item, [reward], [rate], max_norm).numpy()[0]


def test_by_hand():
    # theta . phi = 0, sigmoid 0.5: theta + 0.5 * (1 - 0.5) * phi = [1, 0.5]
    np.testing.assert_allclose(updated(1.0), [1.0, 0.5])
    np.testing.assert_allclose(updated(0.0), [1.0, -0.5])


def test_stays_within_its_bound():
    assert np.linalg.norm(updated(1.0, rate=1e6, max_norm=3.0)) == pytest.approx(3.0)


def test_unknown_item_changes_nothing():
    np.testing.assert_array_equal(updated(1.0, item=np.zeros_like(ITEM)), INTEREST[0])
