"""Parts that others can bring: each is registered by name and then named in settings.

Example:
    >>> from tfrec.plugins import BASELINES
    >>> @BASELINES.register("nothing")
    ... class Nothing:
    ...     pass
    >>> "nothing" in BASELINES
    True
    >>> BASELINES.remove("nothing")
"""

import difflib
import importlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from tfrec.errors import ConfigError

Part = TypeVar("Part")


class Registry:
    """Functions or classes by name; those of tfrec are imported when asked for.

    Args:
        kind: what it holds, for error messages.
        homes: name -> `"module:attribute"` of those that are there from the start.
    """

    def __init__(self, kind: str, homes: dict[str, str] | None = None):
        self.kind = kind
        self._found: dict[str, Any] = dict(homes or {})

    def register(self, name: str) -> Callable[[Part], Part]:
        """Decorator that adds what it decorates under a name.

        Raises:
            ConfigError: the name is taken.
        """
        if name in self._found:
            raise ConfigError(
                f"`name` must be new, as a {self.kind}. Received: {name!r}."
            )

        def add(part: Part) -> Part:
            self._found[name] = part
            return part

        return add

    def remove(self, name: str) -> None:
        """Takes out what was registered."""
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            close = difflib.get_close_matches(name, self._found, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            known = ", ".join(f'"{each}"' for each in self._found)
            raise ConfigError(
                f"A {self.kind} must be one of {known}. Received: {name!r}.{hint}"
            )
        part = self._found[name]
        if isinstance(part, str):
            module, _, attribute = part.partition(":")
            part = self._found[name] = getattr(
                importlib.import_module(module), attribute
            )
        return part


# Function of `(Config, texts of the items)` that gives a text encoder.
TEXT_ENCODERS = Registry(
    "text encoder",
    {"bert": "tfrec.text.factory:make_bert", "lstm": "tfrec.text.factory:make_lstm"},
)
# Function of `(ScorerSettings, seed, learn_words)` that gives a `Scorer`.
SCORERS = Registry(
    "scorer",
    {
        "item_to_item": "tfrec.linear.registry:make_item_to_item",
        "bm25": "tfrec.linear.registry:make_bm25",
        "popularity": "tfrec.linear.registry:make_popularity",
        "rating_factors": "tfrec.linear.registry:make_rating_factors",
    },
)
# Subclass of `tfrec.retrieval.candidate_index.CandidateIndex`.
INDEXES = Registry(
    "candidate index",
    {
        "exact": "tfrec.retrieval.brute_force:BruteForceIndex",
        "scann": "tfrec.retrieval.scann:ScannIndex",
    },
)
# Function of a folder for downloads, or None, that gives a `Dataset`.
DATASETS = Registry(
    "data set",
    {
        "movielens-100k": "tfrec.datasets.movielens:load_movielens_100k",
        "complete-journey": "tfrec.datasets.complete_journey:load_complete_journey",
    },
)
# Class or function without arguments that gives a `Ranker`, shown in every report
# beside the baselines of tfrec.
BASELINES = Registry("baseline")
