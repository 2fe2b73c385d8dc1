"""Items through every door: HTTP, the log, the programs, a restart; and what is served.

A model server and a gateway run as processes of their own, on a toy whose new items
rank by the length of their titles.
"""

import json
import re
import shutil
import urllib.parse
import urllib.request

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batch_score import main as batch_score
from serving.index import main as index
from tests.serving.live_toy import UNMAKEABLE, write_live_toy
from tests.serving.online.gateway_process import GatewayProcess, Http, eventually
from tests.serving.online.redis_server import free_port
from tests.serving.programs import run_program
from tests.serving.server_process import serving
from tfrec.client.client import RecommenderClient
from tfrec.export.item_log import ItemLog

TOY = ["a", "b", "c", "d", "e", "café"]
LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
IDS = st.text(LETTERS, min_size=1, max_size=8).filter(
    lambda text: text == text.strip() and not text.isascii()
) | st.sampled_from(["a/b", "..", ".", "%2F", "a?b#c", "x y", "a/recommendations", "%"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ITEMS = st.fixed_dictionaries(
    {"item_id": IDS},
    optional={
        "title": TEXTS,
        "text": TEXTS | st.none(),
        "category": TEXTS | st.lists(TEXTS, max_size=3),
        "available_from": st.integers(0, 10**9),
        "available_until": st.sampled_from([0, None, "", "9999-12-31", 4e9]),
    },
)


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    """Version folder of the toy; not to be changed."""
    return write_live_toy(tmp_path_factory.mktemp("live") / "toy")


@pytest.fixture(scope="module")
def folder(version, tmp_path_factory):
    """Of the model that is served."""
    return copy(version, tmp_path_factory.mktemp("served"))


@pytest.fixture
def other(version, tmp_path):
    """The folder of a model that nobody serves yet."""
    return copy(version, tmp_path)


def copy(version, folder):
    shutil.copytree(version, folder / "toy" / "1")
    return folder / "toy"


@pytest.fixture(scope="module")
def server(folder, tmp_path_factory):
    monitoring = tmp_path_factory.mktemp("monitoring") / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/metrics" }')
    rest = free_port()
    flags = (f"--rest_api_port={rest}", f"--monitoring_config_file={monitoring}")
    with serving("--model_name=toy", f"--model_base_path={folder}", *flags) as server:
        server.rest_port = rest
        yield server


@pytest.fixture(scope="module")
def ask(server, folder, tmp_path_factory):
    store = f"sqlite:///{tmp_path_factory.mktemp('states')}/states.db"
    flags = ("--target", server.target, "--model", "toy", "--store", store)
    gateway = GatewayProcess(*flags, "--model-folder", folder)
    yield Http(gateway.port)
    assert gateway.stop() == 0


def served(ask):
    """Id -> title of all that is recommended."""
    answer = ask.recommend("nobody", k=1000)
    return {item["item_id"]: item["title"] for item in answer["items"]}


def path_of(item_id):
    return f"/v1/items/{urllib.parse.quote(item_id, safe='')}"


@settings(deadline=None, max_examples=12)
@given(ITEMS)
def test_what_is_accepted_is_served_until_it_is_taken_out(ask, item):
    status, answer = ask("POST", "/v1/items", item)
    assert status == 202, answer
    eventually(lambda: item["item_id"] in served(ask))
    title = item.get("title", "")
    assert served(ask)[item["item_id"]] == (title if title.strip() else "")
    assert ask("DELETE", path_of(item["item_id"])) == (202, {"accepted": 1})
    eventually(lambda: item["item_id"] not in served(ask))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"item_id": "x", "title": "\\ud800 film"}', "surrogate|must be JSON"),
        ({"item_id": "x", "available_from": 1e30}, "`.*available_from`.* milliseconds"),
        ({"item_id": "x", "available_until": 2**63}, "`.*available_until`.* millisec"),
        (b'{"item_id": "x", "available_until": 1e400}', "available_until"),
        ({"item_id": "x", "available_from": 5, "available_until": 5}, "must be after"),
        ({"item_id": " \n"}, "item_id.* must not be empty"),
        ({"item_id": "a\nb"}, "item_id.* must have no control characters"),
        ({"item_id": "x" * 513}, "item_id.* must have at most 512 characters"),
        ({"item_id": "x", "category": {}}, "category.* must be text"),
        ([{"item_id": "x"}, {"item_id": "y", "text": []}], r"1\.text.* must be text"),
        (
            [{"item_id": ["x"]}, {"item_id": "y", "available_from": "soon"}],
            r"0\.item_id.* must be text .*1\.available_from.* must be UTC seconds",
        ),
        ([], "at least 1"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(ask, folder, body, words):
    before = ItemLog.of(folder).size()
    status, answer = ask("POST", "/v1/items", body)
    assert status == 422
    assert re.search(words, answer["detail"]), answer
    assert ItemLog.of(folder).size() == before


def test_taking_out_what_is_no_id_is_refused(ask):
    status, answer = ask("DELETE", "/v1/items/a%00b")
    assert status == 422
    assert re.search("item_id.* must have no control characters", answer["detail"])


def metric(server, outcome):
    url = f"http://127.0.0.1:{server.rest_port}/metrics"
    with urllib.request.urlopen(url) as answer:
        text = answer.read().decode()
    name = "tfrec_serving_item_changes_total"
    labels = f'{{model="toy",outcome="{outcome}",version="1"}}'
    (line,) = [each for each in text.splitlines() if each.startswith(name + labels)]
    return float(line.split()[1])


def test_a_bad_line_blocks_nothing_and_is_told(ask, server, folder):
    """Nor does an item that the model's encoder fails on."""
    assert ask("GET", "/health")[1]["items"] == "ok"
    made, passed_over = metric(server, "made"), metric(server, "passed_over")
    with open(ItemLog.of(folder).path, "a", encoding="utf-8") as log:
        for line in ('{"item_id": "z", "title": "\\ud800"}', "[" * 100_000, "\x00"):
            log.write(f"{line}\n")
    ask("POST", "/v1/items", {"item_id": "failing", "title": UNMAKEABLE})
    assert ask("POST", "/v1/items", {"item_id": "later", "title": "Later"})[0] == 202
    eventually(lambda: "later" in served(ask))
    assert not {"z", "failing"} & served(ask).keys()
    assert metric(server, "passed_over") == passed_over + 4
    assert metric(server, "made") == made + 1
    eventually(lambda: "Skipped lines" in ask("GET", "/health")[1]["items"])
    status, health = ask("GET", "/health")
    assert status == 200
    assert "Items of the log that cannot be served: 1 ('failing')." in health["items"]
    assert "Skipped lines of the item log: 3 (from byte" in health["items"]


def test_a_log_with_bad_lines_is_served_after_a_restart(other):
    log = ItemLog.of(other)
    lines = [
        {"item_id": "z", "title": "\ud800"},
        {"item_id": "y", "available_until": 2**63},
        [{"item_id": "x"}, {"item_id": ""}],
        {"item_id": "good", "title": "Good"},
        {"item_id": "failing", "title": UNMAKEABLE},
        {"item_id": "a", "is_removed": True},
    ]
    log.path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with (
        serving("--model_name=toy", f"--model_base_path={other}") as server,
        RecommenderClient(server.target, "toy") as client,
    ):
        found = {item.item_id for item in client.recommend(k=100)}
        assert found == {"good", *TOY[1:]}
        (status,) = client.status()
    assert status.state == "AVAILABLE"
    assert "Skipped lines of the item log: 3" in status.error


def test_batch_scoring_passes_over_bad_lines(other, tmp_path, monkeypatch):
    lines = ['{"item_id": "z", "title": "\\ud800"}', '{"item_id": "n", "title": "N"}']
    ItemLog.of(other).path.write_text("\n".join([*lines, ""]))
    events, out = tmp_path / "log.csv", tmp_path / "out.csv"
    events.write_text("user_id,item_id,timestamp\nann,a,5\n")
    flags = ["--model", other, "--events", events, "--out", out, "-k", 100]
    assert run_program(monkeypatch, batch_score, *flags) == 0
    rows = out.read_text().replace('"', "").splitlines()[1:]
    assert {row.split(",")[3] for row in rows} == {*TOY[1:], "n"}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("empty.csv", "item_id,title\n", "ITEMS must have at least one item"),
        ("sur.jsonl", '{"item_id": "z", "title": "\\ud83d"}\n', "must be Unicode"),
        (
            "never.csv",
            "item_id,available_from,available_until\nz,9,9\ny,,\n",
            "1 of 2 items of .* are wrong, and none was added. Item 1: `available_unt",
        ),
        ("none.txt", "", "A table must be a file or folder of files"),
    ],
)
def test_add_refuses_what_cannot_be_served(
    other, tmp_path, monkeypatch, capsys, name, text, words
):
    (tmp_path / name).write_text(text)
    assert run_program(monkeypatch, index, "add", other, tmp_path / name) == 1
    assert re.search(words, capsys.readouterr().err)
    assert ItemLog.of(other).size() == 0


def test_add_and_remove_say_what_they_did(other, tmp_path, monkeypatch, capsys):
    table = tmp_path / "items.csv"
    table.write_text("item_id,title,available_until\nn1,One,2040-01-01\nn2,Two,\n")
    assert run_program(monkeypatch, index, "add", other, table) == 0
    assert "2 items added." in capsys.readouterr().out
    assert run_program(monkeypatch, index, "remove", other, "n1", "a", "n3", "n4") == 0
    told = capsys.readouterr().out
    assert "4 items removed." in told
    assert "Neither the newest version nor the log has these items: n3, n4" in told
    changes = ItemLog.of(other).read().changes
    assert [each.item_id for each in changes] == ["n1", "n2", "n1", "a", "n3", "n4"]
    assert [each.available_until for each in changes][:2] == [2_208_988_800, 0]
    assert run_program(monkeypatch, index, "remove", other, "a\tb") == 1
    assert "must have no control characters" in capsys.readouterr().err
