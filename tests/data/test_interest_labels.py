"""Tests of rules for probabilities alone: lists learn from other labels."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tfrec.config import from_dict
from tfrec.data.windows import training_windows
from tfrec.errors import ConfigError, DataError
from tfrec.linear.rating_factors import RatingFactorsScorer
from tfrec.training.calibration import explicit_negatives, labelled_pairs
from tfrec.training.log import load_run_data

RULES = {"positive": ["rating>=4"], "negative": ["rating<=2"]}


@pytest.fixture
def folder(tmp_path):
    """60 users who rate 10 items each, from 1 to 5."""
    users, places = np.divmod(np.arange(600), 10)
    frame = pd.DataFrame(
        {
            "user_id": users,
            "item_id": places,
            "timestamp": 1000 + places * 100 + users,
            "event": "rating",
            "value": 1 + (users + places) % 5,
        }
    )
    frame.to_csv(tmp_path / "events.csv", index=False)
    return tmp_path


def read(folder, interest=None, **data):
    data |= {"folder": str(folder)}
    return load_run_data(from_dict({"data": data, "interest": interest or {}}))


def test_lists_and_probabilities_have_labels_of_their_own(folder):
    log = read(folder, RULES).interactions
    assert (log.labels == 1).all()
    expected = np.select([log.values >= 4, log.values <= 2], [1, -1])
    np.testing.assert_array_equal(log.interest_labels, expected)
    np.testing.assert_array_equal(log.labelled_by_interest().labels, expected)
    some = log.values > 2
    kept = log.select(some)
    np.testing.assert_array_equal(kept.interest_labels, expected[some])
    plain = read(folder).interactions
    assert plain.interest_labels is None
    assert plain.labelled_by_interest() is plain


def test_pairs_are_of_interest(folder):
    log = read(folder, RULES).interactions
    late = log.timestamps >= np.quantile(log.timestamps, 0.5)
    pairs = labelled_pairs(log, late, 0, allow_repeats=False, is_explicit=True)
    refused = (late & (log.values <= 2)).sum()
    assert pairs.counts == ((late & (log.values >= 4)).sum(), refused)
    assert explicit_negatives(log, late, 0, False) == refused
    plain = read(folder).interactions
    assert explicit_negatives(plain, late, 0, False) == 0


def test_rating_factors_learn_from_them(folder):
    assert RatingFactorsScorer().can_learn(read(folder, RULES).interactions)
    assert not RatingFactorsScorer().can_learn(read(folder).interactions)


def test_windows_have_both(folder):
    log = read(folder, RULES).interactions
    batch = next(
        iter(training_windows(log, length=4, batch_size=8, seed=0, allow_repeats=False))
    )
    is_target = batch["target_weights"].numpy() > 0
    values = batch["values"].numpy()[is_target]
    expected = np.select([values >= 4, values <= 2], [1, -1])
    found = batch["interest_labels"].numpy()
    np.testing.assert_array_equal(found[is_target], expected)
    assert (batch["labels"].numpy()[is_target] == 1).all()
    assert not found[batch["item_rows"].numpy() < 0].any()


def test_wrong_rules(folder):
    with pytest.raises(ConfigError, match=r"`interest\.negative`: 'ratings'\. Did you"):
        read(folder, {"negative": ["ratings"]})
    log = read(folder, RULES).interactions
    with pytest.raises(DataError, match="`interest_labels` must be as long"):
        dataclasses.replace(log, interest_labels=log.interest_labels[:3])
