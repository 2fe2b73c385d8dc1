"""The same questions to a model in memory, on disk, or behind a server."""

import abc
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tfrec.client import calls
from tfrec.client.frames import imported_pandas, recommendations, similar_frame
from tfrec.client.histories import (
    HistoryLike,
    Query,
    QueryError,
    make_query,
    read_history,
    read_ids,
)
from tfrec.client.inputs import recommend_inputs
from tfrec.client.old_models import OldModels
from tfrec.client.popular import PopularLike
from tfrec.client.reasons import evidence
from tfrec.protocol.signature import Signature
from tfrec.protocol.status import RequestError
from tfrec.reasons.sentences import Lang, sentence

if TYPE_CHECKING:
    import pandas as pd

ITEMS_AT_ONCE = 256  # whose likes are sought in one call
PER_QUERY = (
    *("user_text", "query_text", "now", "allow_repeats"),
    *("user_features", "context"),
)
Features: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Predictor(abc.ABC):
    """Recommends, explains and judges items, as pandas frames.

    A subclass says how a signature is answered, and may know titles.
    """

    @abc.abstractmethod
    def predict(self, signature: str, inputs: dict) -> dict[str, np.ndarray]:
        """Answers one signature of the model.

        Args:
            signature: its name; `docs/artefact.md` has them all.
            inputs: name to array; those with a default may be left out.

        Returns:
            Name to array, strings as `bytes`.

        Raises:
            RequestError: the call does not fit the signature.
        """

    @abc.abstractmethod
    def metadata(self) -> Mapping[str, Signature]:
        """The model's signatures by name, at least what they take."""

    @property
    def titles(self) -> Mapping[str, str]:
        """Item id to title, of the items whose titles are known."""
        return {}

    def recommend(
        self,
        histories: Sequence[HistoryLike] | None = None,
        *,
        k: int = 10,
        exclude: Sequence = (),
        user_text: str | Sequence[str] = "",
        query_text: str | Sequence[str] = "",
        categories: Sequence[str] = (),
        domain: Sequence[str] = (),
        min_probability: float = 0.0,
        diversity: float = 0.0,
        allow_repeats: bool = False,
        filters: Mapping[str, Any] | None = None,
        user_features: Features = None,
        context: Features = None,
        now: Any = None,
        boosts: Mapping[str, float] | None = None,
        freshness: tuple[float, float] | None = None,
        popular: "PopularLike | None" = None,
    ) -> "pd.DataFrame":
        """The best items for people, by what they did last.

        Args:
            histories: one for each person, `[[]]` for somebody unknown: a list of item
                ids, of `(item_id, event, value, timestamp, text)` tuples (the end may
                be left out) or of dicts with these keys, or a frame with these columns.
                A text, such as a search, needs no item id.
            k: items for each.
            exclude: item ids that nobody is to get, or a list of such lists, one for
                each.
            user_text: profile, one for all or a list of one for each.
            query_text: what is looked for, in free words; the same.
            categories: those wanted, none for all.
            domain: those wanted, such as `["books"]`, none for all.
            min_probability: items below it do not come.
            diversity: 0 for the best items, up to 1 for items unlike one another.
            allow_repeats: whether items of the history may come again.
            filters: limits of attributes, such as `{"price_max": 10, "brand_any":
                ["acme"]}`: `_min` and `_max` of numbers and times, `_any`, `_none`
                and, of categories, `_all` of names.
            user_features: feature columns of the user, such as `{"age": 31}`, one for
                all or a list of one for each.
            context: feature columns of the request; the same.
            now: time of asking (UTC seconds, ISO 8601, a datetime), one for all or a
                list; None for right after the last event.
            boosts: label -> what is added to the scores of its items, negative to bury
                them, such as `{"drama": 0.5, "domain:books": -1}`.
            freshness: `(weight, half_life_hours)`: what is added to the score of an
                item that came just now, and when half of it is left.
            popular: live counts of items by id, such as `{"50": 120.0}`, or
                `{"50": (120.0, 30.0)}` of about the last two weeks and two hours; they
                replace the popularity that was learnt. `Popular.of` takes a total too.

        Returns:
            Frame `query, rank, item_id, title, score, probability`, the best first:
            `query` is the number of the history, from 0; `probability` is P(interest),
            calibrated and without boosts; `title` is `""` where none is known. A model
            that was saved before boosts existed answers without them, with a warning.

        Raises:
            QueryError: a history or an option cannot be asked; says which and why.
        """
        given = {
            "user_text": user_text,
            "query_text": query_text,
            "now": now,
            "allow_repeats": allow_repeats,
            "user_features": user_features or {},
            "context": context or {},
        }
        shared = {
            "k": k,
            "categories": categories,
            "domain": domain,
            "min_probability": min_probability,
            "diversity": diversity,
            "boosts": boosts or {},
            "freshness": freshness or (0.0, 0.0),
            "filters": filters or {},
            "popular": popular or {},
        }
        queries = _queries(histories, given, shared, exclude)
        if not queries:
            raise QueryError("`histories` must hold at least one history. Received: 0.")
        own = [query.own for query in queries]
        call = calls.SignatureCall(
            "recommend",
            recommend_inputs(queries),
            lambda answer: recommendations(answer, self.titles),
            own,
        )
        return self._answer(call)

    @functools.cached_property
    def _old_models(self) -> OldModels:
        return OldModels()

    def similar(
        self,
        item_ids: Sequence,
        *,
        k: int = 10,
        exclude: Sequence = (),
        met: Sequence = (),
        categories: Sequence[str] = (),
        domain: Sequence[str] = (),
        filters: Mapping[str, Any] | None = None,
        now: Any = None,
    ) -> "pd.DataFrame":
        """The items that are most like others, whoever asks.

        Args:
            item_ids: which; one of the model's items, or any that was added since.
            k: items for each.
            exclude: item ids that are not to come.
            met: item ids that count as met: items that come after others come only if
                all of those are among them.
            categories: those wanted, none for all.
            domain: those wanted, such as `["books"]`, none for all.
            filters: limits of attributes, as for `recommend`.
            now: time at which they must be on offer, None for the clock.

        Returns:
            Frame `query, rank, item_id, title, score`, the best first: `query` is the
            item that others are like. Neither it nor items with the same text come; an
            unknown item has no rows.

        Raises:
            QueryError: an id or an option cannot be asked; says which and why.
            RequestError: the model was saved before it could tell.
        """
        ids = _ids(item_ids)
        options: dict[str, Any] = {
            "exclude": exclude,
            "met": met,
            "categories": categories,
            "domain": domain,
            "filters": filters or {},
        }
        titles, rows = calls.Titles(), list[tuple]()
        with calls.explaining_old_models("similar"):
            for start in range(0, len(ids), ITEMS_AT_ONCE):
                part = ids[start : start + ITEMS_AT_ONCE]
                found = self._answer(
                    calls.similar(part, titles, k=k, now=now, **options)
                )
                rows += zip(part, found, strict=True)
        return similar_frame(rows, self.titles)

    def interest(
        self, history: HistoryLike, item_ids: Sequence, **texts: Any
    ) -> "pd.Series":
        """How likely one person is interested in items.

        Args:
            history: as one of those of `recommend`.
            item_ids: which.
            **texts: `user_text`, `query_text`, `now`, `user_features`, `context`, as
                for `recommend`.

        Returns:
            Series `probability`, calibrated, by item id; 0 for unknown items.
        """
        ids = _ids(item_ids)
        found = self._answer(calls.score_interest(ids, history, **texts))
        index = imported_pandas().Index(ids, name="item_id")
        return imported_pandas().Series(found, index=index, name="probability")

    def score_texts(
        self,
        user_text: calls.Texts,
        title: calls.Texts,
        *,
        text: calls.Texts = "",
        category: calls.Texts = "",
    ) -> np.ndarray:
        """How likely people are interested in items, known by their texts alone.

        Args:
            user_text: what somebody says of themselves; or a list, one for each pair.
            title: of the item; the same.
            text: more of it; the same.
            category: `"drama|war"`; the same.

        Returns:
            `[n]` float32 array of calibrated probabilities, one for each pair.

        Raises:
            QueryError: lists differ in length, or hold something else than texts.
        """
        call = calls.score_texts(user_text, title, text, category)
        return self._answer(call)

    def explain(
        self, history: HistoryLike, item_ids: Sequence, **texts: Any
    ) -> "pd.DataFrame":
        """How much each event of a history speaks for items.

        Args:
            history: as one of those of `recommend`.
            item_ids: the items to explain.
            **texts: `user_text`, `query_text`, `now`, `user_features`, `context`, as
                for `recommend`.

        Returns:
            Frame with a row for each item and a column for each event, in the order
            given and named by its item, or its text where it has none. A row sums to 1,
            or to 0 where no event speaks for the item.
        """
        ids = _ids(item_ids)
        events, order = read_history(history, texts.get("now"))
        columns = np.empty_like(events.item_ids)
        columns[order] = np.where(events.item_ids == "", events.texts, events.item_ids)
        return imported_pandas().DataFrame(
            self._answer(calls.explain(ids, history, **texts)),
            index=imported_pandas().Index(ids, name="item_id"),
            columns=imported_pandas().Index(columns, name="event_of"),
        )

    def reasons(
        self,
        history: HistoryLike,
        item_ids: Sequence,
        *,
        lang: Lang = "en",
        **texts: Any,
    ) -> "pd.Series":
        """Why items are recommended, in a sentence each.

        Args:
            history: as one of those of `recommend`.
            item_ids: the whole list: an event is named that tells an item from the
                others.
            lang: `"en"` or `"zh"`.
            **texts: `user_text`, `query_text`, `now`, `user_features`, `context`, as
                for `recommend`.

        Returns:
            Series `reason` by item id; None where no event may be named.
        """
        ids = _ids(item_ids)
        events, _ = read_history(history, texts.get("now"))
        shares = self._answer(calls.explain(ids, events, **texts))
        kinds = self._answer(calls.event_kinds())
        found = [
            sentence(each, lang)
            for each in evidence(ids, events, shares, kinds, self.titles)
        ]
        index = imported_pandas().Index(ids, name="item_id")
        return imported_pandas().Series(found, index=index, name="reason", dtype=object)

    def complete(self, call: calls.SignatureCall) -> calls.SignatureCall:
        """A call with the inputs of the model's own that are given by name.

        Raises:
            QueryError: the model has no such input, or a value is of another kind.
        """
        return call.complete(self.metadata()) if call.has_own else call

    def _answer(self, call: calls.SignatureCall) -> Any:
        call = self.complete(call)
        try:
            answer = self.predict(call.signature_name, call.inputs)
        except RequestError as error:
            inputs = self._old_models.without_later(call.inputs, error)
            answer = self.predict(call.signature_name, inputs)
        return call.read(answer)


