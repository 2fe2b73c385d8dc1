"""Reads sentences by a language model, whose answer is checked before it counts."""

import datetime
import json
import pathlib
import re
import threading
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serving.sentences.catalogue_names import CatalogueNames
from serving.sentences.normalised import normalise
from serving.sentences.parsed_request import (
    NumericLimit,
    Order,
    ParsedRequest,
    Refinement,
    RefinementKind,
)
from tfrec.errors import ConfigError, ServingError

BUDGET_S = 0.8
MAX_TOKENS = 400
MAX_ANSWER = 8000  # characters
MAX_CATEGORIES = 100  # that the prompt names
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_Words = Annotated[str, Field(min_length=1, max_length=200)]
_List = Annotated[list[_Words], Field(max_length=20)]
_Attribute = Literal["price", "duration", "rating", "year", "popularity"]
_Number = Annotated[float, Field(allow_inf_nan=False)]
PROMPT = pathlib.Path(__file__).parent / "prompts" / "request.v1.txt"


class NotParsedError(ServingError):
    """The model gave nothing, too late, or nothing that is a request."""


class Generates(Protocol):
    """The part of a `LanguageModel` that reading sentences needs.

    Attributes:
        is_local: whether what it reads stays on this machine.
    """

    is_local: bool

    def generate(
        self, messages: Sequence[Any], *, max_tokens: int, deadline: float
    ) -> Any:
        """Continues a conversation; gives an object whose `text` was written.

        Args:
            messages: dicts with `role` and `content`.
            max_tokens: that it may write.
            deadline: `time.monotonic()` at which nobody waits any more.

        Raises:
            ServingError: nothing came that can be used.
        """


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Limit(_Strict):
    attribute: _Attribute
    min: _Number | None = None
    max: _Number | None = None


class _Order(_Strict):
    attribute: _Attribute
    is_descending: bool = False


class _Refinement(_Strict):
    kind: RefinementKind
    place: Annotated[int, Field(ge=-1, le=1000)] | None = None
    attribute: _Attribute | Literal[""] = ""


class _Answer(_Strict):
    query: Annotated[str, Field(max_length=500)] = ""
    must: _List = []
    must_not: _List = []
    categories: _List = []
    not_categories: _List = []
    like: _List = []
    unlike: _List = []
    limits: Annotated[list[_Limit], Field(max_length=5)] = []
    newer_than: str | None = None
    older_than: str | None = None
    k: Annotated[int, Field(ge=1, le=1000)] | None = None
    order: _Order | None = None
    refinements: Annotated[list[_Refinement], Field(max_length=10)] = []


class ModelParser:
    """Asks a language model within a budget; safe for threads, one question at a time.

    Args:
        model: writes the JSON.
        budget_s: seconds that it may take; then `NotParsedError` is raised.
        may_share: whether what people write may leave this machine.

    Raises:
        ConfigError: the model is elsewhere, and nothing may leave this machine.
    """

    def __init__(
        self, model: Generates, budget_s: float = BUDGET_S, may_share: bool = False
    ):
        if not (model.is_local or may_share):
            raise ConfigError(
                "`words.share_personal` must be true for a language model that is not "
                "on this machine, because it reads what people ask for. Set it, or "
                "leave sentences to the rules."
            )
        self._model, self._budget_s = model, budget_s
        self._free = threading.Semaphore()
        self._prompt = PROMPT.read_text(encoding="utf-8")

    def parse(
        self, text: str, today: datetime.date, names: CatalogueNames
    ) -> ParsedRequest:
        """What a sentence asks for, in names of the catalogue.

        Raises:
            NotParsedError: the model is busy, late, fails, or answers otherwise than
                the schema; the rules can answer instead.
        """
        deadline = time.monotonic() + self._budget_s
        if not self._free.acquire(timeout=0):
            raise NotParsedError("The model is reading another sentence.")
        outcome: list[Any] = []
        worker = threading.Thread(
            target=self._ask, args=(text, today, names, deadline, outcome), daemon=True
        )
        worker.start()
        worker.join(max(0.0, deadline - time.monotonic()))
        if not outcome:
            raise NotParsedError(f"No answer came within {self._budget_s} s.")
        if isinstance(outcome[0], Exception):
            raise NotParsedError(str(outcome[0]))
        return _checked(outcome[0], names)

    def _ask(self, text, today, names, deadline, outcome):
        """Fills `outcome`; it holds the only place until the model lets go."""
        listed = ", ".join(names.all_categories()[:MAX_CATEGORIES])
        system = self._prompt.format(categories=listed, today=today.isoformat())
        messages = [
            {"role": "system", "content": system},
            {"role": "user", "content": json.dumps({"request": text})},
        ]
        try:
            more = {"max_tokens": MAX_TOKENS, "deadline": deadline}
            outcome.append(self._model.generate(messages, **more).text)
        except Exception as error:  # of whatever runs the model
            outcome.append(error)
        finally:
            self._free.release()


def _checked(answer, names):
    found = _OBJECT.search(answer[:MAX_ANSWER])
    if not found:
        raise NotParsedError("The answer has no JSON object.")
    try:
        read = _Answer.model_validate_json(found[0])
        days = [
            day and datetime.date.fromisoformat(day)
            for day in (read.newer_than, read.older_than)
        ]
    except (ValidationError, ValueError) as error:
        raise NotParsedError(f"The answer is no request: {error}") from error
    request = ParsedRequest(
        query=normalise(read.query),
        must=tuple(read.must),
        must_not=tuple(read.must_not),
        categories=_categories(read.categories, names),
        not_categories=_categories(read.not_categories, names),
        like=_titles(read.like, names),
        unlike=_titles(read.unlike, names),
        limits=tuple(NumericLimit(**vars(each)) for each in read.limits),
        newer_than=days[0] or None,
        older_than=days[1] or None,
        k=read.k,
        order=Order(**vars(read.order)) if read.order else None,
        refinements=tuple(Refinement(**vars(each)) for each in read.refinements),
    )
    if request.is_empty:
        raise NotParsedError("The answer asks for nothing.")
    return request


def _categories(said, names):
    return tuple(dict.fromkeys(_whole(names.category_at, each) for each in said))


def _whole(find, words):
    """The one name that words are."""
    spelt = normalise(words)
    named = find(spelt, 0)
    if named is None or named.end < len(spelt):
        raise NotParsedError(f"The catalogue does not have {words!r}.")
    return named.name


def _titles(said, names):
    found = []
    for words in said:
        spelt = normalise(words)
        named = names.title_like(spelt, len(spelt))
        if named is None:
            raise NotParsedError(f"The catalogue does not have {words!r}.")
        found.append(named.name)
    return tuple(dict.fromkeys(found))
