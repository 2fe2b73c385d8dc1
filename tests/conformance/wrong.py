"""Tensors that no server computes: the same code from each, whatever the words.

`tests/export/test_c_api.py` holds the same table against TensorFlow's own session,
which is what tensorflow_model_server calls.
"""

import numpy as np

from tests.conformance.asking import strings


def int32(*values):
    """A vector of `k`s."""
    return np.array(values, "int32")


ONE = strings("")
WRONG_TENSORS = {  # name: (signature, inputs)
    "dtype of a text": ("recommend", {"user_text": np.zeros(1, "float32")}),
    "dtype of a number": ("recommend", {"user_text": ONE, "k": np.array([3])}),
    "rank too high": ("recommend", {"user_text": strings([""])}),
    "rank too low": ("recommend", {"user_text": np.array("", object)}),
    "rank of a history": (
        "recommend",
        {"user_text": ONE, "history_item_ids": strings("a")},
    ),
    "rank of a number": ("recommend", {"user_text": ONE, "k": int32(3)[None]}),
    "fewer rows than the batch": (
        "recommend",
        {"user_text": strings("", "", ""), "k": int32(3, 4)},
    ),
    "more rows than the batch": ("recommend", {"user_text": ONE, "k": int32(3, 4)}),
    "columns that do not belong together": (
        "recommend",
        {
            "user_text": ONE,
            "history_item_ids": strings(["a", "b"]),
            "history_events": strings(["view", "view", "view"]),
        },
    ),
    "nothing asked for": ("recommend", {"user_text": ONE, "k": int32(0)}),
    "less than nothing asked for": ("recommend", {"user_text": ONE, "k": int32(-5)}),
    "a number that would fill the memory": (
        "recommend",
        {"user_text": ONE, "k": int32(2**30)},
    ),
    "an interest of another size": (
        "recommend_from_interest",
        {"interest": np.zeros((1, 1), "float32")},
    ),
}
