"""Tests of the page's box for sentences in a browser."""

from tests.serving.web.test_page import titles


def say(page, text):
    """Asks, and waits for the answer."""
    page.fill("#sentence", text)
    with page.expect_response("**/ask"):
        page.press("#sentence", "Enter")


def chips(page):
    return page.locator("#understood .chip:not(.end)").all_inner_texts()


def test_a_sentence_is_understood_part_by_part(gateway, visit):
    page = visit(gateway, "ann")
    say(page, "two titles, nothing <b>big</b> under $5")
    page.locator("#understood .chip").first.wait_for()
    assert chips(page) == [
        "about “nothing <b>big</b>” ×",
        "price under 5 ×",
        "at most 2 items ×",
    ]
    assert len(titles(page)) == 2
    assert not page.locator("#wishes").is_visible()
    assert "this catalogue has no price" in page.locator("#ask-notes").inner_text()
    with page.expect_response("**/ask"):
        page.locator(".chip", has_text="at most 2").click()
    page.locator("#recommended .row").nth(2).wait_for()
    assert "at most 2 items ×" not in chips(page)
    say(page, "not the first one")
    page.locator(".chip", has_text="not ").first.wait_for()
    page.locator(".chip.end").click()
    page.locator("#wishes").wait_for()
    assert chips(page) == []


def test_somebody_new_asks_and_likes(gateway, visit):
    page = visit(gateway)
    say(page, "y")
    page.locator("#understood .chip").first.wait_for()
    assert chips(page) == ["y ×"]
    first = titles(page)[0]
    page.locator("#recommended .like").first.click()
    page.locator("#changes", has_text="Liked").wait_for()
    assert first not in titles(page)
    assert chips(page) == ["y ×"]
    page.click("#newcomer")
    page.locator("#wishes").wait_for()
    assert chips(page) == []


def test_an_error_is_said(gateway, visit):
    page = visit(gateway, "ann")
    visit.problems.clear()
    page.fill("#sentence", "?!")
    page.press("#sentence", "Enter")
    page.locator("#notice", has_text="must have words").wait_for()
    visit.problems.clear()
