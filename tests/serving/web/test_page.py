"""Tests of the page in a browser."""

import re
import time

import pytest

from serving.gateway.interest_shares import DAY_S
from serving.security.tokens import Tokens
from tests.contracts.user_states import event
from tests.serving.online.gateway_process import gateway_thread
from tests.serving.server_process import serving
from tests.serving.web.titles import HTML_TITLE


def titles(page, rows="#recommended .row"):
    """Titles of a list, without badges and reasons."""
    script = "rows => rows.map(row => row.querySelector('.title').firstChild.data)"
    return page.locator(rows).evaluate_all(script)


def wait_for(page, selector, words):
    page.locator(selector).get_by_text(re.compile(words)).first.wait_for()


def wait_for_standing(page, words):
    """It stands in the details, which are closed at first."""
    page.locator("#standing").get_by_text(words).wait_for(state="attached")


def told(page):
    """What a row says below its title: about it, and why it is there."""
    script = (
        "rows => rows.map(e => [...e.querySelectorAll('small')].map(s => s.innerText))"
    )
    return page.locator("#recommended .row").evaluate_all(script)


def focused(page):
    """What has the focus: its label, or its id."""
    script = "e => document.activeElement.ariaLabel ?? document.activeElement.id"
    return page.locator("body").evaluate(script)


def test_typing_a_user_shows_the_history(gateway, visit):
    page = visit(gateway)
    page.fill("#user", "ann")
    page.press("#user", "Enter")
    wait_for(page, "#history", "Title of a")
    assert page.locator("#history li").all_inner_texts() == [
        "Title of e\nrating 1\n3 Jan 1970, 00:00",
        "Title of a\nrating 1\n2 Jan 1970, 00:00",
    ]
    wait_for_standing(page, "state 2 · model 1")
    found = gateway.recommend("ann")["items"]
    assert titles(page) == [item["title"] for item in found]
    assert page.url.endswith("#user=ann")


def test_a_search_stands_in_the_history(gateway, visit):
    search = {"user_id": "uma", "event": "search", "text": "a <b>quiet</b> film"}
    gateway("POST", "/v1/events", search | {"timestamp": 86_400})
    page = visit(gateway, "uma")
    wait_for(page, "#history", "quiet")
    assert page.locator("#history li").all_inner_texts() == [
        "“a <b>quiet</b> film”\nsearch\n2 Jan 1970, 00:00"
    ]


def test_liking_changes_list_and_state(gateway, visit):
    page = visit(gateway, "ann")
    wait_for_standing(page, "state 2")
    before = titles(page)
    page.get_by_role("button", name="Like Title of café").click()
    wait_for(page, "#timing", r"Your click was counted in [\d.]+ ms, this list took")
    wait_for_standing(page, "state 3")
    wait_for(page, "#changes", r"Liked Title of café: \d moved, \d new\.")
    after = titles(page)
    assert set(after) == set(before) - {"Title of café"}
    assert after == [item["title"] for item in gateway.recommend("ann")["items"]]
    # The opposite direction is in front now: every place has changed.
    for place, title in enumerate(after, start=1):
        was = before.index(title) + 1
        badge = page.locator(f"#recommended .row:nth-child({place}) .moved")
        told = badge.all_inner_texts()
        assert told == ([] if was == place else [f"was {was}"])
    assert before.index(after[0]) > 0


def test_no_click_waits_for_what_stands_beside_the_list(gateway, visit):
    page = visit(gateway, "ann")
    wait_for_standing(page, "state 2")
    page.route("**/interests", lambda route: None)  # never answered
    for item_id, version in (("café", 3), ("d", 4)):
        page.get_by_role("button", name=f"Like Title of {item_id}").click()
        wait_for_standing(page, f"state {version}")


def test_skipping_is_told_to_a_model_that_learnt_it(gateway, visit):
    page = visit(gateway, "ann")
    page.get_by_role("button", name="Skip Title of b").click()
    wait_for(page, "#changes", "Skipped Title of b")
    assert "Title of b" not in titles(page)
    assert not page.locator("#skip-note").is_visible()
    state = gateway("GET", "/v1/users/ann/state")[1]
    assert (state["events"][-1]["item_id"], state["events"][-1]["event"]) == (
        "b",
        "skip",
    )


def test_skipping_only_hides_where_no_dislike_was_learnt(hiding_gateway, visit):
    page = visit(hiding_gateway, "ann")
    page.locator("#skip-note").wait_for()
    before = titles(page)
    page.get_by_role("button", name="Skip Title of b").click()
    wait_for(page, "#changes", "Skipped Title of b")
    assert titles(page) == [title for title in before if title != "Title of b"]


