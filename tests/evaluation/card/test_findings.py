"""Tests of tfrec.evaluation.card.findings: each is there only with its figures."""

import pytest

from tfrec.evaluation.card.costs import costs
from tfrec.evaluation.card.findings import findings


def figure(mean, low, high, **more):
    return {"mean": mean, "interval": [low, high], **more}


def make_report(low=0.01, high=0.03, **card):
    metrics = {"ndcg@10": figure(0.2, 0.1, 0.3)}
    against = {"difference": 0.02, "interval": [low, high], "p": 0.01}
    return {
        "metric": "ndcg@10",
        "protocol": {"num_users_asked": 500, "num_queries": 900, "num_items": 100},
        "models": [
            {"name": "ours", "metrics": metrics},
            {"name": "best", "metrics": metrics, "against": against},
        ],
        "details": {},
        **({"card": whole_card(**card)} if card else {}),
    }


def whole_card(
    coverage=0.5, lift=None, moved=0.0, gap=None, drift=(), exposure=None, interest=None
):
    lists = {"coverage": {"mean": coverage}}
    ours = lists | ({"popularity_lift": lift} if lift else {})
    theirs = lists | {"popularity_lift": figure(3.0, 2, 4, count=900)}
    card = {
        "lists": ["ours", "popularity"],
        "beyond_accuracy": {"ours": ours, "popularity": theirs},
        "stability": {"nothing_new": {"share_moved": moved, "num_questions": 9}},
        "fairness": {"columns": {"sex": {"gap": gap}}},
        "time": {"drift": list(drift)},
        "exposure": exposure or {},
    }
    return card | ({"interest": interest} if interest else {})


def said(report, *parts):
    """Level of the one finding whose words have all parts; None for no such."""
    found = [f for f in findings(report) if all(part in f["words"] for part in parts)]
    assert len(found) <= 1
    return found[0]["level"] if found else None


@pytest.mark.parametrize(
    ("low", "high", "level", "words"),
    [
        (0.01, 0.03, "good", "ours beats the best baseline, best"),
        (-0.01, 0.03, "check", "not clearly better than best"),
        (-0.03, -0.01, "check", "best is better than ours"),
    ],
)
def test_baseline(low, high, level, words):
    assert said(make_report(low, high), words, "NDCG@10 0.2000", f"{low:+.4f}") == level


def gap(p, is_few=False):
    shape = {"best": "f", "worst": "m", "difference": 0.1, "interval": [0.05, 0.2]}
    return shape | {"p": p, "is_few": is_few}


def test_gaps_between_groups():
    unfair = make_report(gap=gap(0.001))
    assert said(unfair, "by sex are not served alike", "0.1000", "0.001") == "check"
    assert said(make_report(gap=gap(0.3)), "No gap between groups by sex") == "good"
    small = make_report(gap=gap(0.001, is_few=True))
    assert said(small, "cannot be said") == "note"
    assert said(small, "not served alike") is None


def test_coverage():
    assert said(make_report(coverage=0.1), "Few items are ever shown: 10.0%") == "check"
    assert said(make_report(coverage=0.5), "50.0% of the catalogue") == "good"
    report = make_report(coverage=0.1)
    report["protocol"]["num_queries"] = 5
    assert said(report, "fewer places than items") == "note"


def test_popularity_bias():
    biased = make_report(lift=figure(0.5, 0.4, 0.6, count=900))
    assert said(biased, "There is a popularity bias", "+300%") == "check"
    fine = make_report(lift=figure(-0.1, -0.2, 0.1, count=900))
    assert said(fine, "10% less popular") == "good"
    few = make_report(lift=figure(0.5, 0.4, 0.6, count=9))
    assert said(few, "not judged: 9 questions") == "note"


def test_lists_that_move_by_themselves():
    assert said(make_report(moved=0.0), "all 9 questions got the same lists") == "good"
    assert said(make_report(moved=0.5), "50.0% of 9 lists changed") == "check"


def segment(name, promised, is_few=False):
    shape = {
        "segment": name,
        "num_examples": 500,
        "num_positive": 250,
        "num_people": 90,
    }
    shape |= {"promised": promised, "observed": 0.5, "error": abs(promised - 0.5)}
    return shape | {"error_by_chance": 0.04, "is_few": is_few}


def test_calibration():
    judged = {"threshold": {"note": ""}}
    segments = {"all": [segment("all", 0.52)], "length": [segment("long", 0.9)]}
    report = make_report(interest=judged | {"segments": segments})
    assert said(report, "probabilities can be used", "0.020") == "good"
    assert said(report, "too high for length, long", "0.90 promised") == "check"
    segments = {"all": [segment("all", 0.7)], "length": [segment("long", 0.9, True)]}
    report = make_report(interest=judged | {"segments": segments})
    assert said(report, "probabilities are off", "0.200") == "check"
    assert said(report, "too high for length") is None
    segments = {"all": [segment("all", 0.7, True)]}
    report = make_report(interest=judged | {"segments": segments})
    assert said(report, "cannot be judged") == "check"


def test_drift_and_exposure():
    models = {"ours": figure(0.1, 0, 1), "item-kNN": figure(0.2, 0, 1)}
    rows = [{"slice": "most drift", "num_queries": 500, "models": models}]
    assert said(make_report(drift=rows), "taste moves most", "item-kNN") == "check"
    rows[0]["num_queries"] = 5
    assert said(make_report(drift=rows), "taste moves most") is None
    rare = {"group": "rare", "relevance": 0.2, "exposure": figure(0.05, 0.04, 0.06)}
    report = make_report(exposure={"popularity": {"groups": [rare]}})
    assert said(report, "group rare are 20.0%", "have 5.0%") == "check"


def test_slices_of_new_people():
    report = make_report()
    cold, warm = figure(0.05, 0.04, 0.06), figure(0.2, 0.19, 0.21)
    slices = {"new users": cold, "known users": warm}
    report["models"][0]["slices"] = {
        name: {"num_queries": 300, "metrics": {"ndcg@10": each}}
        for name, each in slices.items()
    }
    assert said(report, "0.0500 for new users", "0.2000 for known users") == "check"
    report["models"][0]["slices"]["new users"]["num_queries"] = 3
    assert said(report, "has 3 questions, too few") == "note"


def test_warnings_of_the_training_are_findings():
    report = make_report()
    report["details"]["warnings"] = ["The loss is stuck."]
    assert said(report, "The loss is stuck.") == "check"


def test_energy_by_hand():
    taken = {"seconds": {"learn": 90.0, "export": 10.0}, "peak_memory_mb": {"learn": 9}}
    taken["cpu_seconds"] = {"learn": 150.0, "export": 30.0}
    config = {"evaluation": {"watts_per_core": 20.0}}
    found = costs({"details": {"training": taken, "config": config}})
    # 180 CPU-seconds at 20 W are 3600 Ws, which is 1 Wh.
    assert found["total"] == {"seconds": 100, "cpu_seconds": 180, "watt_hours": 1.0}
    assert found["stages"][0]["watt_hours"] == pytest.approx(5 / 6)
    assert costs({"details": {}}) is None
    del taken["cpu_seconds"]  # as older reports
    assert costs({"details": {"training": taken}})["total"]["watt_hours"] is None
