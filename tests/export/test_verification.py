"""Tests of tfrec.export.verification and of what it runs in a fresh process."""

import numpy as np
import pytest
import tensorflow as tf

from tfrec.errors import ArtefactError
from tfrec.export import verification as proof
from tfrec.export.artefact import check_fingerprint
from tfrec.export.fresh_process import run_loaded, run_session
from tfrec.export.ops import read_saved_model
from tfrec.export.signature_alias import share_signature
from tfrec.export.verification import Check, is_nearly_the_same, prove
from tfrec.export.warmup import fill_defaults


def test_a_sound_model_is_proven(toy, requests, answers):
    prove([Check(toy, requests, answers, [])])


def test_other_answers_are_named(toy, requests, answers):
    answers[0]["item_ids"][0, 0] = b"e"
    answers[1]["embedding"] += np.array([[1, 0.5]], np.float32)
    with pytest.raises(ArtefactError) as caught:
        prove([Check(toy, requests, answers, [])])
    words = str(caught.value)
    assert "4 outputs that differ" in words  # two, each seen in both ways
    assert "request 1, `recommend`, output `item_ids`: 1 of 6" in words
    assert "request 2, `embed_query`, output `embedding`: 2 of 2 values" in words
    assert "the worst is 0.3000000119" in words


def test_of_several_models_the_wrong_one_is_named(toy, copy, requests, answers):
    wrong = [answers[0], {"embedding": answers[1]["embedding"] + 1}]
    checks = [Check(toy, requests, answers, []), Check(copy, requests, wrong, [])]
    with pytest.raises(ArtefactError, match=f"^{copy} must answer") as caught:
        prove(checks)
    assert str(toy) not in str(caught.value)


def test_a_shared_signature_answers_as_the_other_one(copy, requests, answers):
    """Servers keep a graph by what it takes and gives: that of `recommend` here."""
    share_signature(copy, "serving_default", "recommend")
    check_fingerprint(copy)
    (graph,) = read_saved_model(copy).meta_graphs
    signatures = graph.signature_def
    assert signatures["serving_default"] == signatures["recommend"]
    requests[0] = ("serving_default", requests[0][1])
    prove([Check(copy, requests, answers, [])])


def test_a_variable_that_servers_do_not_restore_is_found(edit, requests):
    """As Keras 3.15 saves its variables in a `tf.Module`: Python loads it well.

    Reference: https://github.com/keras-team/keras/issues/20095
    """

    def use_another_variable(graph):
        (variable,) = (node for node in graph.node if node.op == "VarHandleOp")
        stray = graph.node.add()
        stray.CopyFrom(variable)
        stray.name = "stray"
        stray.attr["shared_name"].s = b"stray"
        for node in graph.node:
            if node.op == "StatefulPartitionedCall" and (
                "saver_filename" not in node.input
            ):
                node.input[:] = [i.replace(variable.name, "stray") for i in node.input]

    folder = str(edit(use_another_variable))
    assert len(run_loaded(folder, fill_defaults(folder, requests))) == 2
    with pytest.raises(tf.errors.FailedPreconditionError, match="variable stray"):
        run_session(folder, requests)


@pytest.mark.parametrize("run", [run_loaded, run_session])
def test_a_refused_request_is_named(toy, requests, run):
    requests[1][1]["history_values"] = np.ones([1, 7], np.float32)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        run(str(toy), fill_defaults(toy, requests))
    assert caught.value.__notes__ == ["This was request 2, of `embed_query`."]


def test_tfrec_is_out_of_reach(toy):
    with pytest.raises(ArtefactError, match="A saved model must not need tfrec"):
        prove([Check(toy, [], [], ["tfrec"])])


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import os; os.abort()", "code -6"),
        ("import sys; sys.exit('no room')", "code 1:\nno room"),
        (
            "import time; time.sleep(60)",
            "in a session .*, did not answer .* within 0.5 s",
        ),
    ],
)
def test_a_process_that_fails_says_how(
    toy, requests, answers, tmp_path, monkeypatch, script, words
):
    path = tmp_path / "script.py"
    path.write_text(script)
    monkeypatch.setattr(proof, "SCRIPT", path)
    check = Check(toy, requests, answers, [])
    with pytest.raises(ArtefactError, match=words):
        prove([check], timeout_s=0.5 if "sleep" in script else 60)


def ranking(*rows):
    """Rows of `(item id, score)`, as an answer."""
    ids = [[item for item, _ in row] for row in rows]
    scores = [[score for _, score in row] for row in rows]
    return {"item_ids": np.array(ids, object), "scores": np.array(scores, "float32")}


BEST = [(b"i%d" % n, 1.0 - n / 100) for n in range(10)]


def test_an_approximate_search_may_miss_an_item():
    other = [*BEST[:4], *BEST[5:], (b"new", 0.5)]
    assert is_nearly_the_same(ranking(BEST, BEST), ranking(BEST, other))
    assert is_nearly_the_same(ranking(BEST), ranking(other))
    assert not is_nearly_the_same(ranking(BEST), ranking(BEST[:9]))


def test_but_neither_many_nor_another_score():
    two = [*BEST[2:], (b"new", 0.5), (b"newer", 0.4)]
    assert not is_nearly_the_same(ranking(BEST), ranking(two))
    raised = [(item, score + 0.01) for item, score in BEST]
    assert not is_nearly_the_same(ranking(BEST), ranking(raised))
    assert not is_nearly_the_same({"probabilities": np.ones(1)}, ranking(BEST))
    likely = [
        {"probabilities": np.full((1, 10), p)} | ranking(BEST) for p in (0.5, 0.6)
    ]
    assert not is_nearly_the_same(*likely)
