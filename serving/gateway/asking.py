"""From a sentence to a list: what was understood, and what became of it."""

import datetime
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from serving.gateway.ask_schemas import AskRequest, ParsedBy, UnderstoodPart
from serving.gateway.ask_sessions import AskSessions, LastRequest
from serving.gateway.asked_catalogue import AskedCatalogue, CatalogueView
from serving.gateway.evidence import AskedTitle
from serving.gateway.feedback import Reactions
from serving.gateway.list_options import ListOptions
from serving.gateway.recommendations import Found, Recommending
from serving.gateway.titles import ItemTitles
from serving.sentences.model_parser import ModelParser, NotParsedError
from serving.sentences.normalised import is_chinese
from serving.sentences.parsed_request import ParsedRequest
from serving.sentences.reading import SentenceError
from serving.sentences.refined import Resolved, is_refinement, joined, resolve
from serving.sentences.wording_of_parts import PartWords
from tfrec.reasons.sentences import Lang

MAX_SESSION_PARTS = 1000


@dataclass(frozen=True)
class Asked:
    """An answer before it is written.

    Attributes:
        found: the list.
        state_version: of the user.
        understood: the parts that it follows.
        notes: what did not come to be as asked, in sentences.
        query: the words that the model got.
        lang: of words and notes.
        is_refined: whether it changes the request before.
        parsed_by: what read the sentence.
    """

    found: Found
    state_version: int
    understood: list[UnderstoodPart]
    notes: list[str]
    query: str
    lang: Lang
    is_refined: bool
    parsed_by: ParsedBy


class Asking:
    """Answers sentences; safe for many threads.

    Args:
        recommending: makes the lists.
        catalogue: titles, categories and numbers.
        reactions: which events a liked and an unwanted title are.

    Attributes:
        model_parser: reads sentences before the rules do; None for rules alone.
    """

    def __init__(
        self, recommending: Recommending, catalogue: ItemTitles, reactions: Reactions
    ):
        self._recommending, self._reactions = recommending, reactions
        self._titles = catalogue
        self._catalogue = AskedCatalogue(catalogue)
        self.model_parser: ModelParser | None = None
        self._sessions = AskSessions()

    def forget(self, user_id: str) -> None:
        """Drops what a user asked for."""
        self._sessions.forget(user_id)

    def answer(
        self, user_id: str, asked: AskRequest, history: Sequence[tuple] | None = None
    ) -> Asked:
        """What a user gets for a sentence.

        Args:
            user_id: `""` for somebody without an id.
            asked: the sentence.
            history: of somebody without an id, as `tfrec.client.histories.FIELDS`.

        Raises:
            SentenceError: it is empty, too long, or asks for too much.
            StoreError, RequestError, NoAnswerError: as `Recommending.for_user`.
        """
        view = self._catalogue.view()
        now = asked.now or int(time.time())
        last = self._sessions.get(user_id, asked.session) if asked.session else None
        lang: Lang = asked.lang or ("zh" if is_chinese(asked.text) else "en")
        said, parsed_by = self._parse(asked, view, now, last)
        answering = _Answering(view, PartWords(lang, self._titles.name))
        request, is_refined = answering.settle(said, last, asked)
        k = request.k or asked.k
        events = [*(history or ()), *self._events(request, now)]
        more = (_options(request, asked, k, lang), view.selection(request, k))
        if history is None:
            found, version = self._recommending.for_request(user_id, *more, events)
        else:
            found, version = self._recommending.for_session_request(events, *more), 0
        answering.note_count(request, len(found.items), k)
        if asked.session:
            shown = tuple(item.item_id for item in found.items)
            self._sessions.put(user_id, asked.session, LastRequest(request, shown))
        return Asked(
            found=found,
            state_version=version,
            understood=answering.understood(request),
            notes=answering.notes,
            query=_query(request),
            lang=lang,
            is_refined=is_refined,
            parsed_by=parsed_by,
        )

    def _parse(self, asked, view, now, last) -> tuple[ParsedRequest, ParsedBy]:
        if not asked.text:
            if last is None:
                raise SentenceError(
                    "`text` must not be empty, because there is no earlier request of "
                    "this `session`. Say what is asked for."
                )
            return ParsedRequest(), "rules"
        today = datetime.datetime.fromtimestamp(now, datetime.UTC).date()
        by_rules = view.parser.parse(asked.text, today)
        if self.model_parser is None:
            return by_rules, "rules"
        try:
            return self.model_parser.parse(asked.text, today, view.names), "model"
        except NotParsedError:
            return by_rules, "rules"

    def _events(self, request, now):
        """Liked and unwanted titles, as if they had just been clicked so."""
        skip = self._reactions.skip
        pairs = [(item_id, self._reactions.like) for item_id in request.like]
        if not self._reactions.hides(skip.event):
            pairs += [(item_id, skip) for item_id in request.unlike]
        for item_id, reaction in pairs:
            value = math.nan if reaction.value is None else reaction.value
            yield AskedTitle((item_id, reaction.event, value, now, ""))


