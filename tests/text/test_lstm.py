"""Tests of tfrec.text.lstm."""

import keras
import numpy as np
import pytest

from tests.contracts.text_encoder import TEXTS, TextEncoderContract
from tfrec.errors import ConfigError
from tfrec.text.lstm import LstmEncoder
from tfrec.text.vocabulary import learn_vocabulary


def make_encoder():
    keras.utils.set_random_seed(0)
    return LstmEncoder(learn_vocabulary(TEXTS * 9, 60), dim=6, units=8, max_length=8)


class TestLstmEncoder(TextEncoderContract):
    def make_encoder(self):
        return make_encoder()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def slow_lstm(x, kernel, recurrent, bias):
    """Hidden states `[length, units]`; gates in Keras' order: i, f, candidate, o."""
    hidden = cell = np.zeros(len(recurrent))
    states = []
    for step in x:
        gates = np.split(step @ kernel + hidden @ recurrent + bias, 4)
        new = sigmoid(gates[0]) * np.tanh(gates[2])
        cell = sigmoid(gates[1]) * cell + new
        hidden = sigmoid(gates[3]) * np.tanh(cell)
        states.append(hidden)
    return np.array(states)


def test_agrees_with_numpy():
    """One text at a time, both directions, no padding anywhere."""
    encoder = make_encoder()
    table, *weights, kernel, bias = encoder.get_weights()
    expected = []
    for text in TEXTS:
        x = table[encoder.tokenizer([text])[0].numpy()[0]]
        means = [
            slow_lstm(x, *weights[:3]).mean(axis=0),
            slow_lstm(x[::-1], *weights[3:]).mean(axis=0),
        ]
        expected.append(np.concatenate(means) @ kernel + bias)
    np.testing.assert_allclose(encoder(TEXTS), expected, atol=1e-6)


@pytest.mark.parametrize("units", [0, 7])
def test_units_must_split_in_two(units):
    with pytest.raises(ConfigError, match=f"positive and even.*Received: {units}"):
        LstmEncoder(learn_vocabulary([], 9), 4, units, 8)