def _queries(
    histories: Sequence[HistoryLike] | None,
    given: dict[str, Any],
    shared: dict[str, Any],
    exclude: Sequence = (),
) -> list[Query]:
    """A `Query` for each history, or for each text where there are no histories.

    What is given, and lists that are excluded, may be one for each.
    """
    if isinstance(histories, str | dict) or _is_frame(histories):
        raise QueryError(
            "`histories` must be a list of histories, one for each person. Received: "
            f"{type(histories).__name__}. For one person: [history]."
        )
    lists = {name: each for name, each in given.items() if _is_list(each)}
    if _is_list(exclude) and any(map(_is_list, exclude)):
        lists["exclude"] = exclude
    if histories is None:
        histories = [[]] * max(map(len, lists.values()), default=1)
    for name, each in lists.items():
        if len(each) != len(histories):
            raise QueryError(
                f"`{name}` must be one for all or a list of one for each history, "
                f"{len(histories)}. Received: {len(each)}."
            )
    return [
        make_query(
            history,
            **shared
            | given
            | {"exclude": exclude}
            | {name: each[place] for name, each in lists.items()},
        )
        for place, history in enumerate(histories)
    ]


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray)


def _is_frame(value: Any) -> bool:
    return hasattr(value, "to_dict") and hasattr(value, "columns")


def _ids(item_ids: Sequence) -> list[str]:
    if isinstance(item_ids, str):
        raise QueryError(f"`item_ids` must be a list of ids. Received: {item_ids!r}.")
    return read_ids("item_ids", item_ids)
