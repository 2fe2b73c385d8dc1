"""From a user's state to an answer: cache, model, reasons, fallback."""

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import grpc

from serving.gateway.cache import AnswerCache
from serving.gateway.feedback import Reactions
from serving.gateway.impressions import Impression, Impressions, ImpressionSource
from serving.gateway.last_lists import LastLists, ShownList, question_of
from serving.gateway.list_options import ListOptions
from serving.gateway.metrics import Metrics
from serving.gateway.model_client import ModelClient
from serving.gateway.online_interests import InterestKeeping
from serving.gateway.popular_now import PopularNow
from serving.gateway.reasons import Reasons
from serving.gateway.ruled_request import AppliedRules, RuledRequest
from serving.gateway.ruling import Person, Ruling
from serving.gateway.schemas import Because, ReasonCode, RecommendedItem
from serving.gateway.titles import ItemTitles
from serving.profile import Profile
from serving.sentences.selection import Selection
from serving.user_states.store import UserStates
from tfrec.client.histories import QueryError
from tfrec.errors import ServingError
from tfrec.inference.interest_decay import InterestSettings
from tfrec.protocol.status import RequestError
from tfrec.reasons.evidence import Evidence
from tfrec.reasons.sentences import sentence


class NoAnswerError(ServingError):
    """The model server is away, and there is nothing to say instead."""


def no_list(version: int) -> None:
    """What there was before the first list of somebody."""


@dataclass(frozen=True)
class Found:
    """Items, best first, and where they come from.

    Attributes:
        items: as an answer has them.
        model_version: that answered.
        reason_code: as of `Recommendations`.
        evidence: of each item, None where there is none; empty if nobody asked.
        applied: which rules the list follows.
        probability_of: what the probabilities are of, as of `Recommendations`.
    """

    items: Sequence[RecommendedItem]
    model_version: int
    reason_code: ReasonCode
    evidence: Sequence[Evidence | None] = ()
    applied: AppliedRules = AppliedRules()
    probability_of: str = ""


def note_found(
    impressions: Impressions,
    user_id: str,
    found: Found,
    now: int | None,
    source: str = "",
) -> str:
    """Notes a list that is about to be answered, and gives its id.

    Args:
        impressions: where to note it.
        user_id: who gets it, `""` for somebody without an id.
        found: the list.
        now: UTC seconds, None for the clock.
        source: where it comes from, if not the reason code says that.
    """
    shown = (Impression(i.item_id, i.score, i.probability) for i in found.items)
    about = (source or found.reason_code, found.model_version)
    source_of = ImpressionSource(*about, **vars(found.applied))
    return impressions.note(user_id, shown, source_of, now or int(time.time()))


