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


class TestRulesThatSpeakOfNothing:
    """Checked against EVENTS, which has ratings from 2 to 5 and two other kinds."""

    def test_kinds_that_never_occur_are_named_with_the_near_miss(self):
        rules = FeedbackRules(
            positive=["rating>=4", "ratng>=4"],
            negative=["Skip"],
            event_weights={"purchase": 3, "skip": 2},
        )
        with pytest.raises(ConfigError) as caught:
            rules.check(EVENTS)
        words = str(caught.value)
        assert "`data.positive`: 'ratng>=4'. Did you mean `rating`?" in words
        assert "`data.negative`: 'Skip'. Did you mean `skip`?" in words
        assert "`data.event_weights`: 'purchase'. The log has" in words
        assert words.endswith("The log has `add to cart`, `rating`, `skip`.")

    def test_a_comparison_that_is_never_true_is_a_warning(self, caplog):
        FeedbackRules(positive=["rating>=40", "skip"]).check(EVENTS)
        (record,) = caplog.records
        assert record.getMessage() == (
            "`data.positive`: 'rating>=40' matches none of 3 events; the values of "
            "`rating` are from 2 to 5."
        )

    def test_what_matches_says_nothing(self, caplog):
        FeedbackRules(positive=["rating>=4"], event_weights={"skip": 0}).check(EVENTS)
        FeedbackRules().check(EVENTS)
        assert not caplog.text
