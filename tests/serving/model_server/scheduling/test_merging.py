"""Tests of merged requests: what each gets is what it gets alone."""

import random

import numpy as np
import pytest

from serving.model_server.scheduling.merging import (
    MergeError,
    can_merge,
    merge,
    merge_key,
    split,
)
from tfrec.protocol.signature import Signature, TensorSpec

IDS = ["a", "b", "c", "d", "e", "café", "new"]


def random_request(rng, signature_name):
    """Some optional inputs, some width, one to three rows."""
    size = rng.randint(1, 3)

    def ids(width):
        rows = [[rng.choice(IDS) for _ in range(width)] for _ in range(size)]
        return np.array(rows, object).reshape(size, width)

    width = rng.randint(0, 4)
    inputs = {"user_text": np.array([rng.choice(IDS) for _ in range(size)], object)}
    optional = {
        "history_item_ids": ids(width),
        "history_values": np.full((size, width), rng.random(), "float32"),
        "history_timestamps": np.full((size, width), rng.randint(0, 9), "int64"),
        "now": np.full(rng.choice([1, size]), 86_400, "int64"),
    }
    if signature_name == "recommend":
        optional["k"] = np.array([rng.randint(1, 9) for _ in range(size)], "int32")
        optional["exclude_item_ids"] = ids(rng.randint(1, 3))
    else:
        inputs["candidate_item_ids"] = ids(rng.randint(1, 3))
    with_history = rng.random() < 0.7
    for name, value in optional.items():
        if with_history if name.startswith("history") else rng.random() < 0.5:
            inputs[name] = value
    return inputs


@pytest.mark.parametrize("name", ["recommend", "score_interest", "explain"])
def test_merged_is_as_alone(servable, name):
    rng = random.Random(0)
    signature = servable.artefact.signatures[name]
    groups = {}
    for _ in range(24):
        inputs = random_request(rng, name)
        groups.setdefault(merge_key(signature, inputs), []).append(inputs)
    if name == "recommend":
        assert len(groups) == 1  # nothing there keeps requests apart
    assert any(len(requests) > 1 for requests in groups.values())
    for requests in groups.values():
        sizes = [servable.check(name, inputs)[1] for inputs in requests]
        together = servable.run(name, merge(signature, requests, sizes))
        answers = split(signature, together, requests, sizes)
        for inputs, answer in zip(requests, answers, strict=True):
            assert_equal(answer, servable.run(name, inputs))


def assert_equal(found, expected):
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert found[name].shape == array.shape
        if array.dtype == object:
            assert found[name].tolist() == array.tolist()
        else:
            np.testing.assert_allclose(found[name], array, rtol=1e-5)


def test_padding_is_the_default_of_the_input():
    """By hand: `x` is padded with its default 7; the second request has none."""
    signature = Signature(
        {"x": TensorSpec("int32", (-1, -1))},
        {"y": TensorSpec("int32", (-1,))},
        {"x": np.array([[7]], "int32")},
    )
    requests = [{"x": np.array([[1, 2, 3]], "int32")}, {}, {"x": np.array([[4]])}]
    merged = merge(signature, requests, [1, 2, 1])
    assert merged["x"].tolist() == [[1, 2, 3], [7, 7, 7], [7, 7, 7], [4, 7, 7]]


def test_without_a_padding_only_equal_widths_are_merged():
    signature = Signature(
        {"x": TensorSpec("int32", (-1, -1)), "y": TensorSpec("float32", (-1, 2))},
        {"z": TensorSpec("int32", (-1,))},
        {},
    )
    wide, narrow = np.zeros((1, 3), "int32"), np.zeros((5, 2), "int32")
    pair = np.zeros((1, 2), "float32")
    first = merge_key(signature, {"x": wide, "y": pair})
    assert first == merge_key(signature, {"x": wide + 1, "y": pair})
    assert first != merge_key(signature, {"x": narrow, "y": pair})


def test_what_has_no_batch_is_not_merged(servable):
    assert can_merge(servable.artefact.signatures["recommend"])
    scalar = Signature({"x": TensorSpec("int32", ())}, {}, {})
    assert not can_merge(scalar)


def test_an_output_that_k_does_not_cut(servable):
    signature = servable.artefact.signatures["recommend"]
    requests = [{"k": np.array([2], "int32")}, {"k": np.array([3], "int32")}]
    with pytest.raises(MergeError, match="`scores` is not as wide as the largest `k`"):
        split(signature, {"scores": np.zeros((2, 6))}, requests, [1, 1])
