"""A language model in a process of its own, which may crash, hang or be slow.

It runs at a lower priority than what started it, has its own memory and its own
interpreter lock, and is ended where it overstays a deadline.
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from serving.words.contract import ChatMessage, Completion, LanguageModelError
from tfrec.errors import ConfigError, TfrecError

START_S = 180  # TensorFlow, and some gigabytes from a disk
GRACE_S = 0.8  # after a deadline, in which a model may still stop by itself
NICENESS = 10
# Messages, tokens and seconds to an answer.
Generate = Callable[[Sequence[ChatMessage], int, float], Completion]


class LocalModel:
    """A `LanguageModel` of a file or folder of this machine.

    Args:
        load: `"module:function"`, a function of the path that gives a `Generate`.
        path: what it loads.

    Raises:
        ConfigError: it cannot be loaded.
    """

    is_local = True

    def __init__(self, load: str, path: Path):
        self.name = path.name
        self._what = (load, str(path))
        self._lock = threading.Lock()  # one text at a time
        worker = _Worker(*self._what)
        self._worker: _Worker | None = worker
        problem = worker.problem(START_S)
        if problem:
            self.close()
            raise ConfigError(f"`words.path` {path} cannot be used: {problem}")

    def generate(
        self, messages: Sequence[ChatMessage], *, max_tokens: int, deadline: float
    ) -> Completion:
        """As `LanguageModel.generate`; texts are written one after another."""
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise _late()
        try:
            worker = self._ready(deadline)
            answer = worker.ask(list(messages), max_tokens, deadline)
        except (EOFError, OSError) as error:
            self._end()
            raise LanguageModelError(
                "unreachable", "The process of the language model ended."
            ) from error
        except LanguageModelError:
            self._end()
            raise
        finally:
            self._lock.release()
        if isinstance(answer, str):
            raise LanguageModelError("garbage", answer)
        return answer

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._end()

    def _end(self):
        if self._worker:
            self._worker.kill()
        self._worker = None

    def _ready(self, deadline):
        """The worker, started again if it had to be ended; it may still be loading."""
        if self._worker is None:
            self._worker = _Worker(*self._what)
        problem = self._worker.problem(max(0.0, deadline - time.monotonic()))
        if problem is None:
            return self._worker
        raise LanguageModelError("unreachable", problem)


class _Worker:
    """The process, seen from outside."""

    def __init__(self, load, path):
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, load, path), name="words", daemon=True
        )
        self._process.start()
        theirs.close()
        self._is_ready = False

    def problem(self, timeout_s):
        """Why it cannot be asked, None if it can."""
        if self._is_ready:
            return None
        if not self._line.poll(timeout_s):
            return f"it was not loaded in {timeout_s:.0f} s."
        try:
            problem = self._line.recv()
        except (EOFError, OSError):
            self._process.join(GRACE_S)
            return f"its process ended with exit code {self._process.exitcode}."
        self._is_ready = problem is None
        return problem

    def ask(self, messages, max_tokens, deadline):
        """A `Completion`, or what went wrong in words.

        Raises:
            EOFError, OSError: the process is gone.
            LanguageModelError: it gave nothing until the deadline.
        """
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise _late()
        self._line.send((messages, max_tokens, seconds))
        if not self._line.poll(max(0.0, deadline + GRACE_S - time.monotonic())):
            raise _late()
        return self._line.recv()

    def kill(self):
        self._line.close()
        self._process.kill()
        self._process.join()


def _late():
    return LanguageModelError("deadline", "The language model did not answer in time.")


def _serve(line: Connection, load: str, path: str) -> None:
    """The process from inside: loads, says so, then answers until the line ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program ends it
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    module, _, function = load.partition(":")
    try:
        generate = getattr(importlib.import_module(module), function)(path)
    except (TfrecError, OSError, ValueError, RuntimeError, ImportError) as error:
        line.send(f"{type(error).__name__}: {error}")
        return
    line.send(None)
    with contextlib.suppress(EOFError, OSError):
        while True:
            line.send(_answer(generate, *line.recv()))


def _answer(generate, messages, max_tokens, seconds):
    try:
        return generate(messages, max_tokens, seconds)
    except (ValueError, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
