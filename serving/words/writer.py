"""From evidence to a text that may be shown."""

import dataclasses
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from serving.security.rate_limit import RateLimit
from serving.words.breaker import Breaker
from serving.words.contract import (
    Completion,
    Failure,
    LanguageModel,
    LanguageModelError,
)
from serving.words.counts import WordCounts
from serving.words.facts import Facts
from serving.words.grounding import FAULTS, Fault, fault
from serving.words.kinds import MAX_LETTERS, OF_LISTS, OF_PERSON, Kind
from serving.words.prompts import read_prompts
from serving.words.settings import WordsSettings
from serving.words.templates import Templates
from serving.words.tidying import tidy
from tfrec.reasons.evidence import Evidence
from tfrec.reasons.sentences import LANGS, Lang

logger = logging.getLogger(__name__)

LETTERS_PER_TOKEN = 2  # at least, of what is asked; it bounds what a call may cost
TEMPLATE = "template"
Fallback = Fault | Failure | Literal["", "personal", "budget", "breaker"]


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text and where it comes from.

    Attributes:
        kind: of the text.
        lang: its language.
        text: for people; of a digest the heading is the first line.
        evidence: what it says, in the form of `Facts`.
        model: that wrote it, `"template"` for none.
        prompt_version: of the file that the model was asked by, or of the template.
        source: what wrote it.
        fallback: why a template wrote in place of the model, `""` if it did not.
    """

    kind: Kind
    lang: Lang
    text: str
    evidence: dict[str, Any]
    model: str
    prompt_version: str
    source: Literal["model", "template"]
    fallback: Fallback = ""

    @property
    def lasts(self) -> bool:
        """Whether the same evidence would give the same text again."""
        return self.fallback in ("", "personal", *FAULTS)

    def as_dict(self) -> dict[str, Any]:
        """What people get to see: why a model's text was not good enough is counted."""
        values = dataclasses.asdict(self)
        del values["fallback"]
        return values


class Writer:
    """Writes with a model within its limits, and with templates in its place.

    Safe for many threads.

    Args:
        settings: limits, prompts, and whether what is personal may leave the machine.
        model: None for templates.
        counts: where to count.

    Raises:
        ConfigError: a prompt is missing or wrong.
    """

    def __init__(
        self,
        settings: WordsSettings,
        model: LanguageModel | None = None,
        counts: WordCounts | None = None,
    ):
        self._settings = settings
        self._model = model
        self._prompts = read_prompts(settings.prompts_folder)
        self._templates = {lang: Templates(lang) for lang in LANGS}
        self._counts = counts or WordCounts()
        self._breaker = Breaker()
        per_minute = settings.tokens_per_minute
        self._budget = RateLimit(per_minute / 60, size=per_minute)

    def version(self, kind: Kind, lang: Lang) -> tuple[str, str]:
        """Names of the model and of the prompt, for caches."""
        prompt = self._prompts[kind, lang].version if self._model else ""
        name = self._model.name if self._model else TEMPLATE
        return name, f"{prompt}/{self._templates[lang].version}"

    def has_person(self, kind: Kind) -> bool:
        """Whether a text may say, and so depends on, what a person did."""
        return self._may_share or kind in OF_PERSON

    def write(
        self, kind: Kind, evidence: Sequence[Evidence], lang: Lang, deadline: float
    ) -> Text:
        """A text, of the model or of the template.

        Args:
            kind: of the text.
            evidence: of one item; of each item of the list for a digest.
            lang: of the text.
            deadline: `time.monotonic()` at which nobody waits any more.
        """
        evidence = evidence if kind in OF_LISTS else evidence[:1]
        facts = Facts.of(evidence, self.has_person(kind))
        if self._model is None:
            return self._by_template(kind, evidence, lang, facts)
        reason = self._objection(kind, deadline)
        if reason is None:
            text, reason = self._ask(self._model, kind, facts, lang, deadline)
        if reason is None:
            return Text(
                kind=kind,
                lang=lang,
                text=text,
                evidence=dataclasses.asdict(facts),
                model=self._model.name,
                prompt_version=self._prompts[kind, lang].version,
                source="model",
            )
        return self._by_template(kind, evidence, lang, facts, reason)

    def template(
        self, kind: Kind, evidence: Sequence[Evidence], lang: Lang, reason: Fallback
    ) -> Text:
        """The template's text at once, since the model's did not come.

        Args:
            kind: of the text.
            evidence: as of `write`.
            lang: of the text.
            reason: why.
        """
        facts = Facts.of(evidence, self.has_person(kind))
        return self._by_template(kind, evidence, lang, facts, reason)

    def close(self) -> None:
        """Ends the model."""
        if self._model:
            self._model.close()

    @property
    def _may_share(self):
        """Whether the model may read what is personal."""
        is_local = self._model is None or self._model.is_local
        return is_local or self._settings.share_personal

    def _objection(self, kind, deadline) -> Fallback | None:
        """Why the model is not asked, None if it is."""
        if kind in OF_PERSON and not self._may_share:
            return "personal"
        if time.monotonic() >= deadline:
            return "deadline"
        return None

    def _ask(self, model, kind, facts, lang, deadline) -> tuple[str, Fallback | None]:
        """A text of the model, and why it may not be shown."""
        prompt, template = self._prompts[kind, lang], self._templates[lang]
        deed = template.deed(facts.deed)
        messages = prompt.messages(
            evidence=template.facts(facts), deed=deed, max_letters=MAX_LETTERS[kind]
        )
        letters = sum(len(message["content"]) for message in messages)
        cost = letters // LETTERS_PER_TOKEN + self._settings.max_tokens
        if not self._budget.allows("", cost):
            return "", "budget"
        if not self._breaker.allows():
            return "", "breaker"
        try:
            completion = self._call(model, messages, deadline)
        except LanguageModelError as error:
            logger.warning("A template wrote instead of the model: %s", error)
            return "", error.failure
        text = tidy(completion.text, kind, facts, completion.is_cut)
        told = messages[0]["content"]
        return text, fault(text, kind, facts, lang, deed, told)

    def _call(self, model, messages, deadline) -> Completion:
        started, is_success = time.monotonic(), False
        completion = Completion("")
        try:
            completion = model.generate(
                messages, max_tokens=self._settings.max_tokens, deadline=deadline
            )
            is_success = True
        finally:
            self._breaker.note(is_success)
            tokens = completion.prompt_tokens, completion.completion_tokens
            self._counts.count_call(time.monotonic() - started, *tokens)
        return completion

    def _by_template(self, kind, evidence, lang, facts, fallback=""):
        template = self._templates[lang]
        return Text(
            kind=kind,
            lang=lang,
            text=template.write(kind, evidence, facts),
            evidence=dataclasses.asdict(facts),
            model=TEMPLATE,
            prompt_version=f"template.{template.version}",
            source="template",
            fallback=fallback,
        )
