"""What a client asks a model, and how it reads the answer: no connection here."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt

from tfrec.client import histories
from tfrec.client.answers import (
    EventKind,
    Recommendation,
    SimilarItem,
    VersionStatus,
)
from tfrec.client.histories import HistoryLike, QueryError, make_query
from tfrec.client.inputs import (
    filter_inputs,
    pad,
    popular_inputs,
    query_inputs,
    recommend_inputs,
)
from tfrec.client.item_table import read_item_table
from tfrec.client.own_inputs import Own, own_arrays
from tfrec.protocol.codec import read_tensor, write_tensor
from tfrec.protocol.messages import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    GetModelStatusRequest,
    GetModelStatusResponse,
    ModelVersionStatus,
    PredictRequest,
    PredictResponse,
    SignatureDefMap,
)
from tfrec.protocol.signature import Signature, read_signatures
from tfrec.protocol.status import RequestError

Texts = str | Sequence[str]
# What may be said of the items that are like others, as for `recommend`.
SIMILAR_OPTIONS = ("k", "exclude", "met", "categories", "domain", "filters")


@dataclass(frozen=True)
class SignatureCall:
    """One call of a signature.

    Attributes:
        signature_name: which.
        inputs: name to array.
        read: from name to array of the outputs, strings as `bytes`, to what the
            caller wants.
        own: of each row, what it gives for inputs of the model's own; `complete` adds
            these inputs.
    """

    signature_name: str
    inputs: dict[str, np.ndarray]
    read: Callable[[dict[str, np.ndarray]], Any]
    own: Sequence[Own] = ()

    @property
    def has_own(self) -> bool:
        """Whether it takes the model's signature to complete it."""
        return any(self.own)

    def complete(self, signatures: Mapping[str, Signature]) -> "SignatureCall":
        """The call with inputs of the model's own.

        Args:
            signatures: of the model, by name.

        Raises:
            QueryError: the signature has no such input, or a value is of another kind.
        """
        known = signatures.get(self.signature_name)
        inputs = known.inputs if known else {}
        added = own_arrays(self.own, self.signature_name, inputs)
        return replace(self, inputs=self.inputs | added, own=())

    def request(self, model_name: str) -> PredictRequest:
        """What is sent for it to a model of that name."""
        return predict_request(model_name, self.signature_name, self.inputs)


def predict_request(
    model_name: str, signature_name: str, inputs: dict[str, np.ndarray]
) -> PredictRequest:
    """A `PredictRequest` of name to array."""
    request = PredictRequest()
    request.model_spec.name = model_name
    request.model_spec.signature_name = signature_name
    for name, array in inputs.items():
        write_tensor(array, request.inputs[name])
    return request


class Titles:
    """Titles of items, to join to answers.

    Args:
        items: parquet file with `item_id` and `title`, or None for no titles.
    """

    def __init__(self, items: str | pathlib.Path | None = None):
        self.by_id = _read_titles(items) if items else {}

    def recommendations(self, answer: dict) -> list[list[Recommendation]]:
        """The rows of an answer, without padding."""
        names = ("item_ids", "scores", "probabilities")
        rows = zip(*(answer[name].tolist() for name in names), strict=True)
        return [
            [self._recommendation(*each) for each in zip(*row, strict=True) if each[0]]
            for row in rows
        ]

    def similar_items(self, answer: dict) -> list[list[SimilarItem]]:
        """The rows of an answer of `similar`, without padding."""
        pairs = zip(answer["item_ids"].tolist(), answer["scores"].tolist(), strict=True)
        return [
            [
                SimilarItem(name, score, self.by_id.get(name, ""))
                for name, score in zip(map(bytes.decode, ids), scores, strict=True)
                if name
            ]
            for ids, scores in pairs
        ]

    def _recommendation(
        self, item_id: bytes, score: float, probability: float
    ) -> Recommendation:
        name = item_id.decode()
        return Recommendation(name, score, probability, self.by_id.get(name, ""))


