"""Tests of retries, tokens and the client for asyncio."""

import asyncio
import contextlib
from concurrent import futures

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import predict_pb2

from tfrec.client import connection
from tfrec.client.async_client import AsyncRecommenderClient
from tfrec.client.client import RecommenderClient
from tfrec.errors import ConfigError
from tfrec.protocol.codec import write_tensor
from tfrec.protocol.status import RequestError

HISTORY = [("a", "view", 1.0, 86_400), ("e", "skip", 0.5, 172_800)]


class Flaky(grpc.GenericRpcHandler):
    """Answers with status codes, one after the other, and then with the embedding."""

    def __init__(self, codes):
        self.codes, self.metadata = list(codes), []

    def service(self, handler_call_details):
        self.metadata.append(dict(handler_call_details.invocation_metadata))
        return grpc.unary_unary_rpc_method_handler(self._answer)

    def _answer(self, request, context):
        if self.codes:
            context.abort(self.codes.pop(0), "Not now.")
        response = predict_pb2.PredictResponse()
        write_tensor(np.ones((1, 2), "float32"), response.outputs["embedding"])
        return response.SerializeToString()


@contextlib.contextmanager
def flaky(*names):
    handler = Flaky(grpc.StatusCode[name] for name in names)
    with futures.ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool, handlers=[handler])
        handler.target = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        handler.server = server
        yield handler
        server.stop(None).wait()


def embed(target, **options):
    with RecommenderClient(target, "any", **options) as client:
        return client.embed_query(["a"]).tolist()


def embed_async(target, **options):
    async def embed():
        async with AsyncRecommenderClient(target, "any", **options) as client:
            return (await client.embed_query(["a"])).tolist()

    return asyncio.run(embed())


@pytest.fixture(params=[embed, embed_async])
def ask(request):
    return request.param


def test_overload_and_absence_are_waited_out(ask):
    with flaky("UNAVAILABLE", "RESOURCE_EXHAUSTED") as server:
        assert ask(server.target, token="secret") == [1, 1]
    sent = [metadata["authorization"] for metadata in server.metadata]
    assert sent == ["Bearer secret"] * 3


@pytest.mark.parametrize(
    ("names", "options", "calls"),
    [
        (["INVALID_ARGUMENT"], {}, 1),
        (["DEADLINE_EXCEEDED"], {}, 1),
        (["UNAVAILABLE"] * 9, {}, 3),
        (["UNAVAILABLE"] * 9, {"retries": 0}, 1),
        (["UNAVAILABLE"] * 9, {"retries": 4}, 5),
    ],
)
def test_what_is_not_tried_again(ask, names, options, calls):
    with (
        flaky(*names) as server,
        pytest.raises(RequestError, match=f"{names[0]}: Not now"),
    ):
        ask(server.target, **options)
    assert len(server.metadata) == calls


def test_attempts_end_with_the_time_of_the_call(ask, monkeypatch):
    monkeypatch.setattr(connection.random, "uniform", lambda low, high: high)
    with (
        flaky(*["UNAVAILABLE"] * 9) as server,
        pytest.raises(RequestError, match="UNAVAILABLE"),
    ):
        ask(server.target, retries=8, timeout_s=2)
    # 0.05 + 0.1 + 0.2 + 0.4 + 0.8 s are 1.55 s; another one would be too late.
    assert 1 < len(server.metadata) <= 6


def test_servers_share_the_calls_and_one_may_be_killed():
    with flaky() as one, flaky() as other:
        target = f"ipv4:{one.target},{other.target}"
        with RecommenderClient(target, "any") as client:
            while not (one.metadata and other.metadata):  # until both connections stand
                client.embed_query(["a"])
            before = len(one.metadata), len(other.metadata)
            for _ in range(20):
                client.embed_query(["a"])
            assert len(one.metadata) == before[0] + 10
            assert len(other.metadata) == before[1] + 10
            one.server.stop(None).wait()
            for _ in range(20):
                client.embed_query(["a"])
            assert len(other.metadata) == before[1] + 30


def test_pings_are_no_reason_to_end_a_connection():
    # GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS of a stock server.
    assert connection._OPTIONS["grpc.keepalive_time_ms"] >= 300_000


def test_wrong_retries():
    with pytest.raises(ConfigError, match="`retries` must be at least 0. Received: -1"):
        RecommenderClient("127.0.0.1:1", "any", retries=-1)


def test_secrets_are_not_shown():
    shown = repr(
        connection.Connection(target="a:1", timeout_s=1, retries=0, token="secret")
    )
    assert "secret" not in shown


def test_asyncio_gets_the_same_evidence(target, client, toy):
    items = toy / "1" / "assets.extra" / "items.parquet"

    async def ask():
        async with AsyncRecommenderClient(target, "toy", items=items) as other:
            return await other.evidence(["b", "d"], HISTORY)

    assert asyncio.run(ask()) == client.evidence(["b", "d"], HISTORY)


def test_asyncio_gets_the_same_answers(target, client, toy):
    items = toy / "1" / "assets.extra" / "items.parquet"

    async def ask():
        async with AsyncRecommenderClient(target, "toy", items=items) as other:
            many = await asyncio.gather(
                *(other.recommend(HISTORY, k=k, now=259_200) for k in (1, 2, 3))
            )
            return (
                many,
                await other.recommend_many([]),
                await other.recommend_from_interest([1.0, 0.0], k=2),
                await other.score_interest(["a"], HISTORY),
                await other.explain(["a", "b"], HISTORY),
                await other.update_interest([0.0, 0.0], "c", 1.0, 0.5),
                await other.metadata(),
                await other.status(),
            )

    many, none, by_interest, scored, explained, updated, metadata, status = asyncio.run(
        ask()
    )
    assert many == [client.recommend(HISTORY, k=k, now=259_200) for k in (1, 2, 3)]
    assert none == []
    assert by_interest == client.recommend_from_interest([1.0, 0.0], k=2)
    assert by_interest[0].title == "Title of a"
    assert scored.tolist() == client.score_interest(["a"], HISTORY).tolist()
    assert explained.tolist() == client.explain(["a", "b"], HISTORY).tolist()
    updated_too = client.update_interest([0.0, 0.0], "c", 1.0, 0.5)
    assert updated.tolist() == updated_too.tolist()
    assert metadata.keys() == client.metadata().keys()
    assert status == client.status()
