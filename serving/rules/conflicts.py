"""Rules that cannot hold together."""

import itertools
from collections.abc import Iterator

from serving.rules.kinds import PinRule, QuotaRule, RuleBook


def conflicts(book: RuleBook) -> list[str]:
    """What is wrong with rules that are each right by itself, in sentences."""
    problems = [problem for rule in book.quotas for problem in _of_quota(rule)]
    for first, second in itertools.combinations(book.pins, 2):
        if first.when.overlaps(second.when):
            problems += _of_pins(first, second)
    for least, most in itertools.product(book.quotas, repeat=2):
        if least.when.overlaps(most.when):
            problems += _of_quotas(least, most)
    return problems


def _of_pins(first: PinRule, second: PinRule) -> Iterator[str]:
    names = f'"{first.name}" and "{second.name}"'
    if first.place == second.place:
        yield (
            f"{names} pin two items at place {first.place}, and both can hold at the "
            "same time. Give them different places, or times apart."
        )
    elif first.item == second.item:
        yield (
            f"{names} pin item {first.item!r} at two places, and both can hold at the "
            "same time. An item comes once."
        )


def _of_quota(rule: QuotaRule) -> Iterator[str]:
    if rule.at_most is None and not rule.at_least:
        yield (
            f'"{rule.name}": `at_most` or `at_least` must be given, because it changes '
            "nothing otherwise."
        )
    if rule.at_least > rule.places:
        yield (
            f'"{rule.name}": `at_least` must be at most `places`, {rule.places}. '
            f"Received: {rule.at_least}."
        )


def _of_quotas(least: QuotaRule, most: QuotaRule) -> Iterator[str]:
    """Of one that asks for more than another allows, in no more places."""
    if most.at_most is None or set(least.labels) - set(most.labels):
        return
    if least.at_least > most.at_most and least.places <= most.places:
        yield (
            f'"{least.name}" asks for at least {least.at_least} where "{most.name}" '
            f"allows at most {most.at_most}, and both can hold at the same time."
        )
