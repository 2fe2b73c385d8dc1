"""What a deployment does while it runs, through the real programs."""

import shutil

import pandas as pd
import pytest

from serving.user_states.redis import RedisStates
from tests.serving.online.broker import Broker
from tests.serving.online.consumer_process import consuming
from tests.serving.online.gateway_process import GatewayProcess, Http, eventually
from tests.serving.online.redis_server import RedisServer
from tests.serving.server_process import serving
from tests.serving.toy_artefact import write_toy


@pytest.fixture
def model(tmp_path):
    """A model folder with version 1, which a test may change."""
    write_toy(tmp_path / "toy", version=1)
    return tmp_path / "toy"


def publish(model, version, title):
    """Version 1 again, as another version with another title of "a"."""
    aside = model.parent / "aside"
    shutil.copytree(model / "1", aside)
    items = aside / "assets.extra" / "items.parquet"
    table = pd.read_parquet(items)
    table.loc[table.item_id == "a", "title"] = title
    table.to_parquet(items)
    aside.rename(model / str(version))


def title_of_a(ask):
    answer = ask("POST", "/v1/sessions/recommendations", {"history": [], "k": 6})[1]
    (item,) = [each for each in answer["items"] if each["item_id"] == "a"]
    return answer["model_version"], item["title"]


def test_titles_come_from_the_version_that_is_served(model):
    with serving("--model_name=toy", f"--model_base_path={model}") as server:
        flags = ("--target", server.target, "--model", "toy", "--store", "memory:")
        gateway = GatewayProcess(*flags, "--model-folder", model)
        try:
            ask = Http(gateway.port)
            assert title_of_a(ask) == (1, "Title of a")
            item = {"item_id": "new", "title": "Fresh", "category": "z"}
            assert ask("POST", "/v1/items", item)[0] == 202
            publish(model, 2, "Another title")
            eventually(lambda: title_of_a(ask) == (2, "Another title"))
            found = ask("GET", "/v1/items?query=fresh")[1]["items"]
            assert [each["item_id"] for each in found] == ["new"]
            assert ask("GET", "/v1/page")[1]["categories"] == ["x", "y", "z"]
        finally:
            assert gateway.stop() == 0


@pytest.fixture
def broker():
    broker = Broker()
    broker.make_topic("events")
    yield broker
    broker.kill()


@pytest.fixture
def redis(tmp_path):
    server = RedisServer(tmp_path)
    yield server
    server.kill()


def events(first, last):
    return [
        {"user_id": f"user {n % 5}", "item_id": f"item {n}", "timestamp": n}
        for n in range(first, last)
    ]


def test_a_consumer_outlives_its_store(broker, redis, tmp_path):
    log = tmp_path / "log"
    with consuming(broker.url("events"), redis.url, log) as consumer:
        broker.produce("events", events(0, 100))
        eventually(lambda: broker.committed("events") == 100)
        redis.kill()
        broker.produce("events", events(100, 150))
        eventually(lambda: consumer.ask("GET", "/health")[0] == 503)
        assert consumer.ask("GET", "/health")[1]["status"] == "degraded"
        assert broker.committed("events") == 100
        redis.restart()
        eventually(lambda: broker.committed("events") == 150)
        assert consumer.ask("GET", "/health")[1] == {"status": "ok", "store": "ok"}
        assert consumer.stop()[0] == 0
    states = RedisStates(redis.url)
    assert [states.get(f"user {n}").version for n in range(5)] == [30] * 5
    states.close()
    assert log.read_text().count("Waiting for the store.") == 1
    assert log.read_text().count("accepts events again") == 1
