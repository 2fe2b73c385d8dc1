"""The feature columns of a log: of its items, its users and its events."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from tfrec.data.coded_columns import CodedColumns, code_columns
from tfrec.data.item_texts import join_texts
from tfrec.data.schema import Dataset, with_commas, without_gaps
from tfrec.feature_columns import SIDE_OF, FeatureColumn, FeaturesConfig


@dataclass(frozen=True, eq=False)
class LogFeatures:
    """Feature columns in the rows of an `Interactions`.

    Attributes:
        items: of each item.
        users: of each user, but for times.
        context: of each event: what was known when it happened. The times of users are
            among them, as ages at that moment.
        words: `FeatureColumn`s that are part of the texts of items and profiles.
    """

    items: CodedColumns
    users: CodedColumns
    context: CodedColumns
    words: tuple[FeatureColumn, ...] = ()

    @classmethod
    def none(cls, interactions) -> LogFeatures:
        """Those of `Interactions` without any."""
        return cls(
            items=CodedColumns.none(interactions.num_items),
            users=CodedColumns.none(interactions.num_users),
            context=CodedColumns.none(len(interactions)),
        )

    def select(self, mask) -> LogFeatures:
        """The same of some events."""
        return dataclasses.replace(self, context=self.context.take(mask))


def log_features(dataset: Dataset, features: FeaturesConfig, user_ids, events):
    """The `LogFeatures` of a data set.

    Args:
        dataset: with these columns.
        features: which they are.
        user_ids: `[num_users]` array, in the order of their rows.
        events: frame of the events, in the order of theirs.

    Raises:
        DataError: vectors of a column differ in width.
    """
    of_items = [c for c in features.columns("items") if c.uses & {"towers", "filter"}]
    of_users = features.used_for("towers", "users")
    ages = [column for column in of_users if column.kind == "time"]
    others = [column for column in of_users if column.kind != "time"]
    people = dataset.users.frame.set_index("user_id")
    times = events["timestamp"].to_numpy()
    of_people = people[[c.name for c in ages]].reindex(events["user_id"])
    context = code_columns(features.columns("context"), events, times)
    return LogFeatures(
        items=code_columns(of_items, dataset.items.frame),
        users=code_columns(others, without_gaps(people.reindex(user_ids))),
        context=context.beside(code_columns(ages, of_people, times)),
        words=features.used_for("words", "items") + features.used_for("words", "users"),
    )


def parse_features(dataset: Dataset, features: FeaturesConfig) -> Dataset:
    """The data set with its feature columns as a configuration reads them.

    Raises:
        DataError: a column is missing, or cells are not of its kind.
    """
    tables = {}
    for name, side in SIDE_OF.items():
        table, columns = getattr(dataset, name), features.columns(side)
        if columns:
            tables[name] = type(table)(table.frame, columns)
    return dataclasses.replace(dataset, **tables)


def with_feature_words(dataset: Dataset, features: FeaturesConfig) -> Dataset:
    """The data set, the texts of whose items and users end with feature columns."""
    tables = {
        "items": _with_words(dataset.items, features.used_for("words", "items")),
        "users": _with_words(dataset.users, features.used_for("words", "users")),
    }
    return dataclasses.replace(dataset, **tables)


def _with_words(table, columns):
    if not columns:
        return table
    frame = table.frame
    words = [with_commas(frame[each.name]) for each in columns]
    joined = [join_texts(*each) for each in zip(frame["text"], *words, strict=True)]
    return type(table).of_parsed(frame.assign(text=joined))
