"""Tests of tfrec.data.feedback."""

import pandas as pd
import pytest

from tfrec.data.feedback import FeedbackRules
from tfrec.data.schema import Events
from tfrec.errors import ConfigError


def make_events(*pairs):
    names, values = zip(*pairs, strict=True)
    return Events(
        pd.DataFrame(
            {"user_id": "u", "item_id": "i", "timestamp": 1, "event": names}
        ).assign(value=values)
    )


EVENTS = make_events(
    ("rating", 5), ("rating", 3), ("rating", 2), ("add to cart", 1), ("skip", 1)
)


@pytest.mark.parametrize(
    ("positive", "negative", "labels"),
    [
        ([], [], [1, 1, 1, 1, 1]),
        ([], ["skip"], [1, 1, 1, 1, -1]),
        (["rating>=3"], ["rating <= 2", "skip"], [1, 1, -1, 0, -1]),
        (["rating > 3", "add to cart"], [], [1, 0, 0, 1, 0]),
        (["rating==3"], ["rating<3"], [0, 1, -1, 0, 0]),
        (["rating"], ["rating<=2"], [1, 1, -1, 0, 0]),  # both: negative
        (["purchase"], [], [0, 0, 0, 0, 0]),
    ],
)
def test_labels(positive, negative, labels):
    rules = FeedbackRules(positive=positive, negative=negative)
    assert rules.label(EVENTS).tolist() == labels
    assert rules.label(EVENTS).dtype == "int8"


def test_a_threshold_is_compared_as_the_values_are_stored():
    events = make_events(("rating", 4.2), ("rating", 4.1))
    assert FeedbackRules(positive=["rating>=4.2"]).label(events).tolist() == [1, 0]


def test_weights():
    rules = FeedbackRules(event_weights={"rating": 0.5, "skip": 0})
    assert rules.weights(EVENTS).tolist() == [0.5, 0.5, 0.5, 1, 0]
    assert FeedbackRules().weights(EVENTS).tolist() == [1] * 5


@pytest.mark.parametrize(
    "rule", ["", "rating>=", "rating=>4", ">=4", "a>b", "x>=1>2", 4]
)
def test_a_bad_rule_is_shown(rule):
    with pytest.raises(
        ConfigError, match="must read `event` or `event>=number`"
    ) as info:
        FeedbackRules(positive=[rule])
    assert repr(rule) in str(info.value)


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), "2", True])
def test_a_bad_weight_is_named(weight):
    with pytest.raises(ConfigError, match="`data.event_weights.view` must be a number"):
        FeedbackRules(event_weights={"view": weight})