def recommend(requests: Sequence[dict], titles: Titles) -> SignatureCall:
    """For many users; read as their recommendations."""
    queries = [make_query(**each) for each in requests]
    inputs = recommend_inputs(queries)
    own = [query.own for query in queries]
    return SignatureCall("recommend", inputs, titles.recommendations, own)


def recommend_from_interest(
    interest: npt.ArrayLike, titles: Titles, *, now: Any = 0, **options: Any
) -> SignatureCall:
    """For an embedding; read as recommendations."""
    query = make_query(now=now, **options)
    inputs = filter_inputs([query]) | popular_inputs([query])
    inputs |= {"interest": _row(interest), "now": np.array([query.now], "int64")}
    return SignatureCall(
        "recommend_from_interest",
        inputs,
        lambda a: titles.recommendations(a)[0],
        [query.own],
    )


def similar(
    item_ids: Sequence,
    titles: Titles,
    *,
    now: Any = None,
    **options: Any,
) -> SignatureCall:
    """For items; read as the items that are like each.

    Args:
        item_ids: which.
        titles: of the items.
        now: time at which answers must be on offer, None for the clock.
        **options: those of `SIMILAR_OPTIONS`.
    """
    unknown = [name for name in options if name not in SIMILAR_OPTIONS]
    if unknown:
        raise TypeError(
            f"`similar` takes {', '.join(SIMILAR_OPTIONS)}. "
            f"Received: {', '.join(unknown)}."
        )
    if isinstance(item_ids, str):
        raise QueryError(f"`item_ids` must be a list of ids. Received: {item_ids!r}.")
    ids = histories.read_ids("item_ids", item_ids)
    query = make_query(now=now, **options)
    inputs = filter_inputs([query] * len(ids))
    del inputs["min_probability"]  # an item is no person, who would have one
    times = np.full(len(ids), query.now, "int64")
    inputs |= {"item_ids": np.array(ids, object), "now": times}
    own = [query.own] * len(ids)
    return SignatureCall("similar", inputs, titles.similar_items, own)


@contextlib.contextmanager
def explaining_old_models(signature: str) -> Iterator[None]:
    """Context in which a model's lack of a signature is an error in words.

    Raises:
        RequestError: the model was saved before there was the signature.
    """
    try:
        yield
    except RequestError as error:
        is_absent = error.code is grpc.StatusCode.FAILED_PRECONDITION
        if not (is_absent and f'"{signature}" not found' in error.message):
            raise
        raise RequestError(
            error.code,
            f"The model must have the signature `{signature}`, because that answers. "
            "Received: a model that was saved before it existed. Train and save a new "
            "version.",
        ) from error


def embed_query(history: HistoryLike = (), **texts: Any) -> SignatureCall:
    """For one user; read as `[dim]`."""
    query = make_query(history, **texts)
    inputs = query_inputs([query])
    return SignatureCall(
        "embed_query", inputs, lambda a: a["embedding"][0], [query.own]
    )


def score_interest(
    candidates: Sequence, history: HistoryLike = (), **texts: Any
) -> SignatureCall:
    """For one user; read as `[len(candidates)]` probabilities."""
    query = make_query(history, **texts)
    inputs = query_inputs([query])
    inputs["candidate_item_ids"] = pad([histories.read_ids("candidates", candidates)])
    return SignatureCall(
        "score_interest", inputs, lambda a: a["probabilities"][0, 1:], [query.own]
    )


def score_texts(
    user_text: Texts, title: Texts, text: Texts = "", category: Texts = ""
) -> SignatureCall:
    """For people and items known by texts alone, in pairs; read as `[n]`."""
    given = {"user_text": user_text, "title": title, "text": text, "category": category}
    columns = {
        name: np.atleast_1d(np.array(each, object)) for name, each in given.items()
    }
    size = max(map(len, columns.values()))
    for name, column in columns.items():
        if len(column) not in (1, size) or not all(isinstance(t, str) for t in column):
            raise QueryError(
                f"`{name}` must be a text, or a list of one for each pair, {size}. "
                f"Received: {given[name]!r}."
            )
    inputs = {name: np.resize(column, size) for name, column in columns.items()}
    return SignatureCall("score_texts", inputs, lambda a: a["probabilities"])


