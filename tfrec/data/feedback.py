"""Feedback rules: which events show interest and which show its absence."""

import functools
import math
import operator
import re
from dataclasses import dataclass, field

import numpy as np

from tfrec.errors import ConfigError

COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
RULE = re.compile(r"\s*([^<>=]*[^<>=\s])\s*(?:(>=|<=|==|>|<)\s*([^<>=\s]+)\s*)?")


@dataclass(frozen=True, kw_only=True)
class FeedbackRules:
    """What counts as positive and as negative, and how much.

    Attributes:
        positive: rules such as `"purchase"` or `"rating>=4"`; with none, every
            event that is not negative is positive.
        negative: rules; an event that is both is negative.
        event_weights: event -> weight in the loss, 1 where it is not given.

    Raises:
        ConfigError: a rule cannot be read or a weight is not a number from 0 on.

    Example:
        >>> FeedbackRules(positive=["rating>=4"], negative=["rating<=2", "skip"])
        FeedbackRules(positive=['rating>=4'], negative=['rating<=2', 'skip'], \
event_weights={})
    """

    positive: list = field(default_factory=list)
    negative: list = field(default_factory=list)
    event_weights: dict = field(default_factory=dict)

    def __post_init__(self):
        for rule in [*self.positive, *self.negative]:
            parse_rule(rule)
        for event, weight in self.event_weights.items():
            if type(weight) not in (int, float) or not 0 <= weight < math.inf:
                raise ConfigError(
                    f"`data.event_weights.{event}` must be a number from 0 on, because "
                    f"the loss is multiplied by it. Received: {weight!r}."
                )

    def label(self, events):
        """`[n]` int8: 1 for positive, -1 for negative, 0 for neither."""
        is_positive = _matches_any(self.positive, events.frame)
        if not self.positive:
            is_positive = np.ones(len(events), bool)
        labels = is_positive.astype(np.int8)
        labels[_matches_any(self.negative, events.frame)] = -1
        return labels

    def weights(self, events):
        """`[n]` float32: weight of each event in the loss."""
        weights = events.frame["event"].map(self.event_weights)
        return weights.astype(np.float32).fillna(1).to_numpy()


@functools.cache
def parse_rule(rule):
    """`(event, comparison, value)` of a rule; the last two are None for a bare event.

    Raises:
        ConfigError: it does not read `event` or `event>=number`.
    """
    match = RULE.fullmatch(rule) if isinstance(rule, str) else None
    if match:
        event, sign, number = match.groups()
        if sign is None:
            return event, None, None
        try:
            return event, COMPARISONS[sign], float(number)
        except ValueError:
            pass
    raise ConfigError(
        "A feedback rule must read `event` or `event>=number` (>=, <=, ==, >, <). "
        f"Received: {rule!r}."
    )


def _matches_any(rules, frame):
    matches = np.zeros(len(frame), bool)
    for rule in rules:
        event, comparison, value = parse_rule(rule)
        is_event = (frame["event"] == event).to_numpy(copy=True)
        if comparison:
            is_event &= comparison(frame["value"].to_numpy(), value)
        matches |= is_event
    return matches
