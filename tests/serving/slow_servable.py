"""A model that answers when it is told to."""

import threading
import types

import numpy as np

from tfrec.protocol.signature import Signature, TensorSpec

DEADLINE_S = 20


class SlowServable:
    """Answers `done` to `number` when `released`; `entered` is set before."""

    following = None

    def __init__(self):
        self.entered, self.released = threading.Event(), threading.Event()
        floats = TensorSpec("float32", (-1,))
        signature = Signature({"number": floats}, {"done": floats}, {})
        self.artefact = types.SimpleNamespace(signatures={"serving_default": signature})

    def replay_warm_up(self):
        return 0

    def run(self, *_):
        self.entered.set()
        assert self.released.wait(DEADLINE_S)
        return {"done": np.array([1.0], "float32")}
