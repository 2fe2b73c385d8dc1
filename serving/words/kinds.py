"""Kinds of texts."""

from typing import Literal, get_args

Kind = Literal["reason", "blurb", "digest", "push"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Of a text that a model writes.
MAX_LETTERS: dict[Kind, int] = {"reason": 240, "blurb": 240, "digest": 400, "push": 200}
# Kinds that say nothing without what a person did; the others can speak of an item.
OF_LISTS: frozenset[Kind] = frozenset({"digest"})
OF_PERSON: frozenset[Kind] = frozenset({"reason", "digest"})