def test_somebody_new_leaves_nothing_behind(gateway, states, visit):
    page = visit(gateway, "ann")
    page.click("#newcomer")
    wait_for(page, "#whose", "for somebody new")
    wait_for(page, "#changes", "Without a history")
    page.get_by_role("button", name="Like Title of a").click()
    wait_for_standing(page, "session of 1")
    assert titles(page)[0] == "Title of b"  # the nearest to a
    wait_for(page, "#recommended", "because .*“Title of a”")
    wait_for(page, "#history", "Title of a")
    wait_for(page, "#events", "Title of a")
    assert states.get("").version == 0
    page.fill("#user", "ann")
    page.press("#user", "Enter")
    wait_for_standing(page, "state 2")


def test_words_and_categories(gateway, visit):
    page = visit(gateway, "ann")
    page.select_option("#category", "y")
    page.get_by_role("button", name="Like Title of b").wait_for(state="detached")
    assert set(titles(page)) == {"Title of d", "Title of café"}
    page.select_option("#category", "")
    page.click("#newcomer")
    page.fill("#query", "something quiet about the sea")
    wait_for(page, "#changes", "Found by these words alone")
    assert titles(page)[0] == "Title of e"  # words count for its direction


def test_bars_follow_the_order_and_numbers_are_in_the_details(gateway, visit):
    page = visit(gateway, "ann")
    page.get_by_role("button", name="Like Title of b").click()
    wait_for_standing(page, "state 3")  # events of 1970 alone weigh nothing
    items = gateway.recommend("ann")["items"]
    bars = page.locator("#recommended .fill").evaluate_all(
        "bars => bars.map(bar => parseFloat(bar.style.width))"
    )
    assert len(bars) == len(items) > 2
    assert (bars[0], bars[-1]) == (100, 20)
    assert bars == sorted(bars, reverse=True)
    assert "%" not in page.locator("#recommended").inner_text()
    assert not page.locator("#mixed-note").is_visible()
    page.get_by_text("Details of this list").click()
    numbers = page.locator("#numbers li").all_inner_texts()
    assert [line.split(":")[0] for line in numbers] == titles(page)
    assert all(re.search(r"probability [\d.]+ %, score -?\d", line) for line in numbers)


def test_rows_tell_titles_apart(gateway, visit):
    page = visit(gateway, "ann")
    wait_for_standing(page, "state 2")
    items = gateway.recommend("ann", explain=True)["items"]
    assert told(page) == [
        [
            f"Year of {item['item_id']} · {item['categories'][0]}",
            *([item["reason"]] if item["reason"] else []),
        ]
        for item in items
    ]
    assert items[0]["reason"].startswith("because you rated “Title of ")


def test_clicks_are_taken_back(gateway, states, visit):
    page = visit(gateway, "ann")
    wait_for_standing(page, "state 2")
    before = titles(page)
    assert not page.locator("#undo").is_visible()
    page.get_by_role("button", name="Like Title of b").click()
    wait_for_standing(page, "state 3")
    page.get_by_role("button", name="Skip Title of d").click()
    wait_for_standing(page, "state 4")
    page.get_by_role("button", name="Undo: Skipped Title of d").click()
    wait_for_standing(page, "state 5")
    wait_for(page, "#changes", "Taken back: Skipped Title of d")
    page.keyboard.press("u")
    wait_for(page, "#changes", "Taken back: Liked Title of b")
    assert titles(page) == before
    assert [each.item_id for each in states.get("ann").events] == ["a", "e"]
    page.locator("#undo").wait_for(state="hidden")
    assert focused(page) == "recommended"


def test_somebody_new_takes_back_in_the_page(gateway, states, visit):
    page = visit(gateway)
    page.click("#newcomer")
    wait_for(page, "#whose", "for somebody new")
    page.get_by_role("button", name="Like Title of a").click()
    wait_for_standing(page, "session of 1")
    page.get_by_role("button", name="Undo").click()
    wait_for_standing(page, "session of 0")
    assert states.get("").version == 0


def test_words_are_a_reason(gateway, visit):
    page = visit(gateway)
    page.click("#newcomer")
    page.fill("#query", "quiet sea")
    wait_for(page, "#recommended .row:first-child", "fits “quiet sea”")


def test_interests(gateway, visit):
    page = visit(gateway, "ann")
    wait_for(page, "#categories", "x")
    shares = page.locator("#events li").all_inner_texts()
    told = gateway("GET", "/v1/users/ann/interests")[1]["items"]
    assert [line.split("\n")[0] for line in shares] == [i["title"] for i in told]
    assert page.locator("#events .fill").first.evaluate("e => e.style.width") == "100%"


def test_words_and_how_they_moved(gateway, states, visit):
    now = int(time.time())
    states.append([event("eve", now - 8 * DAY_S, "a", event="rating", value=1.0)])
    states.append([event("eve", now, "e", event="rating", value=1.0)])
    page = visit(gateway, "eve")
    page.locator("#keywords li").first.wait_for()
    told = gateway("GET", "/v1/users/eve/interests")[1]
    assert {each["name"]: each["week_ago"] for each in told["topics"]} == {
        "x, topic": pytest.approx(1.0),
        "y, topic": 0.0,
    }
    lines = [line.split("\n") for line in page.locator("#topics li").all_inner_texts()]
    assert [line[0] for line in lines] == [each["name"] for each in told["topics"]]
    moved = {line[0]: line[-1] for line in lines}
    assert moved["y, topic"] == "a day ago none, a week ago none"
    shown = page.locator("#keywords .name").all_inner_texts()
    assert "<i>all</i>" in shown  # as text
    visit(gateway).wait_for_selector("#about", state="hidden")


