"""Bodies of requests in sentences and of their answers."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from serving.fields import Kind, Now, Text
from serving.gateway.schemas import MAX_K, MAX_SESSION, Recommendations, SessionEvent
from serving.sentences.reading import MAX_PARTS
from serving.sentences.rule_parser import MAX_LETTERS
from serving.wording import RequestBody
from tfrec.reasons.sentences import Lang

ParsedBy = Literal["rules", "model"]


def _check_words(text: str) -> str:
    if text and not re.search(r"\w", text):
        raise ValueError("must have words, because they say what is asked for")
    if len(text) > MAX_LETTERS:
        raise ValueError(f"must have at most {MAX_LETTERS} characters")
    return text


Words = Annotated[Text, AfterValidator(_check_words)]


class AskRequest(RequestBody):
    """A sentence, and what of it is taken off again."""

    text: Words = Field("", description='What is asked for; may be "" with `session`')
    k: int = Field(10, ge=1, le=MAX_K, description="Where the sentence has no number")
    lang: Lang | None = Field(
        None, description="Of the answer's words; null: as the sentence"
    )
    session: Kind = Field("", description='Of one conversation; "": it has no memory')
    without: list[str] = Field(
        [], max_length=MAX_PARTS, description="Ids of understood parts to take off"
    )
    explain: bool = False
    now: Now = Field(None, description="UTC seconds; null: now")


class SessionAskRequest(AskRequest):
    """The same of somebody without a user id."""

    history: list[SessionEvent] = Field([], max_length=MAX_SESSION)


class UnderstoodPart(BaseModel):
    """One part of what was understood.

    `is_hard`: no item of the answer is against it. `is_applied` is false for what this
    catalogue cannot measure; a note says why.
    """

    id: str
    slot: str
    words: str
    is_hard: bool
    is_applied: bool


class AskAnswer(Recommendations):
    """A list, and what was understood of the sentence.

    `is_refined`: the sentence was read as a change to the session's last request.
    `parsed_by`: "rules", or "model" where a language model is configured and answered.
    """

    understood: list[UnderstoodPart]
    notes: list[str]
    query: str
    lang: Lang
    is_refined: bool
    parsed_by: ParsedBy
