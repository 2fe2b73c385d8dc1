"""Tests of rules through a real gateway and a model server that takes boosts."""

import collections
import contextlib
import math
import os

import pytest

from serving.gateway import __main__ as gateway
from serving.user_states.memory import MemoryStates
from serving.user_states.sqlite import SqliteStates
from tests.contracts.user_states import event
from tests.serving.boosted_toy import BoostedToy
from tests.serving.online.gateway_process import eventually, gateway_thread
from tests.serving.online.test_gateway_failures import model_server
from tests.serving.programs import run_program
from tests.serving.server_process import serving
from tests.serving.toy_artefact import ITEM_IDS, write_toy

NOW = 1_000_000
SIZE = {"history": 1.0, "interest": 0.3}  # of ann's vector, by which scores differ
SALE = """
[[boost]]
name = "sale"
categories = ["y"]
value = 0.7
"""
BURIED = """
[[bury]]
name = "old stock"
categories = ["x"]
value = 1
"""


@pytest.fixture(scope="module")
def boosted(tmp_path_factory):
    """Folder of a model that takes boosts."""
    folder = tmp_path_factory.mktemp("boosted") / "toy"
    write_toy(folder, kind=BoostedToy)
    return folder


@pytest.fixture(scope="module")
def boosted_target(boosted):
    with serving("--model_name=toy", f"--model_base_path={boosted}") as server:
        yield server.target


@pytest.fixture
def ruled(boosted_target, boosted, tmp_path):
    """Gives an `Http` to a gateway with some rules; ann has met a at `NOW`.

    Her scores of b to café are 0.8, 0.6, 0.2, 0.05 and -0.5.
    """
    file = tmp_path / "rules.toml"

    @contextlib.contextmanager
    def start(text, target=boosted_target, states=None):
        file.write_text(text, encoding="utf-8")
        states = states or MemoryStates()
        states.append([event("ann", NOW, "a")])
        items = boosted / "1" / "assets.extra" / "items.parquet"
        with gateway_thread(states, target, items, rules=file) as ask:
            ask.file = file
            yield ask

    return start


def ids(answer):
    return [item["item_id"] for item in answer["items"]]


def names(answer):
    return {item["item_id"]: item["rules"] for item in answer["items"]}


@pytest.mark.parametrize("mode", ["history", "interest"])
def test_boosts_are_in_the_scores_and_named(ruled, mode):
    with ruled(SALE + BURIED) as ask:
        answer = ask.recommend("ann", now=NOW, mode=mode)
    assert ids(answer) == ["d", "e", "café", "b", "c"]
    plain = [SIZE[mode] * each for each in (0.2, 0.05, -0.5, 0.8, 0.6)]
    scores = [item["score"] for item in answer["items"]]
    added = [0.7, 0.7, 0.7, -1, -1]
    assert scores == pytest.approx([*map(sum, zip(plain, added, strict=True))])
    chances = [item["probability"] for item in answer["items"]]
    assert chances == pytest.approx([1 / (1 + math.exp(-each)) for each in plain])
    assert names(answer) == {
        **dict.fromkeys(["d", "e", "café"], ["sale"]),
        **dict.fromkeys(["b", "c"], ["old stock"]),
    }
    assert len(answer["rules_version"]) == 12


def test_sessions_sentences_and_rows_follow_them(ruled):
    with ruled(SALE + BURIED) as ask:
        session = {"history": ["a"], "now": NOW, "k": 2}
        status, answer = ask("POST", "/v1/sessions/recommendations", session)
        assert (status, ids(answer)) == (200, ["d", "e"])
        asked = {"text": "two titles", "now": NOW}
        status, answer = ask("POST", "/v1/users/ann/ask", asked)
        assert (status, ids(answer)[:2]) == (200, ["d", "e"])
        assert names(answer)["d"] == ["sale"]
        assert answer["rules_version"]
        status, page = ask("GET", f"/v1/users/ann/rows?k=2&now={NOW}")
        assert status == 200
        first = page["rows"][0]
        assert [each["item_id"] for each in first["items"]] == ["d", "e"]
        assert [each["rules"] for each in first["items"]] == [["sale"], ["sale"]]


FRESH = "[freshness]\nweight = 4\nhalf_life_hours = 24\n"


@pytest.mark.parametrize("mode", ["history", "interest"])
def test_fresh_items_rise(ruled, mode):
    """By the model alone, which knows that café came after a day: half of 4 is left."""
    with ruled(FRESH) as ask:
        answer = ask.recommend("ann", now=2 * 86_400, mode=mode)
    assert ids(answer)[0] == "café"
    score = answer["items"][0]["score"]
    assert score == pytest.approx(4 / 2 - 0.5 * SIZE[mode])


