"""Tests of tfrec.evaluation.card.model_card."""

import yaml

from tests.evaluation.card.subjects import make_subject
from tests.evaluation.card.test_card import PEOPLE, report_of
from tfrec.evaluation.card.model_card import ACT, FILL, render_model_card

FACTS = {"name": "shop", "data_digest": "abc", "config": {}, "has_times": True}


def front_matter(card):
    _, text, body = card.split("---\n", 2)
    return yaml.safe_load(text), body


def test_front_matter_has_the_metrics():
    report = report_of(make_subject(users=PEOPLE))
    found, _ = front_matter(render_model_card(FACTS, report))
    assert found["license"] == "unknown"
    assert "recommender-system" in found["tags"]
    (result,) = found["model-index"][0]["results"]
    values = {each["type"]: each["value"] for each in result["metrics"]}
    expected = report["models"][0]["metrics"]["ndcg@10"]["mean"]
    assert values["ndcg@10"] == round(expected, 4)


def test_every_heading_of_the_act_is_there():
    _, body = front_matter(render_model_card(FACTS, report_of(make_subject())))
    headings = {line[3:] for line in body.splitlines() if line.startswith("## ")}
    assert {name for cell in ACT.values() for name in cell.split(", ")} <= headings
    for name in ("Out-of-scope use", "Limitations", "Environmental impact"):
        assert name in headings
    assert body.count(FILL) > 8


def test_findings_are_limitations():
    report = report_of(make_subject())
    checks = [f["words"] for f in report["findings"] if f["level"] == "check"]
    card = render_model_card(FACTS, report)
    assert checks
    assert all(f"- {words}" in card for words in checks)


def test_a_model_without_an_evaluation():
    found, body = front_matter(render_model_card(FACTS))
    assert "model-index" not in found
    assert "exported without an evaluation" in body
    assert "`abc`" in body
