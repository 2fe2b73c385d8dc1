"""A browser, and the page on the toy's real server through a real gateway."""

import shutil

import pandas as pd
import pytest

from serving.gateway.feedback import Reactions
from serving.user_states.memory import MemoryStates
from tests.contracts.user_states import event
from tests.serving.online.gateway_process import gateway_thread
from tests.serving.toy_artefact import CATEGORIES, ITEM_IDS
from tests.serving.web.titles import TITLES


@pytest.fixture(scope="module")
def chromium():
    """The system's Chromium, driven by Playwright; without either tests are skipped."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("Chromium is not installed.")
    with sync_api.sync_playwright() as playwright:
        flags = {"executable_path": path, "args": ["--no-sandbox"]}
        browser = playwright.chromium.launch(**flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def toy_items(tmp_path_factory):
    """The toy's titles, one of which is HTML."""
    path = tmp_path_factory.mktemp("items") / "items.parquet"
    table = {"item_id": ITEM_IDS, "title": [TITLES[i] for i in ITEM_IDS]}
    table |= {"category": CATEGORIES, "about": [f"Year of {i}" for i in ITEM_IDS]}
    table["keywords"] = [f"word of {i}|<i>all</i>" for i in ITEM_IDS]
    table["topic"] = [f"{category}, topic" for category in CATEGORIES]
    pd.DataFrame(table).to_parquet(path)
    return path


@pytest.fixture
def states():
    """What is known of `ann`: first `a`, on 2 January 1970, then `e`."""
    states = MemoryStates()
    liked = {"event": "rating", "value": 1.0}
    states.append([event("ann", 86_400, "a", **liked)])
    states.append([event("ann", 172_800, "e", **liked)])
    return states


@pytest.fixture
def gateway(target, states, toy_items):
    """`Http` of a gateway whose page offers `ann`."""
    with gateway_thread(states, target, toy_items, users=["ann"]) as ask:
        yield ask


@pytest.fixture
def hiding_gateway(target, states, toy_items):
    """The same for a model that learnt no dislike."""
    hiding = Reactions(chosen_hiding=frozenset({"skip"}))
    with gateway_thread(states, target, toy_items, reactions=hiding) as ask:
        yield ask


@pytest.fixture
def visit(chromium):
    """Opens a gateway's page; what went wrong in the browser fails the test.

    A test names it after the gateway, so that pages are closed first.
    """
    contexts, problems = [], []

    def open_page(gateway, user="", until="#timing b", **context):
        context = {"timezone_id": "UTC", "locale": "en-GB"} | context
        context = chromium.new_context(**context)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda m: m.type == "error" and problems.append(m.text))
        address = f"http://127.0.0.1:{gateway.port}/"
        page.on(
            "request", lambda r: r.url.startswith(address) or problems.append(r.url)
        )
        page.goto(f"{address}#user={user}")
        page.locator(until).wait_for()
        return page

    open_page.problems = problems
    yield open_page
    for context in contexts:
        context.close()
    assert not problems