PIN = '[[pin]]\nname = "editor"\nitem = "{item}"\nplace = {place}\n'


@pytest.mark.parametrize("mode", ["history", "interest"])
def test_pins_hold_their_place(ruled, mode):
    """The model's list of two has no café; its probability is the model's."""
    with ruled(PIN.format(item="café", place=2)) as ask:
        answer = ask.recommend("ann", now=NOW, k=2, mode=mode)
        assert ids(answer) == ["b", "café"]
        assert names(answer) == {"b": [], "café": ["editor"]}
        assert answer["items"][1]["probability"] == pytest.approx(0.3775, abs=1e-3)
        assert answer["items"][1]["score"] == answer["items"][0]["score"]
        # Where it may not come: another category, or too unlikely.
        how = {"now": NOW, "k": 2, "mode": mode}
        assert ids(ask.recommend("ann", category="x", **how)) == ["b", "c"]
        assert ids(ask.recommend("ann", min_probability=0.5, **how)) == ["b", "c"]


def test_what_was_met_or_is_unknown_is_not_pinned(ruled):
    with ruled(PIN.format(item="a", place=1)) as ask:
        assert ids(ask.recommend("ann", now=NOW, k=2)) == ["b", "c"]
        again = ask.recommend("ann", now=NOW, k=2, allow_repeats=True)
        assert ids(again) == ["a", "b"]
        assert names(again)["a"] == ["editor"]
    with ruled(PIN.format(item="no such item", place=1)) as ask:
        assert ids(ask.recommend("ann", now=NOW, k=2)) == ["b", "c"]


QUOTA = (
    '[[quota]]\nname = "mix"\ncategories = ["{label}"]\nplaces = {places}\n{bound}\n'
)


def test_quotas_hold_in_the_first_places(ruled):
    with ruled(QUOTA.format(label="y", places=2, bound="at_least = 1")) as ask:
        answer = ask.recommend("ann", now=NOW, k=2)
        assert ids(answer) == ["b", "d"]
        assert names(answer) == {"b": [], "d": ["mix"]}
        assert ids(ask.recommend("ann", now=NOW, k=3, category="x|y")) == [
            "b",
            "d",
            "c",
        ]
    with ruled(QUOTA.format(label="x", places=3, bound="at_most = 1")) as ask:
        answer = ask.recommend("ann", now=NOW, k=3)
        assert ids(answer) == ["b", "d", "e"]
        assert ids(ask.recommend("ann", now=NOW, k=5)) == ["b", "d", "e", "c", "café"]


def test_preferences_come_first_and_others_fill(ruled):
    prefer = '[[prefer]]\nname = "mine"\ncategories = ["y"]\n'
    with ruled(prefer) as ask:
        answer = ask.recommend("ann", now=NOW, k=4)
        assert ids(answer) == ["d", "e", "café", "b"]
        assert names(answer)["d"] == ["mine"]
        assert ids(ask.recommend("ann", now=NOW, k=2, category="x|y")) == ["d", "e"]


def test_what_was_shown_and_not_chosen_sinks(ruled):
    rule = "[impressions]\ndiscount = 0.25\nfree = 1\nwindow_hours = 1\n"
    with ruled(rule) as ask:
        for second in range(2):
            assert ids(ask.recommend("ann", now=NOW + second, k=2)) == ["b", "c"]
        answer = ask.recommend("ann", now=NOW + 2, k=2)
        # b and c were shown twice, of which one is free.
        scores = [item["score"] for item in answer["items"]]
        assert scores == pytest.approx([0.8 - 0.25, 0.6 - 0.25], abs=1e-3)
        assert names(answer) == {"b": ["impressions"], "c": ["impressions"]}
        answer = ask.recommend("ann", now=NOW + 3, k=2)
        assert ids(answer) == ["b", "d"]
        later = ask.recommend("ann", now=NOW + 2 * 3600, k=2)
        assert names(later) == {"b": [], "c": []}
        assert ask("DELETE", "/v1/users/ann")[0] == 200


def test_gateways_of_one_store_count_showings_together(ruled, tmp_path):
    rule = "[impressions]\ndiscount = 0.7\nwindow_hours = 1\n"
    store = tmp_path / "states.db"
    first, second = SqliteStates(store), SqliteStates(store)
    with ruled(rule, states=first) as ask, ruled(rule, states=second) as other:
        assert ids(ask.recommend("ann", now=NOW, k=1)) == ["b"]
        assert ids(other.recommend("ann", now=NOW + 1, k=1)) == ["c"]
        assert ids(ask.recommend("ann", now=NOW + 2, k=1)) == ["d"]
    first.close()
    second.close()


