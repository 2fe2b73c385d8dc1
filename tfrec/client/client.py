"""A client of the recommender: of this server or of tensorflow_model_server."""

import contextlib
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import grpc
import numpy as np
import numpy.typing as npt

from tfrec.client import calls
from tfrec.client.answers import (
    EventKind,
    Recommendation,
    SimilarItem,
    VersionStatus,
)
from tfrec.client.connection import Connection
from tfrec.client.histories import HistoryLike, QueryError, read_history
from tfrec.client.old_models import OldModels
from tfrec.client.predictor import Predictor
from tfrec.client.reasons import evidence
from tfrec.protocol import tracing
from tfrec.protocol.methods import stubs
from tfrec.protocol.signature import Signature
from tfrec.protocol.status import RequestError
from tfrec.reasons.evidence import Evidence


class RecommenderClient:
    """Asks a server of the TF Serving protocol, over one connection.

    It needs no TensorFlow. Every error of the server is raised as `RequestError` with
    its status code and words, once `retries` further attempts did not help.

    Args:
        target: `"host:port"`.
        model_name: what the server calls the model.
        timeout_s: seconds that a call may take, all its attempts together.
        items: parquet file with `item_id` and `title`, such as the artefact's
            `assets.extra/items.parquet`, to have titles in the answers.
        retries: attempts after the first, while the server is away or overloaded.
        credentials: for TLS, as `grpc.ssl_channel_credentials` makes them.
        token: bearer token, or what gives it, asked before each call.

    Raises:
        ConfigError: `retries` is negative.
    """

    def __init__(
        self,
        target: str,
        model_name: str,
        *,
        timeout_s: float = 10,
        items: str | pathlib.Path | None = None,
        retries: int = 2,
        credentials: grpc.ChannelCredentials | None = None,
        token: str | Callable[[], str] = "",
    ):
        self.model_name = model_name
        self._connection = Connection(
            target=target,
            timeout_s=timeout_s,
            retries=retries,
            credentials=credentials,
            token=token,
        )
        self._titles = calls.Titles(items)
        self._old_models = OldModels()
        self._signatures: dict[str, Signature] | None = None
        self._channel = tracing.traced_channel(self._connection.channel())
        self._stubs = stubs(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self._channel.close()

    def recommend(
        self, history: HistoryLike = (), **options: Any
    ) -> list[Recommendation]:
        """The best items for one user.

        Args:
            history: the latest events: item ids, `(item_id, event, value, timestamp,
                text)` tuples, dicts with these keys or a pandas frame.
            **options: `k` (10), `user_text`, `query_text`, `exclude`, `categories`,
                `domain`, `min_probability`, `diversity`, `now`, `allow_repeats`,
                `filters`, `user_features`, `context`, `boosts`, `freshness`, `popular`
                as in `tfrec.client.histories.Query`. A model that was saved before
                boosts and freshness existed answers without them.

        Returns:
            At most `k`, best first; fewer if fewer are allowed.

        Raises:
            QueryError: the history or an option cannot be sent.
            RequestError: the server's status code and words.
        """
        return self.recommend_many([{"history": history, **options}])[0]

    def recommend_many(self, requests: Sequence[dict]) -> list[list[Recommendation]]:
        """As `recommend` for many users in one call.

        Args:
            requests: for each user the keyword arguments of `recommend`.
        """
        if not requests:
            return []
        return self.recommend_with_version(requests)[0]

    def recommend_with_version(
        self, requests: Sequence[dict]
    ) -> tuple[list[list[Recommendation]], int]:
        """As `recommend_many` for at least one user, and the version that answered."""
        call = self.complete(calls.recommend(requests, self._titles))
        response = self._respond(call)
        found = call.read(calls.read_outputs(response))
        return found, response.model_spec.version.value

    def recommend_from_interest(
        self, interest: npt.ArrayLike, *, now: Any = 0, **options: Any
    ) -> list[Recommendation]:
        """The best items for an embedding that was kept, as `update_interest` gives.

        Args:
            interest: `[dim]` floats.
            now: a time, 0 for the server's clock.
            **options: `k`, `exclude`, `met`, `categories`, `domain`,
                `min_probability`, `diversity`, `filters`, `boosts`, `freshness`,
                `popular` as for `recommend`.
        """
        call = calls.recommend_from_interest(interest, self._titles, now=now, **options)
        return self._ask(call)

    def similar(self, item_ids: Sequence, **options: Any) -> list[list[SimilarItem]]:
        """The items that are most like each of some items, whoever asks.

        Args:
            item_ids: which.
            **options: `k` (10), `exclude`, `met`, `categories`, `domain`, `filters`,
                `now`.

        Returns:
            At most `k` for each, best first; none for an unknown item.

        Raises:
            QueryError: an id or an option cannot be sent.
            RequestError: the server's status code and words.
        """
        call = calls.similar(item_ids, self._titles, **options)
        if not len(item_ids):
            return []
        with calls.explaining_old_models("similar"):
            return self._ask(call)

    def embed_query(self, history: HistoryLike = (), **texts: Any) -> np.ndarray:
        """The embedding `[dim]` of a user.

        Args:
            history: as in `recommend`.
            **texts: `user_text`, `query_text`, `now`, `user_features`, `context`.
        """
        return self._ask(calls.embed_query(history, **texts))

    def score_interest(
        self, candidates: Sequence, history: HistoryLike = (), **texts: Any
    ) -> np.ndarray:
        """Probability `[len(candidates)]` that the user is interested in each item."""
        return self._ask(calls.score_interest(candidates, history, **texts))

    def score_texts(
        self,
        user_text: calls.Texts,
        title: calls.Texts,
        *,
        text: calls.Texts = "",
        category: calls.Texts = "",
    ) -> np.ndarray:
        """Probability `[n]` that people are interested in items, by texts alone.

        Args:
            user_text: what somebody says of themselves; or a list, one for each pair.
            title: of the item; `text` and `category` ("drama|war") say more of it.
        """
        return self._ask(calls.score_texts(user_text, title, text, category))

    def explain(
        self, candidates: Sequence, history: HistoryLike, **texts: Any
    ) -> np.ndarray:
        """How much each event speaks for each candidate.

        Returns:
            `[len(candidates), len(history)]`, in the order given.
        """
        return self._ask(calls.explain(candidates, history, **texts))

    def evidence(
        self, candidates: Sequence, history: HistoryLike, **texts: Any
    ) -> list[Evidence]:
        """Which events carry each candidate, and which one a reason names.

        Args:
            candidates: ids of a whole list: an event is named that tells an item from
                the others.
            history: as in `recommend`.
            **texts: `user_text`, `query_text`, `now`, `user_features`, `context`.

        Returns:
            For `tfrec.reasons.sentences.sentence`; with titles, without shared words.
        """
        events, _ = read_history(history, texts.get("now"))
        shares = self.explain(candidates, events, **texts)
        return evidence(candidates, events, shares, self.event_kinds(), self.titles)

    def update_interest(
        self, interest: npt.ArrayLike, item_id: str, reward: float, learning_rate: float
    ) -> np.ndarray:
        """The embedding `[dim]` after one more event.

        Args:
            interest: `[dim]` floats.
            item_id: what the event was about.
            reward: 1 for interest, 0 for none.
            learning_rate: size of the step.
        """
        return self._ask(
            calls.update_interest(interest, item_id, reward, learning_rate)
        )

    def event_kinds(self) -> list[EventKind]:
        """The kinds of events that the model learnt from, and what they speak of.

        Events of other kinds are no sign of interest to it.
        """
        return self._ask(calls.event_kinds())

    def probability_of(self) -> str:
        """What probabilities are of.

        `"chosen"`: that an item is the chosen one, and not one drawn at random;
        `"liked"`: that somebody likes an item that they meet. `""` of an older model.
        """
        return self._ask(calls.probability_of())

    def metadata(self) -> dict[str, Signature]:
        """The model's signatures: inputs, outputs, defaults."""
        request = calls.metadata_request(self.model_name)
        return calls.read_metadata(self._call("GetModelMetadata", request))

    def status(self) -> list[VersionStatus]:
        """Every version the server knows of."""
        request = calls.status_request(self.model_name)
        return calls.read_status(self._call("GetModelStatus", request))

    def predict(
        self, signature: str, inputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Answers one signature: name to array in, name to array out."""
        return calls.read_outputs(self._predict(signature, inputs))

    @property
    def titles(self) -> dict[str, str]:
        """Item id to title, of the items whose titles are known."""
        return self._titles.by_id

    def complete(self, call: calls.SignatureCall) -> calls.SignatureCall:
        """A call with the inputs of the model's own that are given by name.

        Raises:
            QueryError: the model has no such input, or a value is of another kind.
            RequestError: the server's status code and words.
        """
        if not call.has_own:
            return call
        if self._signatures is not None:
            with contextlib.suppress(QueryError):  # a later version may take it
                return call.complete(self._signatures)
        self._signatures = self.metadata()
        return call.complete(self._signatures)

    def _ask(self, call: calls.SignatureCall) -> Any:
        call = self.complete(call)
        return call.read(calls.read_outputs(self._respond(call)))

    def _respond(self, call: calls.SignatureCall) -> Any:
        """A `PredictResponse`; of an old model one without later inputs."""
        try:
            return self._predict(call.signature_name, call.inputs)
        except RequestError as error:
            inputs = self._old_models.without_later(call.inputs, error)
            return self._predict(call.signature_name, inputs)

    def _predict(self, signature: str, inputs: dict[str, np.ndarray]) -> Any:
        request = calls.predict_request(self.model_name, signature, inputs)
        return self._call("Predict", request)

    def _call(self, method: str, request: Any) -> Any:
        metadata, attempt = self._connection.metadata, self._connection.attempt()
        while True:
            try:
                return self._stubs[method](
                    request, timeout=attempt.timeout_s, metadata=metadata
                )
            except grpc.RpcError as error:
                time.sleep(attempt.wait_s(error))
            attempt = attempt.next()


class Client(Predictor):
    """A served model with the methods of `tfrec.Recommender`; needs no TensorFlow.

    Args:
        target: `"host:port"`.
        model_name: what the server calls the model.
        **connection: further arguments of `RecommenderClient`.

    Attributes:
        service: `RecommenderClient`, for one user at a time and the model's status.

    Example:
        >>> with Client("127.0.0.1:8500", "shop") as client:  # doctest: +SKIP
        ...     client.recommend([["50", "172"]], k=3)
    """

    def __init__(self, target: str, model_name: str, **connection: Any):
        self.service = RecommenderClient(target, model_name, **connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self.service.close()

    @property
    def titles(self) -> dict[str, str]:
        return self.service.titles

    def metadata(self) -> dict[str, Signature]:
        return self.service.metadata()

    def predict(self, signature: str, inputs: dict) -> dict[str, np.ndarray]:
        return self.service.predict(signature, inputs)

    def complete(self, call: calls.SignatureCall) -> calls.SignatureCall:
        return self.service.complete(call)