def test_the_keyboard_is_enough(gateway, visit):
    page = visit(gateway)
    page.keyboard.press("Tab")  # the jump to the list
    page.keyboard.press("Tab")
    assert focused(page) == "user"
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    wait_for_standing(page, "state 2")
    for _ in range(6):  # show, somebody new, language, a sentence and its button
        page.keyboard.press("Tab")
    assert focused(page) == "query"
    page.locator("#newcomer").focus()
    page.keyboard.press("/")
    assert focused(page) == "search"
    page.keyboard.type("title café")
    wait_for(page, "#found", "café")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Like Title of café"
    page.keyboard.press("Enter")
    wait_for_standing(page, "state 3")
    assert focused(page) == "Like Title of café"
    walk_the_list(page)


def walk_the_list(page):
    """From the jump at the top down the list; the focus stays where it was."""
    page.locator(".jump").focus()
    page.keyboard.press("Enter")
    assert focused(page) == "recommended"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second, third = titles(page)[1:3]
    assert focused(page) == f"Like {second}"
    page.keyboard.press("s")
    wait_for(page, "#changes", "Skipped")
    at_second = titles(page)[1]
    assert second not in titles(page)
    assert focused(page) == f"Like {at_second}"
    page.keyboard.press("ArrowUp")
    assert focused(page) == f"Like {titles(page)[0]}"


@pytest.mark.parametrize("width", [320, 360, 800])
def test_narrow_screens_need_no_scrolling_sideways(gateway, visit, width):
    page = visit(gateway, "ann", viewport={"width": width, "height": 700})
    wait_for(page, "#history", "Title of a")
    page.fill("#search", "title")
    wait_for(page, "#found", "Title of a")
    root = page.locator("html")
    assert root.evaluate("e => e.scrollWidth") == width
    outside = "rows => rows.filter(e => e.getBoundingClientRect().right > innerWidth)"
    assert page.locator("button").evaluate_all(f"{outside}.map(String)") == []


def test_a_title_of_html_stays_text(gateway, visit):
    page = visit(gateway, "ann")
    page.fill("#search", "img")
    page.get_by_role("button", name=f"Like {HTML_TITLE}").first.click()
    wait_for(page, "#history", "onerror")
    wait_for(page, "#events", "onerror")
    assert page.locator("main img, main b b, #history b").count() == 0
    assert page.title() == "tfrec playground"


def test_dark_and_light(gateway, visit):
    colours = {
        visit(gateway, color_scheme=scheme)
        .locator("body")
        .evaluate("e => getComputedStyle(e).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert len(colours) == 2


def test_the_fallback_is_said(visit, toy, states, toy_items):
    with (
        serving("--model_name=toy", f"--model_base_path={toy}") as server,
        gateway_thread(states, server.target, toy_items) as gateway,
    ):
        page = visit(gateway, "ann")
        wait_for(page, "#health", "Everything works")
        server.stop()
        page.get_by_role("button", name="Like Title of b").click()
        wait_for(page, "#notice", "The model server is away")
        wait_for_standing(page, "state 3")  # the click is kept all the same
        assert "Title of b" not in titles(page)
        wait_for(page, "#interests-note", "does not answer")
        wait_for(page, "#health", "The model server is away: .*UNAVAILABLE")
        page.close()
    assert all("503 (Service Unavailable)" in each for each in visit.problems)
    visit.problems.clear()


def test_an_unknown_user_begins_at_nothing(gateway, visit):
    page = visit(gateway, "somebody/else%3F")
    wait_for_standing(page, "state 0")
    wait_for(page, "#history-note", "Nothing yet")
    page.locator("#recommended .like").first.click()
    wait_for_standing(page, "state 1")
    assert page.input_value("#user") == "somebody/else?"


def test_a_gateway_with_tokens_is_asked_with_one(
    target, states, toy_items, visit, tmp_path
):
    """It is kept in the page alone."""
    token = "a-token-of-this-page"
    (tmp_path / "tokens").write_text(f"{token} write")
    tokens = Tokens(tmp_path / "tokens")
    with gateway_thread(states, target, toy_items, tokens, users=["ann"]) as gateway:
        page = visit(gateway, "ann", until="#door")
        wait_for(page, "#notice", "a token that this server knows")
        page.fill("#token", token)
        page.press("#token", "Enter")
        wait_for_standing(page, "state 2")
        assert not page.locator("#door").is_visible()
        page.get_by_role("button", name="Like Title of b").click()
        wait_for_standing(page, "state 3")
        assert page.evaluate("localStorage.length + document.cookie.length") == 0
        page.close()
    assert all("401 (Unauthorized)" in each for each in visit.problems)
    visit.problems.clear()