ARMS = 'experiment = "e"\n[arm.loud]\nshare = 0.5\n'


def test_arms_divide_people_and_are_told(ruled):
    text = ARMS + SALE + 'when = { arm = "loud" }\n'
    with ruled(text) as ask:
        answers = [ask.recommend(f"user {n}", now=NOW) for n in range(40)]
        arms = collections.Counter(each["arm"] for each in answers)
        assert set(arms) == {"loud", ""}
        assert min(arms.values()) > 8  # of 20, 4 standard deviations
        for each in answers:
            assert each["experiment"] == "e"
            is_touched = ["sale"] in names(each).values()
            assert is_touched == (each["arm"] == "loud")
        again = [ask.recommend(f"user {n}", now=NOW + 1)["arm"] for n in range(40)]
        assert again == [each["arm"] for each in answers]
        session = {"history": ["a"], "now": NOW}
        _, answer = ask("POST", "/v1/sessions/recommendations", session)
        assert answer["arm"] == ""


def rewrite(file, text):
    file.with_suffix(".new").write_text(text, encoding="utf-8")
    os.replace(file.with_suffix(".new"), file)


def test_a_file_that_changes_is_read_again_and_a_wrong_one_is_not(ruled, caplog):
    def wrong():
        return "tfrec_gateway_rules_wrong 1.0" in ask("GET", "/metrics")[1]

    with ruled(SALE) as ask:
        first = ask.recommend("ann", now=NOW)
        assert not wrong()
        rewrite(ask.file, "[[boost]]\nname = 1\n")

        def is_seen():
            ask.recommend("ann")
            return wrong()

        eventually(is_seen)
        assert "Its previous content stays in use" in caplog.text
        answer = ask.recommend("ann", now=NOW)
        assert answer["rules_version"] == first["rules_version"]
        assert names(answer) == names(first)
        rewrite(ask.file, BURIED)
        eventually(lambda: names(ask.recommend("ann", now=NOW))["b"] == ["old stock"])
        assert not wrong()


def test_an_older_model_is_asked_without_boosts_and_that_is_said(ruled, target, caplog):
    with ruled(SALE + PIN.format(item="e", place=1), target) as ask:
        for second in range(2):
            answer = ask.recommend("ann", now=NOW + second, k=3)
            assert ids(answer) == ["e", "b", "c"]
            assert names(answer) == {"e": ["editor"], "b": [], "c": []}
    said = [each for each in caplog.messages if "saved before it took boosts" in each]
    assert len(said) == 1


def test_labels_that_no_item_has_are_told(ruled, caplog):
    text = SALE.replace('"y"', '"y", "dramma"')
    with ruled(text) as ask:
        ask.recommend("ann", now=NOW)
        ask.recommend("ann", now=NOW + 1)
    said = [each for each in caplog.messages if "these labels of rules: dramma" in each]
    assert len(said) == 1


def test_the_fallback_follows_them_too(boosted, ruled):
    """Boosts by the gateway itself, pins of what is in the list."""
    text = SALE + PIN.format(item="c", place=1)
    with contextlib.ExitStack() as stack:
        with model_server(boosted) as port:
            ask = stack.enter_context(ruled(text, f"127.0.0.1:{port}"))
            ask.recommend("ann", now=NOW)
        answer = ask.recommend("ann")
        assert answer["reason_code"] == "fallback"
        assert ids(answer) == ["c", "d", "e", "café", "b"]
        assert names(answer)["d"] == ["sale"]
        assert names(answer)["c"] == ["editor"]


def test_without_rules_nothing_is_told(boosted_target, boosted):
    items = boosted / "1" / "assets.extra" / "items.parquet"
    with gateway_thread(MemoryStates(), boosted_target, items) as ask:
        answer = ask.recommend("nobody", now=NOW)
        assert {answer[name] for name in ("rules_version", "experiment", "arm")} == {""}
        assert names(answer) == {each: [] for each in ITEM_IDS}
        assert "rules_wrong" not in ask("GET", "/metrics")[1]


def test_a_wrong_file_ends_the_program_with_all_problems(monkeypatch, capsys, tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text("[[boost]]\nname = 1\nvalue = nan\n", encoding="utf-8")
    flags = ("--target", "127.0.0.1:1", "--model", "toy", "--store", "memory:")
    assert run_program(monkeypatch, gateway.main, *flags, "--rules", file) == 1
    told = capsys.readouterr().err
    assert "The rules have 3 problems" in told
    assert run_program(monkeypatch, gateway.main, *flags, "--rules", "none.toml") == 1
    assert "`--rules` cannot be read" in capsys.readouterr().err
