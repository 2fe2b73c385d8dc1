"""From a user's state to an answer: cache, model, reasons, fallback."""

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from serving.gateway.cache import AnswerCache
from serving.gateway.feedback import Reactions
from serving.gateway.last_lists import LastLists, ShownList, question_of
from serving.gateway.metrics import Metrics
from serving.gateway.model_client import ModelClient
from serving.gateway.online_interests import InterestKeeping
from serving.gateway.popular_now import PopularNow
from serving.gateway.quotas import by_domain, read_quota
from serving.gateway.reasons import Reasons
from serving.gateway.schemas import Because, Mode, ReasonCode, RecommendedItem
from serving.gateway.titles import ItemTitles
from serving.sentences.selection import Selection
from serving.user_states.store import UserStates
from tfrec.client.histories import QueryError
from tfrec.errors import ServingError
from tfrec.inference.interest_decay import InterestSettings
from tfrec.protocol.status import RequestError
from tfrec.reasons.evidence import Evidence
from tfrec.reasons.sentences import Lang, sentence


class NoAnswerError(ServingError):
    """The model server is away, and there is nothing to say instead."""


def no_list(version: int) -> None:
    """What there was before the first list of somebody."""


@dataclass(frozen=True)
class ListOptions:
    """What is asked for, whoever asks.

    Attributes:
        k: how many items.
        category: those wanted, `|` between; `""` for all.
        domain: the same of domains.
        quota: items of each domain, such as `"books:3|films:2"`, in place of `k`.
        query: what is looked for, in words.
        explain: whether to say what speaks for each item.
        now: UTC seconds, None for the clock.
        mode: whether the history goes with the request, or the interest vector.
        allow_repeats: whether items of the history may come again.
        min_probability: items below it do not come.
        diversity: 0 for the best items, up to 1 for items unlike one another.
        lang: of the reasons.
    """

    k: int = 10
    category: str = ""
    query: str = ""
    explain: bool = False
    now: int | None = None
    mode: Mode = "history"
    allow_repeats: bool = False
    min_probability: float = 0.0
    diversity: float = 0.0
    lang: Lang = "en"
    domain: str = ""
    quota: str = ""

    @property
    def categories(self) -> list[str]:
        """Those wanted, none for all."""
        return [part for part in self.category.split("|") if part]

    @property
    def domains(self) -> list[str]:
        """Those wanted, none for all."""
        return [*read_quota(self.quota)] or [p for p in self.domain.split("|") if p]

    @property
    def num_items(self) -> int:
        """How many items there are at most."""
        return sum(read_quota(self.quota).values()) or self.k

    @property
    def filters(self) -> dict[str, Any]:
        """Those that the model takes with a history and with a vector."""
        return {
            "k": self.num_items,
            "categories": self.categories,
            "domain": self.domains,
            "min_probability": self.min_probability,
            "diversity": self.diversity,
        }


@dataclass(frozen=True)
class Found:
    """Items, best first, and where they come from.

    Attributes:
        items: as an answer has them.
        model_version: that answered.
        reason_code: as of `Recommendations`.
        evidence: of each item, None where there is none; empty if nobody asked.
    """

    items: Sequence[RecommendedItem]
    model_version: int
    reason_code: ReasonCode
    evidence: Sequence[Evidence | None] = ()


