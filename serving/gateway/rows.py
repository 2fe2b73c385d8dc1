"""Rows of a page for one person: recommended, like what they had, trending, new."""

import collections
import itertools
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from serving.gateway.feedback import Reactions
from serving.gateway.list_options import ListOptions
from serving.gateway.lists import ItemLists, ListRequest
from serving.gateway.model_client import ModelClient
from serving.gateway.recommendations import Recommending
from serving.gateway.titles import ItemTitles
from serving.user_states.store import UserStates
from tfrec.protocol.status import RequestError
from tfrec.reasons.evidence import CarryingEvent, Evidence
from tfrec.reasons.sentences import Lang, messages, sentence

logger = logging.getLogger(__name__)

Kind = Literal["recommended", "similar", "trending", "new"]
MAX_CAUSES = 2  # items that have a row of what is like them
MAX_LISTED = 100  # items of a list, beside those that are on the page already


@dataclass(frozen=True)
class RowsRequest:
    """What is asked for.

    Attributes:
        k: items of each row, at most.
        now: UTC seconds, None for the clock.
        lang: of titles and reasons.
        domain: those wanted, `|` between; `""` for all.
    """

    k: int
    now: int | None = None
    lang: Lang = "en"
    domain: str = ""

    @property
    def domains(self) -> list[str]:
        """Those wanted, none for all."""
        return [part for part in self.domain.split("|") if part]

    @property
    def moment(self) -> int:
        """The time of asking."""
        return self.now or int(time.time())


@dataclass(frozen=True)
class PageRow:
    """A row of a page.

    Attributes:
        kind: what its items have in common.
        title: the same for people.
        item_ids: best first.
        reasons: of each item, None where there is none of its own.
        rules: of each item, names of the rules that touched it.
        model_version: that chose them, 0 if counts did.
    """

    kind: Kind
    title: str
    item_ids: Sequence[str]
    reasons: Sequence[str | None]
    rules: Sequence[list[str]]
    model_version: int = 0


class PageRows:
    """Makes the rows; no item is on a page twice, and none of the history is on it.

    Args:
        states: whose users are served.
        recommending: gives the first row.
        model: the model server.
        catalogue: titles and categories.
        reactions: which events mean interest.
        lists: of what is trending and new.
    """

    def __init__(
        self,
        states: UserStates,
        recommending: Recommending,
        model: ModelClient,
        catalogue: ItemTitles,
        reactions: Reactions,
        lists: ItemLists,
    ):
        self._states, self._recommending = states, recommending
        self._model, self._catalogue = model, catalogue
        self._reactions, self._lists = reactions, lists

    def for_user(self, user_id: str, request: RowsRequest) -> list[PageRow]:
        """The rows of a user that have any item, in the order of the page.

        Raises:
            StoreError: state or counts cannot be read.
            NoAnswerError: the model server is away, and there is no fallback.
        """
        history = self._states.get(user_id).history()
        options = ListOptions(
            request.k,
            explain=True,
            now=request.now,
            lang=request.lang,
            domain=request.domain,
        )
        found, _ = self._recommending.for_user(user_id, options)
        ids = [item.item_id for item in found.items]
        reasons = [item.reason for item in found.items]
        rules, say = [item.rules for item in found.items], messages(request.lang)
        about = (say["row_recommended"], ids, reasons, rules, found.model_version)
        rows = [PageRow("recommended", *about)]
        taken = {*ids, *(event[0] for event in history)}
        if self._catalogue.is_person(user_id):
            taken.add(user_id)
        page = _Page(history, taken, self._reactions.met(history), request)
        for row in self._more(page, ids):
            rows.append(row)
            page.taken.update(row.item_ids)
        return [row for row in rows if row.item_ids]

    def _more(self, page, recommended) -> Iterator[PageRow]:
        """The other rows; each leaves out what is taken when it is made."""
        for event in self._causes(page.history):
            yield self._similar(page, event)
        yield self._trending(page, recommended)
        yield self._new(page)

    def _causes(self, history):
        """The latest events that may be a reason, each of another item with a title."""
        latest = {}
        may_be = self._reactions.may_be_named(history)
        for event, is_reason in zip(reversed(history), may_be[::-1], strict=True):
            item_id, kind, value, *_ = event
            if self._catalogue.title(item_id) and item_id not in latest:
                is_cause = is_reason and self._reactions.reward(kind, value)
                latest[item_id] = event if is_cause else None
        return [event for event in latest.values() if event][:MAX_CAUSES]

    def _similar(self, page, event):
        """Nothing without the model server, or by a model that cannot tell."""
        request, found = page.request, []
        how = {"k": request.k, "now": request.moment, "exclude": sorted(page.taken)}
        how["domain"] = request.domains
        if self._catalogue.has_order:
            how["met"] = sorted(page.met)
        try:
            found = self._model.similar(event[0], **how)
        except RequestError as error:
            logger.warning("There is no row of items like %s: %s", event[0], error)
        title = self._catalogue.title(event[0])
        named = CarryingEvent.of(event, title, share=1, is_named=True)
        words = sentence(Evidence(item_id=event[0], events=(named,)), request.lang)
        ids = [each.item_id for each in found]
        return _row("similar", _capitalised(words), ids, self._model.version)

    def _trending(self, page, recommended):
        """In the category that most recommended items have, or in all."""
        say = messages(page.request.lang)
        of_items = map(self._catalogue.categories, recommended)
        counts = collections.Counter(itertools.chain.from_iterable(of_items))
        for category, _ in counts.most_common(1):
            if ids := self._listed("trending", page, frozenset([category])):
                title = say["row_trending_in"].format(category=category)
                return _row("trending", title, ids[: page.request.k])
        ids = self._listed("trending", page)
        return _row("trending", say["row_trending"], ids[: page.request.k])

    def _new(self, page):
        """The new items that the person is most likely to be interested in."""
        ids, request = self._listed("new", page), page.request
        if ids:
            visible, _ = self._reactions.split(page.history)
            try:
                chances = self._model.score_interest(ids, visible, now=request.moment)
            except RequestError as error:
                logger.warning("New items come as they are: %s", error)
            else:
                chance = dict(zip(ids, chances, strict=True))
                ids.sort(key=chance.__getitem__, reverse=True)
        title = messages(request.lang)["row_new"]
        return _row("new", title, ids[: request.k])

    def _listed(self, name, page, categories=frozenset()):
        """Ids of a list that are not on the page."""
        most = MAX_LISTED + len(page.taken)
        domains = frozenset(page.request.domains)
        asked = ListRequest(most, categories, domains, page.request.moment)
        found = (each.item_id for each in self._lists.find(name, asked))
        return [
            item_id
            for item_id in found
            if item_id not in page.taken and self._catalogue.is_open(item_id, page.met)
        ]


@dataclass(frozen=True)
class _Page:
    history: Sequence[tuple]  # as `tfrec.client.histories.FIELDS`, oldest first
    taken: set[str]  # items that must not come any more
    met: set[str]  # items that others may come after
    request: RowsRequest


def _row(kind, title, item_ids, model_version=0):
    size = len(item_ids)
    return PageRow(kind, title, item_ids, [None] * size, [[]] * size, model_version)


def _capitalised(words):
    return words[:1].upper() + words[1:]
