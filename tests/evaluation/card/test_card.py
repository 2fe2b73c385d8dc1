"""Tests of the whole card, its page and its findings, on logs that lack things."""

import html.parser
import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.evaluation.card.subjects import EVENTS, make_subject
from tests.evaluation.test_evaluate import Fixed
from tfrec.evaluation.card.card import CardMaker, Examples
from tfrec.evaluation.card.findings import findings
from tfrec.evaluation.card.page import render_page
from tfrec.evaluation.evaluate import evaluate, lists_of
from tfrec.evaluation.interest import InterestEvaluation
from tfrec.evaluation.notebook import Report
from tfrec.evaluation.protocol import describe_protocol
from tfrec.evaluation.report import make_report, write_report

SCORES = np.random.default_rng(0).normal(size=(3, 6))
EVIL = "<script>alert('x')</script> & \"friends\""
VOID = {"meta", "br", "link", "img", "hr", "input"}
LOADS = re.compile(
    r"""(?:src|href|xlink:href)\s*=\s*["'](?!#)|url\(|@import|https?://"""
)


class Balanced(html.parser.HTMLParser):
    """Fails on tags that are not closed in turn; keeps ids and links."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if "href" in values else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def facts_of(subject, labels=(True, False), scores=SCORES):
    """What `make_report` takes of a tiny model, beside a baseline."""
    num_users = len(subject.queries)
    evaluations = []
    for name, table in (("ours", scores), ("popularity", -scores)):
        ranker = Fixed(table[:num_users])
        ranker.name = name
        evaluations.append(evaluate(ranker, subject.split, bootstrap_samples=20))
    ours = Fixed(scores[:num_users])
    k = evaluations[0].shown.shape[1]
    labels = np.array(labels)
    chances = np.linspace(0.9, 0.1, len(labels))
    rows = np.zeros(len(labels), np.int32)
    examples = Examples(labels, chances, rows, rows, rows, 0.5, "the configuration")
    card = CardMaker(subject, evaluations, samples=20).make(
        lambda queries: lists_of(ours, queries, k=k), examples
    )
    interest = InterestEvaluation(labels, rows, {"ours": chances}, True)
    protocol = describe_protocol(subject.split)
    return evaluations, {
        "title": "Test",
        "protocol": protocol,
        "interest": interest,
        "card": card,
        "bootstrap_samples": 20,
    }


def read(page):
    parser = Balanced()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def report_of(subject, **more):
    evaluations, facts = facts_of(subject, **more)
    return make_report(evaluations, **facts)


PEOPLE = {"user_id": ["u0", "u1", "u2"], "sex": ["f", "f", "m"]}
LOGS = {
    "usual": {"users": PEOPLE, "text_vectors": np.eye(6)},
    "no categories": {"categories": [""] * 6},
    "no texts": {"text_vectors": np.zeros((6, 2))},
    "no group columns": {"users": {"user_id": ["u0"]}},
    "no timestamps": {"events": [(u, i, 0) for u, i, _ in EVENTS]},
    "a single user": {"events": [(0, 0, 1), (0, 1, 2)]},
}


@pytest.mark.parametrize("name", LOGS)
def test_the_page_is_valid_and_needs_nothing_else(name):
    report = report_of(make_subject(**LOGS[name]))
    json.dumps(report, allow_nan=False)
    page = render_page(report)
    parser = read(page)
    assert not LOADS.search(page)
    assert parser.links == [f"#{each}" for each in parser.ids]
    assert {"findings", "accuracy", "beyond-accuracy", "stability"} <= set(parser.ids)
    assert not re.search(r"\bnan\b", parser.text)


def test_everything_is_the_same_again():
    subject = make_subject(users=PEOPLE)
    assert render_page(report_of(subject)) == render_page(report_of(subject))


def test_what_a_log_lacks_is_said():
    text = read(render_page(report_of(make_subject(categories=[""] * 6)))).text
    assert "diversity of texts, diversity of categories." in text
    assert "Drift of taste needs categories" in text
    assert "no column that makes groups" in text


def test_groups_with_one_member_are_counted_in_words():
    text = read(render_page(report_of(make_subject(users=PEOPLE)))).text
    assert "Groups with one asked person are left out: 1." in text
    assert "Fewer than two groups have two people" in text


def test_titles_categories_and_groups_are_escaped():
    users = {"user_id": ["u0", "u1", "u2"], EVIL: [EVIL, EVIL, ""]}
    subject = make_subject(categories=[EVIL] * 6, users=users)
    subject.items.frame["title"] = EVIL
    page = render_page(report_of(subject) | {"title": EVIL})
    assert "<script" not in page
    assert read(page).text.count("alert") > 5


def test_labels_of_one_class_are_a_finding():
    report = report_of(make_subject(), labels=[True, True])
    words = [each["words"] for each in report["findings"]]
    assert any(words.startswith("All 2 examples are positive") for words in words)
    assert not any("probabilities can be used" in each for each in words)


def test_a_single_person_is_no_sample():
    report = report_of(make_subject([(0, 0, 1), (0, 1, 2)]))
    assert "Few people were asked: 1." in report["findings"][0]["words"]


def test_older_reports_are_still_rendered():
    report = report_of(make_subject())
    old = {name: report[name] for name in ("title", "models", "metric", "details")}
    parser = read(render_page(old | {"protocol": {}}))
    assert parser.ids == ["accuracy", "new-people-and-new-items"]
    assert "By length of history" not in parser.text
    assert findings(old | {"protocol": {}})[0]["figure"] == "models[1].against"


def test_report_json_has_all_figures(tmp_path):
    evaluations, facts = facts_of(make_subject(users=PEOPLE))
    report = write_report(tmp_path, evaluations, **facts)
    stored = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert stored["card"] == json.loads(json.dumps(report["card"]))
    assert stored["findings"] == report["findings"]
    assert (tmp_path / "report.html").read_text("utf-8") == render_page(stored)


def test_a_report_in_a_notebook_has_the_same_page():
    evaluations, facts = facts_of(make_subject())
    page = render_page(make_report(evaluations, **facts))
    assert Report(evaluations, **facts).to_page() == page


def test_ndcg_by_length_of_history():
    events = [(0, 0, 1), *((1, item, 1) for item in (0, 2, 3))]
    report = report_of(make_subject([*events, *((1, 5, 2 + t) for t in range(3))]))
    rows = report["card"]["history_length"]
    counts = [(row["slice"], row["num_queries"]) for row in rows]
    assert counts == [("1 to 5 events", 1), ("6 to 20 events", 1)]


def test_popularity_is_shown_where_no_baseline_is():
    subject = make_subject()
    evaluations, facts = facts_of(subject)
    card = CardMaker(subject, evaluations[:1], samples=20).make(
        lambda queries: lists_of(Fixed(SCORES), queries)
    )
    assert card["lists"] == ["ours", "popularity"]
    assert "interest" not in card
    shown = make_report(evaluations[:1], **facts | {"card": card, "interest": None})
    assert "No baseline was evaluated" in render_page(shown)


def test_frames_of_users_without_the_asked():
    users = pd.DataFrame({"user_id": ["x", "y"], "sex": ["f", "m"]})
    found = report_of(make_subject(users=users))["card"]["fairness"]["columns"]
    assert found["sex"]["groups"] == []
