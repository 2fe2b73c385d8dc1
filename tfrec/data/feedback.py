"""Feedback rules: which events show interest and which show its absence."""

import difflib
import functools
import logging
import math
import operator
import re
from dataclasses import dataclass, field

import numpy as np

from tfrec.errors import ConfigError

logger = logging.getLogger(__name__)

DAY_S = 86_400
SHOWN = 12  # kinds of event that an error names
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
        half_life_days: an event this much older than the newest has half its weight;
            0 for none.

    Raises:
        ConfigError: a rule cannot be read or a weight is not a number from 0 on.

    Example:
        >>> FeedbackRules(positive=["rating>=4"], negative=["rating<=2", "skip"])
        FeedbackRules(positive=['rating>=4'], negative=['rating<=2', 'skip'], \
event_weights={}, half_life_days=0.0)
    """

    positive: list = field(default_factory=list)
    negative: list = field(default_factory=list)
    event_weights: dict = field(default_factory=dict)
    half_life_days: float = 0.0

    def __post_init__(self):
        for rule in [*self.positive, *self.negative]:
            parse_rule(rule)
        for event, weight in self.event_weights.items():
            if type(weight) not in (int, float) or not 0 <= weight < math.inf:
                raise ConfigError(
                    f"`data.event_weights.{event}` must be a number from 0 on, because "
                    f"the loss is multiplied by it. Received: {weight!r}."
                )

    def check(self, events, section="data"):
        """Sees to it that the rules and weights speak of a log's events.

        A comparison that is never true is a warning only: values come with time, and
        a young log may have no low rating yet.

        Args:
            events: `Events`, the whole log; a part of it may lack what others have.
            section: of the configuration that has the rules.

        Raises:
            ConfigError: kinds of event that never occur, all of them, or a half-life
                of events without times.
        """
        if self.half_life_days and not events.has_times:
            raise ConfigError(
                "`data.half_life_days` must be 0, because no event of the log has a "
                f"time. Received: {self.half_life_days}. Leave it out."
            )
        named = [(f"{section}.positive", rule) for rule in self.positive]
        named += [(f"{section}.negative", rule) for rule in self.negative]
        rules = [(key, rule, parse_rule(rule)[0]) for key, rule in named]
        rules += [("data.event_weights", event, event) for event in self.event_weights]
        _check_kinds(rules, events.frame["event"].unique().tolist())
        for key, rule in named:
            if not _matches_any([rule], events.frame).any():
                _warn_of(key, rule, events.frame)

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
        weights = weights.astype(np.float32).fillna(1).to_numpy()
        if not self.half_life_days:
            return weights
        times = events.frame["timestamp"].to_numpy()
        ages = (times.max() - times) / (self.half_life_days * DAY_S)
        return weights * np.float32(0.5) ** ages.astype(np.float32)


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


def _check_kinds(rules, kinds):
    """Raises for `(key, what it says, event)` whose event is none of the kinds."""
    absent = [
        f"`{key}`: {shown!r}.{_near_miss(event, kinds)}"
        for key, shown, event in rules
        if event not in kinds
    ]
    if absent:
        found = ", ".join(f"`{kind}`" for kind in sorted(kinds)[:SHOWN])
        more = ", ..." if len(kinds) > SHOWN else ""
        raise ConfigError(
            "Rules and weights must name events of the log, because they would change "
            f"nothing otherwise. Received, of no event: {' '.join(absent)} "
            f"The log has {found}{more}."
        )


def _near_miss(event, kinds):
    lower = {kind.lower(): kind for kind in kinds}
    close = difflib.get_close_matches(event.lower(), lower, n=1)
    return f" Did you mean `{lower[close[0]]}`?" if close else ""


def _warn_of(key, rule, frame):
    event, _, _ = parse_rule(rule)
    values = frame["value"][frame["event"] == event]
    logger.warning(
        "`%s`: %r matches none of %d events; the values of `%s` are from %g to %g.",
        key,
        rule,
        len(values),
        event,
        values.min(),
        values.max(),
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
