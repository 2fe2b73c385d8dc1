"""What a run makes of logs that once misled it."""

import numpy as np
import pandas as pd
import pytest

from tests.toy_log import toy_config, toy_events, write_table
from tfrec.config import load_config
from tfrec.errors import TrainingError
from tfrec.training.run import run
from tfrec.training.trainer import Recipe

NUM_REFUSED = 121


@pytest.fixture
def shop(tmp_path):
    """`Config` of a log whose button `hide` is new: only the test part has it."""
    log = toy_events()
    hidden = log.iloc[-NUM_REFUSED:].assign(event="hide")
    hidden["timestamp"] += 1
    hidden["item_id"] = np.roll(hidden["item_id"], 1)
    folder = tmp_path / "data"
    folder.mkdir()
    write_table(pd.concat([log, hidden]), folder / "events.csv")
    return load_config(
        overrides=toy_config(
            tmp_path,
            folder,
            'data.negative=["hide"]',
            "model.text_encoder=none",
            "train.max_epochs=1",
            "evaluation.baselines=false",
            "export.index=none",
        )
    )


def test_refusals_of_the_test_are_known_before_calibration(shop, monkeypatch):
    told = []

    def choose(recipe, interactions, negatives):
        told.append(negatives)
        raise TrainingError("far enough")

    monkeypatch.setattr(Recipe, "choose", choose)
    with pytest.raises(TrainingError, match="far enough"):
        run(shop)
    assert told == [{"test": NUM_REFUSED}]


@pytest.mark.slow
def test_calibration_and_report_use_the_same_kind_of_zeros(shop):
    done = run(shop)
    assert done.report["interest"]["zeros"] == "drawn at random"
    assert done.report["details"]["training"]["labels"] == {
        "zeros": "drawn at random",
        "explicit_negatives": {"validation": 0, "test": NUM_REFUSED},
        "calibrated_on": {"positive": 232, "negative": 232},
    }
    words = "too few: 0 in validation, 121 in test, and each part needs 100"
    assert any(words in warning for warning in done.warnings)
