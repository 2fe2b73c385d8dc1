"""A sentence while it is read."""

import datetime
from typing import Any

from serving.sentences.catalogue_names import CatalogueNames, Named
from serving.sentences.parsed_request import NumericLimit, ParsedRequest
from serving.sentences.rules import Rules
from serving.sentences.sentence import Sentence
from tfrec.errors import ServingError

MAX_PARTS = 50
MAX_NEAR = 3  # places that may name a title with a spelling mistake
_SINGLE = ("newer_than", "older_than", "k", "order")


class SentenceError(ServingError, ValueError):
    """A sentence that is too long, or asks for too much."""


class SentenceReading:
    """What was found in a sentence so far.

    Args:
        sentence: what is not read yet.
        names: of the catalogue.
        rules: of its language.
        today: the day of the request.
    """

    def __init__(
        self,
        sentence: Sentence,
        names: CatalogueNames,
        rules: Rules,
        today: datetime.date,
    ):
        self.sentence, self.names, self.rules = sentence, names, rules
        self.today = today
        self.is_every_category = True
        self._num_near = 0
        self._found: dict[str, list] = {}

    def add(self, slot: str, *values: Any) -> None:
        """Fills a slot, each value once.

        Raises:
            SentenceError: there are too many by now.
        """
        place = self._found.setdefault(slot, [])
        place += [each for each in values if each not in place]
        if sum(map(len, self._found.values())) > MAX_PARTS:
            raise SentenceError(
                f"`text` must ask for at most {MAX_PARTS} things, because each of them "
                "is shown. Send the most important ones."
            )

    def near_title(self, start: int) -> Named | None:
        """As `CatalogueNames.near_title_at`, which takes long, for a few places."""
        self._num_near += 1
        if self._num_near > MAX_NEAR:
            return None
        return self.names.near_title_at(self.sentence.text, start)

    def request(self, query: str) -> ParsedRequest:
        """All that was found; of two limits of one attribute both count."""
        found = dict(self._found)
        limits: dict[str, NumericLimit] = {}
        for each in found.pop("limits", []):
            known = limits.get(each.attribute)
            limits[each.attribute] = known.joined(each) if known else each
        single: dict[str, Any] = {
            name: values[-1] for name in _SINGLE if (values := found.pop(name, None))
        }
        lists: dict[str, Any] = {name: tuple(of) for name, of in found.items()}
        return ParsedRequest(
            query=query,
            limits=tuple(limits.values()),
            every_category=self.is_every_category,
            **lists,
            **single,
        )
