"""Tests of tfrec.text.prefixed."""

import numpy as np
import pytest

from tests.contracts.text_encoder import TEXTS, TextEncoderContract
from tests.text.test_bert import make_tiny
from tfrec.config import TextConfig
from tfrec.text.prefixed import PrefixedEncoder, with_prefixes


class TestPrefixedEncoder(TextEncoderContract):
    test_long_text_is_cut = None  # later than that: the prefix takes a place

    def make_encoder(self):
        return PrefixedEncoder(make_tiny(), "film ")


@pytest.fixture(scope="module")
def encoder():
    return make_tiny()


def test_a_prefix_stands_before_each_text(encoder):
    prefixed = PrefixedEncoder(encoder, "film: ")
    expected = encoder([f"film: {text}" for text in TEXTS])
    np.testing.assert_allclose(prefixed(TEXTS), expected, atol=1e-6)
    assert prefixed.fingerprint != PrefixedEncoder(encoder, "a ").fingerprint


def test_items_and_queries_share_the_weights(encoder):
    config = TextConfig(query_prefix="query: ", item_prefix="passage: ")
    of_items, of_queries = with_prefixes(encoder, None, config)
    assert (of_items.prefix, of_queries.prefix) == ("passage: ", "query: ")
    assert of_items.encoder is of_queries.encoder is encoder
    variables = {id(v) for v in [*of_items.variables, *of_queries.variables]}
    assert variables == {id(v) for v in encoder.variables}


def test_two_encoders_stay_two(encoder):
    other = make_tiny()
    found = with_prefixes(encoder, other, TextConfig(query_prefix="query: "))
    assert [each.encoder for each in found] == [encoder, other]


def test_without_prefixes_nothing_changes(encoder):
    assert with_prefixes(encoder, None, TextConfig()) == (encoder, None)
    assert with_prefixes(None, None, TextConfig(item_prefix="a")) == (None, None)
