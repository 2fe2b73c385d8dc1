"""A client of the recommender: of this server or of tensorflow_model_server.

python -m serving.client --target 127.0.0.1:8500 --model tfrec --history 50,181
"""

import functools
from collections.abc import Sequence
from typing import Annotated

import grpc
import numpy as np
from typer import Option

from serving import histories
from serving.answers import Recommendation, VersionStatus
from serving.codec import read_tensor, write_tensor
from serving.histories import make_query
from serving.signature import Signature, read_signatures
from serving.status import RequestError
from tfrec.program import run_program


class RecommenderClient:
    """Asks a server of the TF Serving protocol.

    The first call imports the protocol's messages, which takes seconds. Every error
    of the server is raised as `RequestError` with its status code and words.

    Args:
        target: `"host:port"`.
        model_name: what the server calls the model.
        timeout_s: seconds that a call may take.
        items: parquet file with `item_id` and `title`, such as the artefact's
            `assets.extra/items.parquet`, to have titles in the answers.
    """

    def __init__(
        self, target: str, model_name: str, *, timeout_s: float = 10, items=None
    ):
        self.target = target
        self.model_name = model_name
        self.timeout_s = timeout_s
        self._titles = _read_titles(items) if items else {}
        unlimited = -1
        options = {
            "grpc.max_reconnect_backoff_ms": 1000,  # a server that restarts is found
            "grpc.max_receive_message_length": unlimited,
            "grpc.max_send_message_length": unlimited,
        }
        self._channel = grpc.insecure_channel(target, options=list(options.items()))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self._channel.close()

    def recommend(self, history=(), **wishes) -> list[Recommendation]:
        """The best items for one user.

        Args:
            history: the latest events: item ids, `(item_id, event, value,
                timestamp)` tuples, dicts with these keys or a pandas frame.
            **wishes: `k` (10), `user_text`, `query_text`, `exclude`, `categories`,
                `min_probability`, `diversity`, `now`, `allow_repeats` as in
                `serving.histories.Query`.

        Returns:
            At most `k`, best first; fewer if fewer are allowed.

        Raises:
            QueryError: the history or a wish cannot be sent.
            RequestError: the server's status code and words.
        """
        return self.recommend_many([{"history": history, **wishes}])[0]

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
        queries = [make_query(**request) for request in requests]
        response = self._respond("recommend", histories.recommend_inputs(queries))
        version = response.model_spec.version.value
        return self._recommendations(_read_outputs(response)), version

    def recommend_from_interest(
        self, interest, *, now=0, **wishes
    ) -> list[Recommendation]:
        """The best items for an embedding that was kept, as `update_interest` gives.

        Args:
            interest: `[dim]` floats.
            now: seconds, 0 for the server's clock.
            **wishes: `k`, `exclude`, `categories`, `min_probability`, `diversity`.
        """
        inputs = histories.filter_inputs([make_query(**wishes)])
        inputs |= {"interest": _row(interest), "now": np.array([now], "int64")}
        answer = self._predict("recommend_from_interest", inputs)
        return self._recommendations(answer)[0]

    def embed_query(self, history=(), **texts) -> np.ndarray:
        """The embedding `[dim]` of a user.

        Args:
            history: as in `recommend`.
            **texts: `user_text`, `query_text`, `now`.
        """
        inputs = histories.query_inputs([make_query(history, **texts)])
        return self._predict("embed_query", inputs)["embedding"][0]

    def score_interest(self, candidates, history=(), **texts) -> np.ndarray:
        """Probability `[len(candidates)]` that the user is interested in each item."""
        inputs = histories.query_inputs([make_query(history, **texts)])
        inputs["candidate_item_ids"] = histories.pad([candidates])
        return self._predict("score_interest", inputs)["probabilities"][0, 1:]

    def explain(self, candidates, history, **texts) -> np.ndarray:
        """How much each event speaks for each candidate.

        Returns:
            `[len(candidates), len(history)]`, in the order given.
        """
        query = make_query(history, **texts)
        _, order = histories.read_history(history, query.now)
        inputs = histories.query_inputs([query])
        inputs["candidate_item_ids"] = histories.pad([candidates])
        (weights,) = self._predict("explain", inputs).values()
        by_time = weights[0, 1:, weights.shape[2] - len(order) :]
        in_order = np.empty_like(by_time)
        in_order[:, order] = by_time
        return in_order

    def update_interest(self, interest, item_id, reward, learning_rate) -> np.ndarray:
        """The embedding `[dim]` after one more event.

        Args:
            interest: `[dim]` floats.
            item_id: what the event was about.
            reward: 1 for interest, 0 for none.
            learning_rate: size of the step.
        """
        inputs = {
            "interest": _row(interest),
            "item_ids": np.array([item_id], object),
            "reward": np.array([reward], "float32"),
            "learning_rate": np.array([learning_rate], "float32"),
        }
        return self._predict("update_interest", inputs)["interest"][0]

    def metadata(self) -> dict[str, Signature]:
        """The model's signatures: inputs, outputs, defaults."""
        from tensorflow_serving.apis import get_model_metadata_pb2

        request = get_model_metadata_pb2.GetModelMetadataRequest()
        request.model_spec.name = self.model_name
        request.metadata_field.append("signature_def")
        response = self._call(self._prediction.GetModelMetadata, request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        return read_signatures(signatures.signature_def)

    def status(self) -> list[VersionStatus]:
        """Every version the server knows of."""
        from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self.model_name
        stub = model_service_pb2_grpc.ModelServiceStub(self._channel)
        response = self._call(stub.GetModelStatus, request)
        names = get_model_status_pb2.ModelVersionStatus.State.Name
        return [
            VersionStatus(each.version, names(each.state), each.status.error_message)
            for each in response.model_version_status
        ]

    @functools.cached_property
    def _prediction(self):
        # Its import brings TensorFlow: seconds that a start should not cost.
        from tensorflow_serving.apis import prediction_service_pb2_grpc

        return prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def _predict(self, signature_name, inputs):
        return _read_outputs(self._respond(signature_name, inputs))

    def _respond(self, signature_name, inputs):
        from tensorflow_serving.apis import predict_pb2

        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.model_name
        request.model_spec.signature_name = signature_name
        for name, array in inputs.items():
            write_tensor(array, request.inputs[name])
        return self._call(self._prediction.Predict, request)

    def _call(self, method, request):
        try:
            return method(request, timeout=self.timeout_s)
        except grpc.RpcError as error:
            raise RequestError(error.code(), error.details()) from error

    def _recommendations(self, answer):
        names = ("item_ids", "scores", "probabilities")
        rows = zip(*(answer[name].tolist() for name in names), strict=True)
        return [
            [
                Recommendation(i.decode(), s, p, self._titles.get(i.decode(), ""))
                for i, s, p in zip(*row, strict=True)
                if i
            ]
            for row in rows
        ]


def recommend(
    target: Annotated[str, Option(help="HOST:PORT of the server.")],
    model: Annotated[str, Option(help="What the server calls the model.")],
    history: Annotated[str, Option(help="Item ids, oldest first, with commas.")] = "",
    k: Annotated[int, Option("--k", "-k", help="How many items.")] = 10,
    user_text: Annotated[str, Option(help="Profile.")] = "",
    query_text: Annotated[str, Option(help="What is looked for, in words.")] = "",
    exclude: Annotated[str, Option(help="Item ids that must not come.")] = "",
    categories: Annotated[str, Option(help="Those wanted; none for all.")] = "",
    min_probability: Annotated[float, Option(help="Lowest to show.")] = 0.0,
    diversity: Annotated[float, Option(help="0: the best; 1: unlike items.")] = 0.0,
    now: Annotated[int, Option(help="Time of asking, seconds; 0: right away.")] = 0,
    allow_repeats: Annotated[bool, Option("--allow-repeats")] = False,
    items: Annotated[str, Option(help="Parquet file with titles.")] = "",
    timeout_s: Annotated[float, Option(help="Seconds to wait.")] = 10,
):
    """Asks a server for recommendations and prints them."""
    with RecommenderClient(target, model, timeout_s=timeout_s, items=items) as client:
        found = client.recommend(
            _split(history),
            k=k,
            user_text=user_text,
            query_text=query_text,
            exclude=_split(exclude),
            categories=_split(categories),
            min_probability=min_probability,
            diversity=diversity,
            now=now,
            allow_repeats=allow_repeats,
        )
    _print_table(found)


def main():
    """Entry point of `tfrec-recommend`."""
    run_program(recommend)


def _print_table(found):
    from rich.console import Console
    from rich.table import Table

    table = Table("rank", "item", "title", "probability", "score")
    for rank, item in enumerate(found, start=1):
        numbers = (f"{item.probability:.3f}", f"{item.score:.4f}")
        table.add_row(str(rank), item.item_id, item.title, *numbers)
    Console().print(table if found else "No item is allowed by these wishes.")


def _split(text):
    return [part.strip() for part in text.split(",") if part.strip()]


def _read_outputs(response):
    return {name: read_tensor(proto) for name, proto in response.outputs.items()}


def _row(vector):
    return np.asarray(vector, "float32")[None, :]


def _read_titles(path):
    from pyarrow import parquet

    table = parquet.read_table(path, columns=["item_id", "title"]).to_pydict()
    return dict(zip(table["item_id"], table["title"], strict=True))


if __name__ == "__main__":
    main()
