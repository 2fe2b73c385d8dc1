"""Tests of tfrec.export.signatures."""

import pytest
import tensorflow as tf

from tfrec.export.signatures import INPUTS, signatures, takes_fresh


@tf.function
def count(**inputs):
    """How many new items it is called with; -1 if it knows of none."""
    new = inputs.get("fresh_item_ids")
    return {"count": tf.constant(-1) if new is None else tf.size(new)}


@pytest.mark.parametrize(("new", "expected"), [((), -1), (("fresh_item_ids",), 2)])
def test_functions_of_older_versions_are_called_without_new_items(new, expected):
    """As `explain` was saved when it did not know them."""
    names = (*INPUTS["embed_candidate"], *new)
    specs = {name: tf.TensorSpec([None], tf.string, name) for name in names}
    function = count.get_concrete_function(**specs)
    assert takes_fresh(function) == bool(new)
    tier = {"fresh_item_ids": tf.constant(["a", "b"])}
    made = signatures(dict.fromkeys(INPUTS, function), tier)["embed_candidate"]
    assert made(tf.constant(["a title"]))["count"] == expected