def _options(request, asked, k, lang):
    return ListOptions(
        k=k,
        category="|".join(request.categories),
        query=_query(request),
        explain=asked.explain,
        now=asked.now,
        lang=lang,
    )


def _query(request):
    return " ".join(part for part in (request.query, *request.must) if part)


class _Answering:
    """What there is to say of one sentence.

    Attributes:
        notes: sentences so far.
    """

    def __init__(self, view: CatalogueView, words: PartWords):
        self._view, self._words = view, words
        self._not_applied: dict[str, object] = {}
        self.notes: list[str] = []

    def settle(self, said, last, asked) -> tuple[ParsedRequest, bool]:
        """The request to answer, without refinements, and whether it is a refined one.

        Args:
            said: what the sentence asks for.
            last: `LastRequest` of the session, None for none.
            asked: `AskRequest`.
        """
        is_refined = last is not None and is_refinement(said)
        if said.refinements and last is None and asked.session:
            self.notes.append(self._words.note("new_session"))
        request = joined(last.request, said) if last and is_refined else said
        shown = last.shown if last else ()
        resolved = resolve(request, shown, self._view.value, said.like)
        self._note_unresolved(resolved)
        for words in said.not_placed:
            self.notes.append(self._words.note("not_placed", part=words))
        request = resolved.request.without(asked.without)
        if len(list(request.parts())) > MAX_SESSION_PARTS:
            raise SentenceError(
                f"`session` must have asked for at most {MAX_SESSION_PARTS} things by "
                "now, because each of them is shown. Start another session."
            )
        return self._note_limits(request), is_refined

    def _note_unresolved(self, resolved: Resolved):
        for refinement, reason in resolved.unresolved:
            part = self._words.part("refinements", refinement)
            attribute = refinement.attribute
            self.notes.append(self._words.note(reason, attribute=attribute, part=part))

    def _note_limits(self, request):
        for limit in request.limits:
            if limit.is_contradictory:
                ends = {"min": float(limit.min), "max": float(limit.max)}
                note = self._words.note("contradiction", limit.attribute, **ends)
                self.notes.append(note)
        possible = self._view.possible(request)
        if possible.every_category != request.every_category:
            names = ", ".join(request.categories)
            self.notes.append(self._words.note("any_category", names=names))
        table, _ = self._view.limited(possible)
        parts = {part.id: part for part in possible.parts()}
        for part_id in table.not_measured:
            part = parts[part_id]
            self._not_applied[part_id] = part
            attribute = getattr(part.value, "attribute", "year")
            has_attribute = self._view.measures(attribute)
            key = "only_years" if has_attribute else "not_measured"
            words = self._words.part(part.slot, part.value)
            self.notes.append(self._words.note(key, attribute, part=words))
        return possible

    def note_count(self, request, count, k):
        """Says so if there are fewer items than were asked for."""
        if count >= k:
            return
        if count:
            self.notes.append(self._words.note("fewer", count=count, k=k))
            return
        num_allowed = self._view.selection(request, k).num_allowed
        self.notes.append(self._words.note("unseen" if num_allowed else "none"))

    def understood(self, request):
        """The parts of a request, as answers show them."""
        return [
            UnderstoodPart(
                id=part.id,
                slot=part.slot,
                words=self._words.part(part.slot, part.value),
                is_hard=part.is_hard,
                is_applied=part.id not in self._not_applied,
            )
            for part in request.parts()
        ]
