"""The rules of a team, as lists of the gateway follow them."""

import dataclasses
import logging
import pathlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from serving.gateway.model_client import ModelClient
from serving.gateway.ruled_request import PersonFacts, RuledRequest
from serving.gateway.titles import ItemTitles
from serving.rules.arms import arm_of
from serving.rules.kinds import HOUR_S, Occasion, RuleBook
from serving.rules.plan import RulePlan
from serving.rules.reading import read_rules
from serving.rules.showings import times_shown
from serving.sentences.selection import Selection
from serving.user_states.store import StoreError, UserStates
from tfrec.watched_file import WatchedFile

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Person:
    """Who asks.

    Attributes:
        user_id: `""` for somebody without one.
        history: as `tfrec.client.histories.FIELDS`.
        visible: those events that the model reads.
        texts: `now`, the profile and what is looked for, as the model takes them.
        may_have: whether an item may come.
    """

    user_id: str
    history: Sequence[tuple]
    visible: Sequence[tuple]
    texts: dict[str, Any]
    may_have: Callable[[str], bool]


class Ruling:
    """Says which rules hold at a request; safe for many threads.

    Args:
        read: gives the rules as they are now.
        model: the model server.
        catalogue: labels of items.
        states: keep what lists showed.
    """

    def __init__(
        self,
        read: Callable[[], RuleBook],
        model: ModelClient,
        catalogue: ItemTitles,
        states: UserStates,
    ):
        self._read, self._model, self._catalogue = read, model, catalogue
        self._states = states
        self._warned: set[tuple] = set()

    @property
    def version(self) -> str:
        """Of the rules as they are now."""
        return self._read().version

    def note_shown(self, user_id: str, item_ids: Sequence[str], now: int) -> None:
        """Keeps a list for rules that count showings; nothing is kept without one.

        A store that has no room keeps the list from nobody.
        """
        if not (self._read().impressions and user_id):
            return
        try:
            self._states.note_shown(user_id, item_ids, now)
        except StoreError as error:
            logger.warning("What a list showed is not counted: %s", error)

    def request(
        self,
        person: Person,
        domains: Sequence[str],
        least: float,
        chosen_by: Selection | str,
    ) -> RuledRequest:
        """What a person asks for, and the rules that hold then.

        Args:
            person: who asks.
            domains: that the list is limited to.
            least: probability that an item must have.
            chosen_by: a `Selection`, or a quota of domains.
        """
        now = person.texts["now"]
        plan = self._plan(person.user_id, domains, now)
        is_sorted = isinstance(chosen_by, Selection) and not chosen_by.is_by_model

        def probability(item_id):
            found = self._model.score_interest(
                [item_id], person.visible, **person.texts
            )
            return float(found[0])

        facts = PersonFacts(
            catalogue=self._catalogue,
            may_have=lambda item_id: (
                self._catalogue.can_be_had(item_id, now) and person.may_have(item_id)
            ),
            probability=probability,
            least=least,
            shown={} if is_sorted else self._shown(plan, person),
        )
        return RuledRequest(chosen_by, self._catalogue, plan, facts)

    def _plan(self, user_id, domains, now):
        """The rules that hold, and that the model can follow."""
        book = self._read()
        self._warn_of_labels(book)
        arm = arm_of(book, user_id)
        plan = RulePlan.of(book, Occasion(now, frozenset(domains), arm))
        if plan.options and not self._model.takes("boost_labels"):
            plan = dataclasses.replace(plan, boosts=(), freshness=())
            self._warn(
                ("boosts", self._model.version),
                "Rules that boost, bury or prefer fresh items are not applied: model "
                f"version {self._model.version} was saved before it took boosts. "
                "Train and save a new version.",
            )
        return plan

    def _shown(self, plan, person):
        """How often items were shown lately and not chosen, if a rule asks for it."""
        if not (plan.impressions and person.user_id):
            return {}
        window_s = HOUR_S * max(rule.window_hours for rule in plan.impressions)
        chosen_at = {item_id: time for item_id, _, _, time, *_ in person.history}
        since = plan.occasion.now - window_s
        return times_shown(self._states.shown(person.user_id), since, chosen_at)

    def _warn_of_labels(self, book):
        """Of those that no item has: it may come, or is a mistake."""
        key = ("labels", book.version, self._model.version)
        if key not in self._warned:
            unknown = unknown_labels(book, self._catalogue)
            words = f"No item of the catalogue has these labels of rules: {unknown}."
            self._warn(key, words if unknown else "")

    def _warn(self, key, words):
        """Says something once."""
        if key not in self._warned and words:
            logger.warning("%s", words)
        self._warned.add(key)


def unknown_labels(book: RuleBook, catalogue: ItemTitles) -> str:
    """Labels of rules that no item has yet, with commas between; `""` for none."""
    return ", ".join(sorted(book.labels() - catalogue.all_labels()))


def add_rules(
    app: FastAPI,
    path: pathlib.Path | None,
    model: ModelClient,
    catalogue: ItemTitles,
    states: UserStates,
) -> None:
    """Has the lists of a gateway follow the rules of a file, as it changes.

    Args:
        app: as `make_app` makes it.
        path: of the file, None for none.
        model: the model server.
        catalogue: labels of items.
        states: keep what lists showed.

    Raises:
        ConfigError: the file cannot be read, or is wrong.
    """
    if path is None:
        return
    rules = WatchedFile("--rules", path, read_rules)
    app.state.recommending.ruling = Ruling(rules.content, model, catalogue, states)
    app.state.metrics.watch_rules(lambda: bool(rules.problem))
