"""Rules in sentences, for those who write them."""

import functools
import pathlib
from collections.abc import Iterator

from serving.rules.kinds import (
    BoostRule,
    FreshnessRule,
    ImpressionRule,
    LabelRule,
    ListRule,
    Occasion,
    PinRule,
    PreferRule,
    QuotaRule,
    RuleBook,
)
from tfrec.client.item_table import read_item_table
from tfrec.data.domains import labels
from tfrec.export.version_folders import version_folder

ITEMS_FILE = "assets.extra/items.parquet"  # of a version folder


class KnownItems:
    """Titles and labels of a catalogue.

    Args:
        titles: item id -> title.
        labels: item id -> labels, `|` between.
    """

    def __init__(self, titles: dict[str, str], labels: dict[str, str]):
        self.titles = titles
        self._labels = [frozenset(each.split("|")) for each in labels.values()]

    @classmethod
    def of(cls, model: pathlib.Path) -> "KnownItems":
        """Those of the newest version in a model's folder.

        Raises:
            ArtefactError, DataError: there is none, or its table is broken.
        """
        path = version_folder(model) / ITEMS_FILE
        table = read_item_table(path, "category", "domain")
        ids = table["item_id"]
        blank = [""] * len(ids)
        pairs = zip(
            table.get("category", blank), table.get("domain", blank), strict=True
        )
        of_items = [labels(*pair) for pair in pairs]
        titles = dict(zip(ids, table["title"], strict=True))
        return cls(titles, dict(zip(ids, of_items, strict=True)))

    def count(self, wanted: tuple[str, ...]) -> int:
        """How many items have any of some labels."""
        return sum(not own.isdisjoint(wanted) for own in self._labels)

    def has(self, label: str) -> bool:
        """Whether any item has a label."""
        return self.count((label,)) > 0


def describe(book: RuleBook, now: int, items: KnownItems | None) -> Iterator[str]:
    """A line for each rule and arm, and for what is odd.

    Args:
        book: the rules.
        now: UTC seconds of a request.
        items: of the catalogue, None if it is not known.
    """
    yield f"Version {book.version}, {len([*book.every_rule()])} rules."
    for arm in book.arms:
        yield (
            f"Arm {arm.name} of the experiment {book.experiment}: "
            f"{arm.share:.1%} of the people."
        )
    for rule in book.every_rule():
        when = rule.when
        occasion = Occasion(now, frozenset({when.domain}), when.arm)
        state = "" if when.holds(occasion) else " It does not hold at this time."
        effect = f"{_effect(rule)}{_found(rule, items)}."
        yield f'"{rule.name}"{_to_whom(rule)}: {effect}{state}'
    if items:
        for label in sorted(book.labels()):
            if not items.has(label):
                yield f"Warning: no item of the catalogue has the label {label}."


def _to_whom(rule: ListRule) -> str:
    words = [f"arm {rule.when.arm}"] if rule.when.arm else []
    words += [f"lists of the domain {rule.when.domain}"] if rule.when.domain else []
    return f" ({', '.join(words)})" if words else ""


@functools.singledispatch
def _effect(rule: ListRule) -> str:
    """What a rule does."""
    raise TypeError(f"There is no such rule: {type(rule).__name__}.")


@_effect.register
def _(rule: BoostRule) -> str:
    return f"{rule.value:+g} on the score of {_named(rule)}"


@_effect.register
def _(rule: PinRule) -> str:
    return f"item {rule.item} at place {rule.place}"


@_effect.register
def _(rule: QuotaRule) -> str:
    bounds = [f"at least {rule.at_least}"] if rule.at_least else []
    bounds += [f"at most {rule.at_most}"] if rule.at_most is not None else []
    return f"{' and '.join(bounds)} of the first {rule.places} items: {_named(rule)}"


@_effect.register
def _(rule: PreferRule) -> str:
    return f"first {_named(rule)}"


@_effect.register
def _(rule: FreshnessRule) -> str:
    return (
        f"{rule.weight:+g} on the score of a new item, half of it after "
        f"{rule.half_life_hours:g} hours"
    )


@_effect.register
def _(rule: ImpressionRule) -> str:
    return (
        f"{-rule.discount:g} on the score for each time beyond {rule.free} that an "
        f"item was shown in {rule.window_hours:g} hours"
    )


def _named(rule: LabelRule) -> str:
    return " or ".join(rule.labels)


def _found(rule: ListRule, items: KnownItems | None) -> str:
    if items is None:
        return ""
    if isinstance(rule, PinRule):
        known = rule.item in items.titles
        return f", {items.titles[rule.item]}" if known else ", which is not there"
    if isinstance(rule, LabelRule):
        return f", {items.count(rule.labels)} of {len(items.titles)} items"
    return ""
