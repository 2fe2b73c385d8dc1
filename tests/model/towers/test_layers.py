"""Every layer of the towers comes back from its configuration, as JSON too."""

import json

import keras
import pytest

from tfrec.towers.candidate_tower import CandidateTower
from tfrec.towers.history_encoder import (
    AttentionBlock,
    AttentionHistoryEncoder,
    LstmHistoryEncoder,
    RelativeBias,
)
from tfrec.towers.interest_head import InterestHead
from tfrec.towers.query_tower import QueryTower, Readout
from tfrec.towers.time_features import TimeOfAsking
from tfrec.towers.two_tower import TwoTower

LAYERS = {
    "candidate tower": lambda: CandidateTower(4, 3, 2, 0.5, 0.1),
    "attention block": lambda: AttentionBlock(4, 2, 0.1),
    "attention": lambda: AttentionHistoryEncoder(4, 2, 2, 0.1),
    "lstm": lambda: LstmHistoryEncoder(4, 2, 0.1),
    "relative bias": lambda: RelativeBias(3),
    "interest head": lambda: InterestHead(5),
    "query tower": lambda: QueryTower(
        4, LstmHistoryEncoder(4, 1, 0.2), [True, False], ["time"], 0.1
    ),
    "readout": lambda: Readout(4),
    "time of asking": lambda: TimeOfAsking(4),
    "two towers": lambda: TwoTower(embedding_dim=8, bm25_k1=0.5, repeats="never"),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_a_layer_comes_back_from_its_configuration(make):
    layer = make()
    stored = json.dumps(keras.saving.serialize_keras_object(layer))
    copy = keras.saving.deserialize_keras_object(json.loads(stored))
    assert type(copy) is type(layer)
    assert json.dumps(keras.saving.serialize_keras_object(copy)) == stored
