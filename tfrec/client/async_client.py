"""The client for programs that run on asyncio."""

import asyncio
import contextlib
import functools
import pathlib
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
from tfrec.client.reasons import evidence
from tfrec.protocol.methods import stubs
from tfrec.protocol.signature import Signature
from tfrec.protocol.status import RequestError
from tfrec.reasons.evidence import Evidence


class AsyncRecommenderClient:
    """`RecommenderClient` with the same methods and errors, all to be awaited.

    Args:
        target: `"host:port"`.
        model_name: what the server calls the model.
        timeout_s: seconds that a call may take, all its attempts together.
        items: parquet file with `item_id` and `title`.
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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection."""
        await self._channel.close()

    async def recommend(
        self, history: HistoryLike = (), **options: Any
    ) -> list[Recommendation]:
        """The best items for one user."""
        return (await self.recommend_many([{"history": history, **options}]))[0]

    async def recommend_many(
        self, requests: Sequence[dict]
    ) -> list[list[Recommendation]]:
        """As `recommend` for many users in one call."""
        if not requests:
            return []
        return (await self.recommend_with_version(requests))[0]

    async def recommend_with_version(
        self, requests: Sequence[dict]
    ) -> tuple[list[list[Recommendation]], int]:
        """As `recommend_many` for at least one user, and the version that answered."""
        call = await self.complete(calls.recommend(requests, self._titles))
        response = await self._respond(call)
        found = call.read(calls.read_outputs(response))
        return found, response.model_spec.version.value

    async def recommend_from_interest(
        self, interest: npt.ArrayLike, *, now: Any = 0, **options: Any
    ) -> list[Recommendation]:
        """The best items for an embedding `[dim]` that was kept."""
        call = calls.recommend_from_interest(interest, self._titles, now=now, **options)
        return await self._ask(call)

    async def similar(
        self, item_ids: Sequence, **options: Any
    ) -> list[list[SimilarItem]]:
        """The items that are most like each of some items."""
        call = calls.similar(item_ids, self._titles, **options)
        if not len(item_ids):
            return []
        with calls.explaining_old_models("similar"):
            return await self._ask(call)

    async def embed_query(self, history: HistoryLike = (), **texts: Any) -> np.ndarray:
        """The embedding `[dim]` of a user."""
        return await self._ask(calls.embed_query(history, **texts))

    async def score_interest(
        self, candidates: Sequence, history: HistoryLike = (), **texts: Any
    ) -> np.ndarray:
        """Probability `[len(candidates)]` that the user is interested in each item."""
        return await self._ask(calls.score_interest(candidates, history, **texts))

    async def score_texts(
        self,
        user_text: calls.Texts,
        title: calls.Texts,
        *,
        text: calls.Texts = "",
        category: calls.Texts = "",
    ) -> np.ndarray:
        """Probability `[n]` that people are interested in items, by texts alone."""
        return await self._ask(calls.score_texts(user_text, title, text, category))

    async def explain(
        self, candidates: Sequence, history: HistoryLike, **texts: Any
    ) -> np.ndarray:
        """Weights `[len(candidates), len(history)]`, in the order given."""
        return await self._ask(calls.explain(candidates, history, **texts))

    async def evidence(
        self, candidates: Sequence, history: HistoryLike, **texts: Any
    ) -> list[Evidence]:
        """Which events carry each candidate, and which one a reason names."""
        events, _ = read_history(history, texts.get("now"))
        shares = await self.explain(candidates, events, **texts)
        kinds = await self.event_kinds()
        return evidence(candidates, events, shares, kinds, self._titles.by_id)

    async def update_interest(
        self, interest: npt.ArrayLike, item_id: str, reward: float, learning_rate: float
    ) -> np.ndarray:
        """The embedding `[dim]` after one more event."""
        call = calls.update_interest(interest, item_id, reward, learning_rate)
        return await self._ask(call)

    async def event_kinds(self) -> list[EventKind]:
        """The kinds of events that the model learnt from, and what they speak of."""
        return await self._ask(calls.event_kinds())

    async def probability_of(self) -> str:
        """What probabilities are of, as of `RecommenderClient`."""
        return await self._ask(calls.probability_of())

    async def metadata(self) -> dict[str, Signature]:
        """The model's signatures: inputs, outputs, defaults."""
        request = calls.metadata_request(self.model_name)
        return calls.read_metadata(await self._call("GetModelMetadata", request))

    async def status(self) -> list[VersionStatus]:
        """Every version the server knows of."""
        request = calls.status_request(self.model_name)
        return calls.read_status(await self._call("GetModelStatus", request))

    @functools.cached_property
    def _channel(self) -> grpc.aio.Channel:
        return self._connection.channel(grpc.aio)  # of the loop that asks first

    @functools.cached_property
    def _stubs(self) -> dict[str, Callable]:
        return stubs(self._channel)

    async def complete(self, call: calls.SignatureCall) -> calls.SignatureCall:
        """A call with the inputs of the model's own that are given by name."""
        if not call.has_own:
            return call
        if self._signatures is not None:
            with contextlib.suppress(QueryError):  # a later version may take it
                return call.complete(self._signatures)
        self._signatures = await self.metadata()
        return call.complete(self._signatures)

    async def _ask(self, call: calls.SignatureCall) -> Any:
        call = await self.complete(call)
        return call.read(calls.read_outputs(await self._respond(call)))

    async def _respond(self, call: calls.SignatureCall) -> Any:
        """A `PredictResponse`; of an old model one without later inputs."""
        try:
            return await self._predict(call.signature_name, call.inputs)
        except RequestError as error:
            inputs = self._old_models.without_later(call.inputs, error)
            return await self._predict(call.signature_name, inputs)

    async def _predict(self, signature: str, inputs: dict[str, np.ndarray]) -> Any:
        request = calls.predict_request(self.model_name, signature, inputs)
        return await self._call("Predict", request)

    async def _call(self, method: str, request: Any) -> Any:
        metadata, attempt = self._connection.metadata, self._connection.attempt()
        while True:
            try:
                return await self._stubs[method](
                    request, timeout=attempt.timeout_s, metadata=metadata
                )
            except grpc.RpcError as error:
                await asyncio.sleep(attempt.wait_s(error))
            attempt = attempt.next()