class Recommending:
    """Answers for users and for sessions; safe for many threads.

    Args:
        states: whose users are served.
        model: the model server.
        catalogue: titles and categories.
        metrics: where to count.
        reactions: what events mean; all speak for their items if None.
        settings: how interest vectors follow events.
        profiles: user id -> text, of those who have one.
    """

    def __init__(
        self,
        states: UserStates,
        model: ModelClient,
        catalogue: ItemTitles,
        metrics: Metrics,
        reactions: Reactions | None = None,
        settings: InterestSettings | None = None,
        profiles: Mapping[str, str] | None = None,
    ):
        self._states = states
        self._model = model
        self._catalogue = catalogue
        self._metrics = metrics
        self._reactions = reactions or Reactions()
        self._popular = PopularNow(states, catalogue, self._reactions)
        self._profiles = profiles or {}
        self._cache = AnswerCache()
        self._last_lists = LastLists()
        self._forget_too: list[Callable[[str], None]] = []
        self._reasons = Reasons(model, catalogue, self._reactions)
        self._keeping = InterestKeeping(
            states, model, self._reactions, settings or InterestSettings()
        )

    def for_user(self, user_id: str, options: ListOptions) -> tuple[Found, int]:
        """What a user gets, and the version of the state it comes from.

        Raises:
            StoreError: the state cannot be read.
            RequestError: the model refuses the request.
            QueryError: `options` need a history, which an interest vector is not.
            NoAnswerError: there is no fallback either.
        """
        state = self._states.get(user_id)
        # Users without events and profiles are one and the same.
        is_known = state.version or user_id in self._profiles
        who = (user_id, state.incarnation, state.version) if is_known else ()
        second = int(time.time())
        found = self._cache.get((who, self._model.version, options), second)
        self._metrics.count_cache(found is not None)
        if found is None:
            found = self._find(user_id, state, options, options.now or second)
            if found.reason_code != "fallback":
                self._cache.put((who, found.model_version, options), second, found)
        return found, state.version

    def for_session(self, history: Sequence[tuple], options: ListOptions) -> Found:
        """What somebody without an id gets; raises as `for_user`.

        Args:
            history: as `tfrec.client.histories.FIELDS`, any order.
            options: `ListOptions`.
        """
        return self._by_history(history, options, options.now or int(time.time()), "")

    def for_request(
        self,
        user_id: str,
        options: ListOptions,
        selection: Selection,
        events: Sequence[tuple] = (),
    ) -> tuple[Found, int]:
        """What a user gets of a selection, as `for_user`; it is not kept.

        Args:
            user_id: who asks.
            options: `ListOptions`.
            selection: which items may come, and their order.
            events: as `tfrec.client.histories.FIELDS`, that count for this list alone.
        """
        state = self._states.get(user_id)
        now = options.now or int(time.time())
        profile = self._profiles.get(user_id, "")
        about = (options, now, profile, no_list, selection)
        return self._by_history([*state.history(), *events], *about), state.version

    def for_session_request(
        self, history: Sequence[tuple], options: ListOptions, selection: Selection
    ) -> Found:
        """What somebody without an id gets of a selection; raises as `for_user`."""
        now = options.now or int(time.time())
        return self._by_history(history, options, now, "", no_list, selection)

    def _by_history(
        self, history, options, now, profile, see_before=no_list, selection=None
    ):
        texts = {"query_text": options.query, "now": now, "user_text": profile}
        visible, hidden = self._reactions.split(history)
        excluded = selection.excluded if selection else ()
        filters = options.filters | {"exclude": [*hidden, *excluded]}
        filters["allow_repeats"] = options.allow_repeats
        filters["popular"] = self._popular.find()
        chosen_by = selection or options.quota
        try:
            best, version = self._best(visible, filters, texts, chosen_by)
        except RequestError as error:
            return self._fall_back(history, options, now, error, selection)
        evidence: list[Evidence | None] = [None] * len(best)
        if options.explain and best:
            before = see_before(version)
            evidence = self._reasons.of(best, visible, filters, texts, before)
        pairs = zip(best, evidence, strict=True)
        items = [self._item(item, each, options.lang) for item, each in pairs]
        code: ReasonCode = "history" if visible else "cold_user"
        return Found(items, version, code, evidence if options.explain else ())

    def _best(self, history, filters, texts, chosen_by):
        """`(items, version that answered)`, the older one of several.

        They are chosen by a `Selection`, or by a quota.
        """
        versions = []

        def ask(filters):
            found = self._model.recommend(history=history, **filters, **texts)
            versions.append(found[1])
            return found[0]

        if isinstance(chosen_by, Selection):
            best = chosen_by.best(lambda k: ask(filters | {"k": k}), filters["k"])
        else:
            best = by_domain(ask, filters, chosen_by)
        return best, min(versions)

    def forget(self, user_id: str) -> None:
        """Drops the answers that a user got."""
        self._cache.drop(lambda key: key[0][:1] == (user_id,))
        self._last_lists.forget(user_id)
        for forget in self._forget_too:
            forget(user_id)

    def when_forgetting(self, forget: Callable[[str], None]) -> None:
        """Has others drop, too, what they made of a user's answers."""
        self._forget_too.append(forget)

    def forget_all(self) -> None:
        """Drops all answers, since items came or went."""
        self._cache.drop(lambda key: True)
        self._last_lists = LastLists()  # no event made the difference

    def _find(self, user_id, state, options, now):
        profile, history = self._profiles.get(user_id, ""), state.history()
        if options.mode == "history" or not state.version:
            return self._for_state(user_id, state, options, now)
        if options.query or options.explain:
            raise QueryError(
                "`query` and `explain` must be left out with `mode=interest`, because "
                "an interest vector has neither words nor single events."
            )
        filters = options.filters | {"now": now}
        filters["exclude"] = sorted(self._unwanted(history, options))
        filters["popular"] = self._popular.find()
        try:
            vector = self._keeping.query_vector(user_id, state, now, profile)
            ask = functools.partial(self._model.recommend_from_interest, vector)
            best = by_domain(lambda each: ask(**each), filters, options.quota)
        except RequestError as error:
            return self._fall_back(history, options, now, error)
        items = [self._item(item) for item in best]
        return Found(items, self._model.version, "interest")

    def _for_state(self, user_id, state, options, now):
        """By the history, which is compared with what the user was shown last."""
        key = (user_id, question_of(options))

        def see_before(version):
            before = self._last_lists.before(key, state, version)
            if before is None:
                return None
            new = state.history()[len(state.events) - before.num_new :]
            visible, _ = self._reactions.split(new)
            return dataclasses.replace(before, num_new=len(visible))

        profile, history = self._profiles.get(user_id, ""), state.history()
        found = self._by_history(history, options, now, profile, see_before)
        if found.reason_code != "fallback":
            ids = [item.item_id for item in found.items]
            shown = ShownList.of(ids, found.model_version, state)
            self._last_lists.note(key, shown, state)
        return found

    def _unwanted(self, history, options):
        """Items of a history that must not come."""
        _, hidden = self._reactions.split(history)
        seen = [] if options.allow_repeats else (event[0] for event in history)
        return {*hidden, *seen} - {""}

    def _item(self, item, evidence=None, lang="en"):
        return RecommendedItem(
            item_id=item.item_id,
            score=item.score,
            probability=item.probability,
            reason=evidence and sentence(evidence, lang),
            because=evidence and Because.model_validate(evidence),
            **self._catalogue.words(item.item_id),
        )

    def _fall_back(self, history, options, now, error, selection=None):
        """The cold list, by all options that need no model."""
        if error.code is grpc.StatusCode.INVALID_ARGUMENT:
            raise error
        unwanted = self._unwanted(history, options)
        allowed = [
            self._item(item)
            for item in self._model.cold_list(now)
            if item.item_id not in unwanted
            and item.probability >= options.min_probability
            and not self._catalogue.is_gone(item.item_id)
            and self._catalogue.is_in(item.item_id, options.categories)
            and self._catalogue.is_of(item.item_id, options.domains)
            and (selection is None or selection.is_allowed(item.item_id))
        ]
        if not allowed:
            raise NoAnswerError(
                f"The model server does not answer ({error}), and there is no earlier "
                "list for users without events. Try again in some seconds."
            )
        self._metrics.fallbacks.inc()
        if selection:
            allowed = selection.arranged(allowed, options.k)
        return Found(allowed[: options.num_items], self._model.version, "fallback")