class Recommending:
    """Answers for users and for sessions; safe for many threads.

    Args:
        states: whose users are served.
        model: the model server.
        catalogue: titles and categories.
        metrics: where to count.
        reactions: what events mean; all speak for their items if None.
        settings: how interest vectors follow events.
        profiles: user id -> `Profile`, of those who have one.

    Attributes:
        ruling: the rules that lists follow, None for none.
    """

    def __init__(
        self,
        states: UserStates,
        model: ModelClient,
        catalogue: ItemTitles,
        metrics: Metrics,
        reactions: Reactions | None = None,
        settings: InterestSettings | None = None,
        profiles: Mapping[str, Profile] | None = None,
    ):
        self._states = states
        self._model = model
        self._catalogue = catalogue
        self._metrics = metrics
        self._reactions = reactions or Reactions()
        self._popular = PopularNow(states, catalogue, self._reactions)
        self._profiles = profiles or {}
        self.ruling: Ruling | None = None
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
        is_known = state.version or user_id in self._profiles or self.ruling
        is_known = is_known or self._catalogue.is_person(user_id)
        who = (user_id, state.incarnation, state.version) if is_known else ()
        rules = self.ruling.version if self.ruling else ""
        second = int(time.time())
        found = self._cache.get((who, self._model.version, options, rules), second)
        self._metrics.count_cache(found is not None)
        if found is None:
            found = self._find(user_id, state, options, options.now or second)
            if found.reason_code != "fallback":
                key = (who, found.model_version, options, rules)
                self._cache.put(key, second, found)
            self._note_shown(user_id, found, options.now or second)
        return found, state.version

    def _note_shown(self, user_id, found, now):
        if self.ruling:
            self.ruling.note_shown(user_id, [i.item_id for i in found.items], now)

    def for_session(self, history: Sequence[tuple], options: ListOptions) -> Found:
        """What somebody without an id gets; raises as `for_user`.

        Args:
            history: as `tfrec.client.histories.FIELDS`, any order.
            options: `ListOptions`.
        """
        now = options.now or int(time.time())
        return self._by_history(history, options, now, "")

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
        about = (options, now, user_id, no_list, selection)
        found = self._by_history([*state.history(), *events], *about)
        self._note_shown(user_id, found, now)
        return found, state.version

    def for_session_request(
        self, history: Sequence[tuple], options: ListOptions, selection: Selection
    ) -> Found:
        """What somebody without an id gets of a selection; raises as `for_user`."""
        now = options.now or int(time.time())
        return self._by_history(history, options, now, "", no_list, selection)

    def _by_history(
        self, history, options, now, user_id, see_before=no_list, selection=None
    ):
        profile = self._profile(user_id)
        texts = {
            "query_text": options.query,
            "now": now,
            "user_text": profile.text,
            "user_features": dict(profile.features) | dict(options.user_features),
            "context": dict(options.context),
        }
        visible, hidden = self._reactions.split(history)
        excluded = selection.excluded if selection else ()
        excluded = [*hidden, *excluded, *self._self(user_id)]
        filters = options.filters | {"exclude": excluded}
        filters["allow_repeats"] = options.allow_repeats
        filters["popular"] = self._popular.find()
        asked = self._asked(user_id, history, options, texts, selection)
        try:
            best, version = self._best(visible, filters, texts, asked)
        except RequestError as error:
            return self._fall_back(history, options, now, user_id, error, asked)
        evidence: list[Evidence | None] = [None] * len(best)
        if options.explain and best:
            before, items = see_before(version), [each.item for each in best]
            about = (asked.raised(filters), texts, before)
            evidence = self._reasons.of(items, visible, *about)
        pairs = zip(best, evidence, strict=True)
        items = [self._item(item, each, options.lang) for item, each in pairs]
        code: ReasonCode = "history" if visible else "cold_user"
        shown = evidence if options.explain else ()
        of = self._model.probability_of
        return Found(items, version, code, shown, asked.applied, of)

    def _best(self, history, filters, texts, asked):
        """`(RuledItems, version that answered)`, the older one of several."""
        versions = []

        def ask(filters):
            found = self._model.recommend(history=history, **filters, **texts)
            versions.append(found[1])
            return found[0]

        return asked.items(ask, filters), min(versions)

    def _asked(self, user_id, history, options, texts, selection=None):
        """A `RuledRequest`; `texts` has the time and the profile as well."""
        chosen_by = selection or options.quota
        if self.ruling is None:
            return RuledRequest(chosen_by, self._catalogue)
        unwanted = self._unwanted(history, options, user_id)

        def may_have(item_id):
            is_new = item_id not in unwanted
            return is_new and self._may_come(item_id, options, selection)

        visible, _ = self._reactions.split(history)
        person = Person(user_id, history, visible, texts, may_have)
        how = (options.domains, options.min_probability, chosen_by)
        return self.ruling.request(person, *how)

    def _may_come(self, item_id, options, selection):
        """Whether an item is what was asked for."""
        return (
            self._catalogue.is_in(item_id, options.categories)
            and self._catalogue.is_of(item_id, options.domains)
            and (selection is None or selection.is_allowed(item_id))
        )

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
        profile, history = self._profile(user_id), state.history()
        if options.mode == "history" or not state.version:
            return self._for_state(user_id, state, options, now)
        if options.query or options.explain or options.user_features or options.context:
            raise QueryError(
                "`query`, `explain`, `user.…` and `context.…` must be left out with "
                "`mode=interest`, because an interest vector is the user's history "
                "and profile alone."
            )
        filters = options.filters | {"now": now}
        filters["exclude"] = sorted(self._unwanted(history, options, user_id))
        filters["popular"] = self._popular.find()
        if self._catalogue.has_order:
            filters["met"] = sorted(self._reactions.met(history))
        texts = {"now": now, "user_text": profile.text}
        texts["user_features"] = dict(profile.features)
        asked = self._asked(user_id, history, options, texts)
        try:
            vector = self._keeping.query_vector(user_id, state, now, profile)
            ask = functools.partial(self._model.recommend_from_interest, vector)
            best = asked.items(lambda each: ask(**each), filters)
        except RequestError as error:
            return self._fall_back(history, options, now, user_id, error, asked)
        items = [self._item(item) for item in best]
        version = self._model.version
        how = {"applied": asked.applied, "probability_of": self._model.probability_of}
        return Found(items, version, "interest", **how)

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

        history = state.history()
        found = self._by_history(history, options, now, user_id, see_before)
        if found.reason_code != "fallback":
            ids = [item.item_id for item in found.items]
            shown = ShownList.of(ids, found.model_version, state)
            self._last_lists.note(key, shown, state)
        return found

    def _profile(self, user_id):
        """With those of its columns that the model reads."""
        profile = self._profiles.get(user_id, Profile())
        features = self._model.read_features(profile.features)
        return profile._replace(features=features)

    def _unwanted(self, history, options, user_id):
        """Items that must not come: some of a history, and the user."""
        _, hidden = self._reactions.split(history)
        seen = [] if options.allow_repeats else (event[0] for event in history)
        return {*hidden, *seen, *self._self(user_id)} - {""}

    def _self(self, user_id):
        """Nobody is recommended to themselves where people are items."""
        return [user_id] if self._catalogue.is_person(user_id) else []

    def _item(self, ruled, evidence=None, lang="en"):
        item = ruled.item
        return RecommendedItem(
            item_id=item.item_id,
            score=item.score,
            probability=item.probability,
            reason=evidence and sentence(evidence, lang),
            because=evidence and Because.model_validate(evidence),
            rules=list(ruled.rules),
            **self._catalogue.words(item.item_id),
        )

    def _fall_back(self, history, options, now, user_id, error, asked):
        """The cold list, by all options that need no model."""
        if error.code is grpc.StatusCode.INVALID_ARGUMENT:
            raise error
        unwanted = self._unwanted(history, options, user_id)
        met = self._reactions.met(history)
        chosen_by = asked.chosen_by
        selection = chosen_by if isinstance(chosen_by, Selection) else None
        # What the attributes of its items are, the model alone knows.
        cold_list = [] if options.limits else self._model.cold_list(now)
        allowed = [
            item
            for item in cold_list
            if item.item_id not in unwanted
            and item.probability >= options.min_probability
            and not self._catalogue.is_gone(item.item_id)
            and self._catalogue.is_open(item.item_id, met)
            and self._may_come(item.item_id, options, selection)
        ]
        if not allowed:
            raise NoAnswerError(
                f"The model server does not answer ({error}), and there is no earlier "
                "list for users without events that has what is asked for. Try again "
                "in some seconds."
            )
        self._metrics.fallbacks.inc()
        if selection:
            allowed = selection.arranged(allowed, options.k)
        listed = asked.items_of(allowed, options.num_items)
        items, version = [self._item(each) for each in listed], self._model.version
        how = {"applied": asked.applied, "probability_of": self._model.probability_of}
        return Found(items, version, "fallback", **how)