def explain(candidates: Sequence, history: HistoryLike, **texts: Any) -> SignatureCall:
    """For one user; read as `[len(candidates), len(history)]` in the order given."""
    read_history, order = histories.read_history(history, texts.get("now", 0))
    query = make_query(read_history, **texts)
    inputs = query_inputs([query])
    inputs["candidate_item_ids"] = pad([histories.read_ids("candidates", candidates)])

    def read(answer: dict[str, np.ndarray]) -> np.ndarray:
        (weights,) = answer.values()
        by_time = weights[0, 1:, weights.shape[2] - len(order) :]
        in_order = np.empty_like(by_time)
        in_order[:, order] = by_time
        return in_order

    return SignatureCall("explain", inputs, read, [query.own])


def update_interest(
    interest: npt.ArrayLike, item_id: str, reward: float, learning_rate: float
) -> SignatureCall:
    """For one user; read as `[dim]`."""
    inputs = {
        "interest": _row(interest),
        "item_ids": np.array(histories.read_ids("item_id", [item_id]), object),
        "reward": histories.finite("reward", [reward]),
        "learning_rate": histories.finite("learning_rate", [learning_rate]),
    }
    return SignatureCall("update_interest", inputs, lambda a: a["interest"][0])


def probability_of() -> SignatureCall:
    """Of the model; read as a name, `""` of a version that does not tell."""

    def read(answer: dict[str, np.ndarray]) -> str:
        (found, *_) = answer.get("probability_of", [b""])
        return found.decode()

    return SignatureCall("event_kinds", {"user_text": np.array([""], object)}, read)


def event_kinds() -> SignatureCall:
    """Of the model; read as `EventKind`s."""
    names = ("positive", "negative", "neutral", "positive_values", "negative_values")

    def read(answer: dict[str, np.ndarray]) -> list[EventKind]:
        rows = zip(
            *(answer[name][0].tolist() for name in ("names", *names)), strict=True
        )
        return [EventKind(name.decode(), *facts) for name, *facts in rows]

    return SignatureCall("event_kinds", {"user_text": np.array([""], object)}, read)


def metadata_request(model_name: str) -> GetModelMetadataRequest:
    """A `GetModelMetadataRequest` for the signatures."""
    request = GetModelMetadataRequest()
    request.model_spec.name = model_name
    request.metadata_field.append("signature_def")
    return request


def read_metadata(response: GetModelMetadataResponse) -> dict[str, Signature]:
    """The signatures of a `GetModelMetadataResponse`."""
    signatures = SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    return read_signatures(signatures.signature_def)


def status_request(model_name: str) -> GetModelStatusRequest:
    """A `GetModelStatusRequest` for all versions."""
    request = GetModelStatusRequest()
    request.model_spec.name = model_name
    return request


def read_status(response: GetModelStatusResponse) -> list[VersionStatus]:
    """The versions of a `GetModelStatusResponse`."""
    names = ModelVersionStatus.State.Name
    return [
        VersionStatus(each.version, names(each.state), each.status.error_message)
        for each in response.model_version_status
    ]


def read_outputs(response: PredictResponse) -> dict[str, np.ndarray]:
    """Name to array of a `PredictResponse`."""
    return {name: read_tensor(proto) for name, proto in response.outputs.items()}


def _row(vector: npt.ArrayLike) -> np.ndarray:
    return histories.finite("interest", vector)[None, :]


def _read_titles(path: str | pathlib.Path) -> dict[str, str]:
    table = read_item_table(path)
    return dict(zip(table["item_id"], table["title"], strict=True))
