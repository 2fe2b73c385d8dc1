"""Client, gateway and consumer as they run where TensorFlow is not installed.

They ask a real server of the toy. What they may not import is hidden from them, and
each attempt at it is noted: one that fails in silence would succeed elsewhere.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from tests.serving.online.gateway_process import GatewayProcess, Http

TENSORFLOW = (
    "tensorflow",
    "tensorflow_serving",
    "tensorflow_text",
    "keras",
    "tf_keras",
)
HEAVY = (*TENSORFLOW, "scann", "matplotlib", "sklearn", "scipy", "pandas")
MAX_RSS_MB = 250
# Python imports a module of this name whenever it starts.
SITECUSTOMIZE = """
import os, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["HIDDEN"].split(","):
            with open(os.environ["ATTEMPTS"], "a") as file:
                print(name, file=file)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
"""
ASK = """
import asyncio, sys
from tfrec.client.async_client import AsyncRecommenderClient
from tfrec.client.client import RecommenderClient
from tfrec.reasons.sentences import sentence

target, items = sys.argv[1:]
history = [("a", "view", 1.0, 10), ("b", "view", 1.0, 20)]
with RecommenderClient(target, "toy", items=items) as client:
    best = client.recommend(history, k=2)
    vector = client.embed_query(history)
    moved = client.update_interest(vector, "c", 1.0, 0.5)
    client.recommend_from_interest(moved, k=2)
    client.score_interest(["a"], history)
    client.explain(["c"], history)
    assert "Title of " in sentence(client.evidence(["c"], history)[0], "zh")
    assert "k" in client.metadata()["recommend"].defaults
    assert client.status()[0].state == "AVAILABLE"

async def ask():
    async with AsyncRecommenderClient(target, "toy", items=items) as client:
        return await client.recommend(history, k=2)

assert asyncio.run(ask()) == best
print(*(item.title for item in best), sep=", ")
"""


@pytest.fixture(scope="module")
def items(toy):
    return toy / "1" / "assets.extra" / "items.parquet"


@pytest.fixture
def hide(tmp_path, monkeypatch, target):
    """Hides packages from processes that start later, with a list of the attempts.

    The server is there already, and has them.
    """
    folder, attempts = tmp_path / "site", tmp_path / "attempts"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE)
    paths = (str(folder), os.environ.get("PYTHONPATH"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("ATTEMPTS", str(attempts))

    def hide(*names):
        monkeypatch.setenv("HIDDEN", ",".join(names))
        return lambda: attempts.read_text().split() if attempts.exists() else []

    return hide


def run(*command):
    done = subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def event(item_id, timestamp):
    return {"user_id": "ann", "item_id": item_id, "timestamp": timestamp, "value": 1.0}


def test_what_is_hidden_is_missed(hide):
    attempts = hide(*HEAVY)
    done = subprocess.run([sys.executable, "-c", "import pandas"], capture_output=True)
    assert done.returncode == 1
    assert attempts() == ["pandas"]


def test_a_client_asks_everything(hide, target, items):
    attempts = hide(*HEAVY)
    # (1.8, 0.25) x (0.6, 0.65) for c, x (0.2, 0.85) for d.
    assert run("-c", ASK, target, items) == "Title of c, Title of d\n"
    asked = ("--target", target, "--model", "toy", "--history", "a,b", "--k", 1)
    assert "Title of c" in run("-m", "serving.client", *asked, "--items", items)
    assert attempts() == []


def test_a_gateway_serves_what_a_consumer_read(hide, target, items, tmp_path):
    attempts = hide(*HEAVY)
    store, log = f"sqlite:///{tmp_path}/states.db", tmp_path / "events.jsonl"
    log.write_text(json.dumps(event("a", 1)) + "\n")
    source = ("--source", f"jsonl:{log}", "--store", store, "--metrics-port", 0)
    assert "1 events applied" in run("-m", "serving.stream", *source)
    flags = ("--target", target, "--model", "toy", "--store", store, "--items", items)
    gateway = GatewayProcess(*flags)
    ask_everything(Http(gateway.port))
    assert resident_mb(gateway.process.pid) <= MAX_RSS_MB
    assert gateway.stop() == 0
    assert attempts() == []


def ask_everything(ask):
    assert ask("POST", "/v1/events", event("b", 2))[0] == 202
    best = ask.recommend("ann", k=1, now=3, explain=True)
    assert best["items"][0]["title"] == "Title of c"
    assert best["items"][0]["reason"] == "because of “Title of b”; both: x"
    assert ask.recommend("ann", mode="interest")["reason_code"] == "interest"
    assert ask.recommend("ann", query="the sea")["reason_code"] == "history"
    users = "/v1/users/ann"
    for path in (
        f"{users}/state",
        f"{users}/interests",
        f"{users}/texts",
        f"{users}/rows",
        "/v1/items?query=title",
        "/v1/lists/popular",
    ):
        assert ask("GET", path)[0] == 200
    for path in ("/", "/docs", "/health", "/metrics"):
        assert ask("GET", path)[0] == 200
    assert ask("DELETE", users)[0] == 200


def resident_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("the system does not tell what memory another process has")
    lines = dict(
        line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines()
    )
    return int(lines["VmRSS"].split()[0]) / 1024


def test_profiles_take_pandas_alone(hide, tmp_path):
    attempts = hide(*TENSORFLOW)
    profiles = tmp_path / "users.csv"
    profiles.write_text("user_id,text\nann,a gardener\n")
    code = "import sys; from serving.gateway.profiles import read_profiles as read; "
    read = run("-c", code + "print(read(sys.argv[1]))", profiles)
    assert read == "{'ann': Profile(text='a gardener', features={})}\n"
    assert attempts() == []


def test_traces_take_no_tensorflow(hide, monkeypatch):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.grpc")
    attempts = hide(*HEAVY)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    code = "from tfrec.protocol import tracing; tracing.start('test'); tracing.stop()"
    run("-c", code)
    assert attempts() == []
