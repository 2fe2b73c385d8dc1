"""Tests of the page's languages: the catalogues, and the page in Chinese."""

import json
import pathlib
import re

import pytest

from serving.gateway import page as page_module
from tests.serving.web.test_page import told, wait_for, wait_for_standing
from tfrec.reasons.sentences import LANGS

STATIC = page_module.FOLDER
SAID = re.compile(r"""say\("(\w+)"|data-(?:say|placeholder|label)="(\w+)\"""")


def catalogue(lang):
    text = pathlib.Path(STATIC, f"{lang}.js").read_text(encoding="utf-8")
    return json.loads(text[text.index("{\n") :].rstrip().removesuffix(";"))


def placeholders(message):
    return sorted(re.findall(r"\{\w+\}", message))


@pytest.mark.parametrize("lang", LANGS)
def test_every_language_has_the_same_words(lang):
    ours, english = catalogue(lang), catalogue("en")
    assert ours.keys() == english.keys()
    for key, message in english.items():
        assert placeholders(ours[key]) == placeholders(message), key


def test_all_that_is_said_is_in_the_catalogues():
    known = catalogue("en").keys()
    texts = [path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.*"))]
    said = {a or b for text in texts for a, b in SAID.findall(text)}
    assert said <= known
    everything = "".join(texts)
    unused = {key for key in known if everything.count(f'"{key}"') <= len(LANGS)}
    assert unused == {"like_title", "skip_title"}  # chosen by the kind of a click


def test_no_words_are_left_in_the_page_itself():
    html = pathlib.Path(STATIC, "index.html").read_text(encoding="utf-8")
    body = html[html.index("<body>") :]
    texts = {text.strip() for text in re.findall(r">([^<>]+)<", body)} - {""}
    assert texts == {"tfrec", "English", "中文", "…", "↑", "↓", "L", "S", "U", "/"}


def test_the_browser_says_which_language(gateway, visit):
    page = visit(gateway, "ann", locale="zh-CN")
    wait_for_standing(page, "状态 2")
    assert page.title() == "tfrec 试用页"
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    items = gateway.recommend("ann", explain=True, lang="zh")["items"]
    assert [each[1:] for each in told(page)] == [
        [item["reason"]] if item["reason"] else [] for item in items
    ]
    assert items[0]["reason"].startswith("因为您给“Title of ")
    page.get_by_role("button", name="喜欢 Title of café").click()
    wait_for(page, "#changes", r"已喜欢 Title of café：\d 个移动了位置，\d 个新出现。")
    wait_for(page, "#timing", r"点击在 [\d.]+ 毫秒内已计入")
    page.get_by_role("button", name="撤销：已喜欢 Title of café").click()
    wait_for(page, "#changes", "已撤销：已喜欢 Title of café")


def test_everything_follows_the_switch(gateway, visit):
    page = visit(gateway, "ann")
    wait_for_standing(page, "state 2")
    assert page.url.endswith("#user=ann")
    page.get_by_role("button", name="Like Title of b").click()
    wait_for_standing(page, "state 3")
    page.select_option("#language", "zh")
    wait_for_standing(page, "状态 3")
    assert page.url.endswith("#user=ann&lang=zh")
    page.get_by_role("button", name="撤销：已喜欢 Title of b").wait_for()
    wait_for(page, "#recommended", "因为您")
    wait_for(page, "#history", "1970年1月3日")
    page.reload()
    wait_for_standing(page, "状态 3")
    page.select_option("#language", "en")
    wait_for_standing(page, "state 3")
    wait_for(page, "#interests-note", "What the recommendations come from")
    wait_for(page, "#health", "Everything works")
    # The parts of the page are asked for one after another.
    page.wait_for_function(
        "() => !/[\u4e00-\u9fff]/.test(document.body.innerText.replace('中文', ''))"
    )


def test_a_language_that_there_is_not_is_english(gateway, visit):
    page = visit(gateway, "ann&lang=tlh", locale="zh-CN")
    wait_for_standing(page, "state 2")


def test_braces_of_people_stay_braces(gateway, visit):
    search = {"user_id": "eve", "event": "search", "text": "{text} $& {0}"}
    gateway("POST", "/v1/events", search | {"timestamp": 86_400})
    page = visit(gateway, "eve", locale="zh-CN")
    wait_for(page, "#history", r"“\{text\} \$& \{0\}”")
