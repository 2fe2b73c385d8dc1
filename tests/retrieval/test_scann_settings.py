"""Tests of tfrec.retrieval.scann_settings and tfrec.retrieval.tuning."""

import numpy as np
import pytest

from tfrec.errors import ArtefactError
from tfrec.retrieval.scann_settings import check_memory, common_norm, scann_settings
from tfrec.retrieval.tuning import tune


@pytest.mark.parametrize(
    ("num_candidates", "num_leaves"),
    [(20_000, 141), (100_000, 316), (1_000_000, 1000)],
)
def test_leaves_by_size(num_candidates, num_leaves):
    """The root of the catalogue's size, rounded down."""
    assert scann_settings(num_candidates, 64).num_leaves == num_leaves


def test_fewer_points_than_leaves_cannot_happen():
    """An error in ScaNN; a small catalogue has no leaves at all (scann 1.4.2)."""
    for num_candidates in [1, 15, 999, 1000]:
        settings = scann_settings(num_candidates, 8)
        assert settings.num_leaves**2 <= num_candidates
    assert scann_settings(999, 8).num_leaves == 0


def test_anisotropic_only_for_a_common_norm():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(100, 8))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert common_norm(vectors) is None
    assert common_norm(np.zeros((3, 2))) is None
    # 0.2 of the norm, which is 3 here
    settings = scann_settings(5000, 8, common_norm=common_norm(3 * unit))
    assert settings.anisotropic_threshold == pytest.approx(0.6)
    assert settings.dims_per_block == 2
    assert scann_settings(5000, 8).anisotropic_threshold is None
    assert scann_settings(5000, 8).dims_per_block == 1


def test_too_little_memory_is_refused_before_building():
    """1000 x 100 floats are 0.4 MB; seven times that is 2.67 MiB."""
    words = r"1000 candidates x 100 dim.*needs about 3 MiB.*1 MiB of free memory.*exact"
    with pytest.raises(ArtefactError, match=words):
        check_memory(1000, 100, available_bytes=2**20)
    check_memory(1000, 100, available_bytes=2**22)


class FakeIndex:
    """Finds the first `found(leaves, reorder)` share of the true rows."""

    def __init__(self, num_queries, found):
        self.true_rows = np.tile(np.arange(10), (num_queries, 1))
        self.found = found
        self.trials = []

    def search(self, queries, depth, leaves, reorder):
        self.trials.append((queries, leaves, reorder))
        missing = round(depth * (1 - self.found(queries, leaves, reorder)))
        rows = self.true_rows[queries].copy()
        rows[:, depth - missing :] = -1
        return rows[:, :depth]


def test_tuning_raises_leaves_then_lowers_reordering():
    """10 of 20 leaves are needed; the ladders go 9 11 and 60 70, then are trimmed."""

    def found(_, leaves, reorder):
        return 1.0 if leaves >= 10 and reorder >= 65 else 0.5

    index = FakeIndex(20, found)
    (level,) = tune(index.search, index.true_rows, 20, 1000, target=0.9)
    assert (level.depth, level.leaves, level.reorder) == (10, 10, 65)
    assert level.recall == 1.0


def test_tuning_reorders_far_where_codes_are_coarse():
    """1000 of 20 000 candidates: beyond 32 a result, and far from all of them."""
    index = FakeIndex(20, lambda _, leaves, reorder: 1.0 if reorder >= 1000 else 0.5)
    (level,) = tune(index.search, index.true_rows, 141, 20_000, target=0.9)
    assert level.leaves == 1
    assert level.reorder == 1000


def test_tuning_goes_on_until_held_out_queries_agree():
    """The choosing half is content with 1 leaf, the held-out half wants 5."""

    def found(queries, leaves, _):
        return 1.0 if queries.start == 0 or leaves >= 5 else 0.6

    index = FakeIndex(20, found)
    (level,) = tune(index.search, index.true_rows, 100, 1000, target=0.9)
    assert level.leaves == 5  # 1 2 3 4 5
    assert level.recall == 1.0


def test_an_unreachable_target_ends_at_the_whole_index():
    index = FakeIndex(4, lambda *_: 0.5)
    (level,) = tune(index.search, index.true_rows, 7, 300, target=0.9)
    assert (level.leaves, level.reorder, level.recall) == (7, 300, 0.5)
