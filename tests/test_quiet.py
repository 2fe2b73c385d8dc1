"""Tests of tfrec.quiet, each in a process of its own that never saw TensorFlow."""

import logging
import os
import subprocess
import sys

import pytest

from tfrec.quiet import _is_worth_reading

# TensorFlow logs of this graph by Abseil: "MLIR V1 optimization pass is not enabled".
GRAPH = """
import tensorflow as tf
def body(i, x):
    return i + 1, tf.cond(tf.reduce_sum(x) > 0, lambda: x + 1, lambda: -x)
@tf.function
def run(x):
    return tf.while_loop(lambda i, x: i < 3, body, [0, x])[1]
with tf.Graph().as_default():
    x = tf.compat.v1.placeholder(tf.float32, [None])
    print(tf.compat.v1.Session().run(run(x), {x: [1.0]}))
"""


def said(code, **variables):
    """What a new process says on stderr, and on stdout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TF_CPP")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=kept | variables,
        check=True,
    )
    return done.stderr, done.stdout


def test_importing_tfrec_is_quick_and_quiets_what_comes_later():
    code = "import sys, tfrec; assert 'tensorflow' not in sys.modules" + GRAPH
    errors, words = said(code)
    assert errors == ""
    assert words == "[4.]\n"


def test_whoever_wants_to_hear_all_does():
    errors, _ = said("import tfrec, tensorflow", TF_CPP_MIN_LOG_LEVEL="0")
    assert "cpu_feature_guard" in errors


def test_errors_are_heard_and_lines_of_others_too():
    """Of all that is written while the devices are looked for, one line is held."""
    code = """
import os, sys
from tfrec.quiet import _without_a_line
with _without_a_line("failed call to cuInit"):
    os.write(2, b"E gpu.cc:1] failed call to cuInit: 303\\n")
    os.write(2, b"E gpu.cc:2] out of memory\\n")
print("after", file=sys.stderr)
"""
    errors, _ = said(code)
    assert errors == "E gpu.cc:2] out of memory\nafter\n"


@pytest.mark.parametrize(
    ("function", "is_heard"),
    [
        (
            "<bound method TwoTower._plain_queries of <TwoTower name=two_tower>",
            False,
        ),
        ("<function _signature.<locals>.call at 0x7f17c4463740>", False),
        ("<function train_step at 0x7f17c4463740>", True),
    ],
)
def test_retracing_of_other_peoples_functions_is_heard(function, is_heard):
    words = f"5 out of the last 7 calls to {function} triggered tf.function retracing."
    record = logging.LogRecord("tensorflow", 30, "", 1, words, (), None)
    assert _is_worth_reading(record) == is_heard
