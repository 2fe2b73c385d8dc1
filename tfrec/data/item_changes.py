"""Items put in and taken out of a catalogue, one by one."""

import dataclasses
import functools
import json
import math
from collections.abc import Sequence
from typing import Any

from tfrec.data.domains import labels
from tfrec.data.item_order import AFTER, check_order, split_ids
from tfrec.data.item_texts import join_texts, text_key
from tfrec.errors import DataError
from tfrec.feature_columns import FeatureColumn
from tfrec.feature_values import brief, read_features
from tfrec.values import (
    read_categories,
    read_given_id,
    read_ids,
    read_limit,
    read_number,
    read_text,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ItemChange:
    """An item that is put in, anew or in place of another, or taken out.

    Its fields are read by the rules of `tfrec.values`, so that it can be served.

    Raises:
        DataError: fields break a rule (all of them in one error), or the item could
            never be had.

    Example:
        >>> film = ItemChange(item_id=7, category=["war", "drama"], available_until="")
        >>> film.item_id, film.category, film.available_until
        ('7', 'war|drama', 0)
    """

    item_id: str
    title: str = ""
    text: str = ""
    category: str = ""  # "a|b"
    domain: str = ""
    features: dict = dataclasses.field(default_factory=dict)  # column -> value
    available_from: int = 0  # UTC seconds, 0 = always
    available_until: int = 0  # UTC seconds, 0 = for ever
    after: str = ""  # ids "a|b" of the items that must be met before
    is_removed: bool = False
    time: float = 0.0  # UTC seconds at which it was asked for

    def __post_init__(self):
        problems = []
        for name, read in _READERS.items():
            raw = getattr(self, name)
            try:
                object.__setattr__(self, name, read(raw))
            except ValueError as error:
                problems.append(f"`{name}` {error}. Received: {brief(raw)}.")
        if problems:
            raise DataError(" ".join(problems))
        if 0 < self.available_until <= self.available_from:
            raise DataError(
                "`available_until` must be after `available_from`, because the item "
                f"could never be had. Received: {self.available_until} and "
                f"{self.available_from}, of {self.item_id!r}."
            )
        check_order({self.item_id: self.prerequisites})

    @classmethod
    def parse(cls, raw: Any) -> "ItemChange":
        """The change in what JSON was parsed to.

        Raises:
            DataError: it is no object, lacks its id, has other fields, or is wrong.
        """
        if not isinstance(raw, dict):
            raise DataError(f"A change must be an object. Received: {brief(raw)}.")
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = [name for name in raw if name not in known]
        if unknown:
            raise DataError(
                f"A change must have no other fields than {', '.join(known)}. "
                f"Received: {brief(unknown)}."
            )
        return cls(**{"item_id": None, **raw})

    def checked(self, columns: Sequence[FeatureColumn]) -> "ItemChange":
        """The same with its features as a model reads them.

        Args:
            columns: the columns of items that the model knows.

        Raises:
            DataError: a feature is none of them, or its value of another kind.
        """
        try:
            features = read_features(self.features, columns)
        except DataError as error:
            raise DataError(f"{error} It is of item {self.item_id!r}.") from None
        return dataclasses.replace(self, features=features)

    @property
    def prerequisites(self):
        """Ids of the items that must be met before."""
        return split_ids(self.after)

    @property
    def texts(self):
        """Title, text, and labels."""
        return self.title, self.text, self.labels

    @property
    def content(self):
        """What is encoded: texts and features."""
        return self.texts, self.features

    @property
    def labels(self):
        """Categories and domain, as models read them."""
        return labels(self.category, self.domain)

    @functools.cached_property
    def text_key(self):
        """Of the whole text, as `tfrec.data.item_texts.text_key` gives it."""
        category = self.category.replace("|", ", ")
        whole = join_texts(self.title, self.text, category)
        return text_key(self.title, self.text, whole)

    def as_row(self):
        """The fields, but not those of later versions where they say nothing."""
        row = dataclasses.asdict(self)
        later = ("domain", "features", AFTER)
        return {k: v for k, v in row.items() if v or k not in later}


def _read_flag(raw):
    if not isinstance(raw, bool):
        raise ValueError("must be true or false")
    return raw


def _read_clock(raw):
    number = read_number(raw)
    return 0.0 if math.isnan(number) else number


def _read_object(raw):
    """An object of values as JSON has them."""
    if not isinstance(raw, dict):
        raise ValueError("must be an object of values by the names of columns")
    try:
        json.dumps(raw, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(
            "must hold finite numbers, texts and lists of these alone"
        ) from None
    return raw


_READERS = {
    "item_id": read_given_id,
    "title": read_text,
    "text": read_text,
    "category": read_categories,
    "domain": read_text,
    "features": _read_object,
    "available_from": read_limit,
    "available_until": read_limit,
    AFTER: read_ids,
    "is_removed": _read_flag,
    "time": _read_clock,
}
