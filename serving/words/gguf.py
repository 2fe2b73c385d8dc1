"""A GGUF file, run by llama.cpp; imported in the model's own process alone."""

import json
import os
import secrets
import time
from collections.abc import Callable, Sequence

from serving.words.contract import ChatMessage, Completion
from tfrec.optional import import_optional

CONTEXT_TOKENS = 4096


def load(path: str) -> Callable[[Sequence[ChatMessage], int, float], Completion]:
    """A function that generates with the model of a file.

    Raises:
        MissingPackageError: `xllamacpp` is not installed.
        OSError: there is no such file.
        RuntimeError: it is no model that llama.cpp knows.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"GGUF":
            raise RuntimeError("the file must be GGUF, whose first letters it lacks.")
    llama = import_optional(
        "xllamacpp",
        "a GGUF file",
        "`pip install 'tfrec[words-local]'` installs it.",
    )
    params = llama.CommonParams()
    params.model.path = path
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    # With a thread on each core, all wait while another program has one of them.
    params.cpuparams.n_threads = max(1, (os.cpu_count() or 1) // 2)
    params.cpuparams.poll = 0
    params.verbosity = 0
    params.api_keys = [secrets.token_hex()]  # it listens on a port, for nobody
    server = llama.Server(params)
    return lambda *question: _generate(server, *question)


def _generate(server, messages, max_tokens, seconds):
    deadline = time.monotonic() + seconds
    question = {
        "messages": messages,
        "max_tokens": max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    pieces: list[str] = []
    usage: dict[str, int] = {}
    reasons: set[str | None] = set()
    problems: list[dict] = []

    def take(part):  # says whether it is enough
        answer = json.loads(part)
        for choice in answer.get("choices", ()):
            pieces.append(choice["delta"].get("content") or "")
            reasons.add(choice["finish_reason"])
        usage.update(answer.get("usage") or {})
        problems.extend(filter(None, [answer.get("error")]))
        return time.monotonic() > deadline

    server.handle_chat_completions(json.dumps(question), take)
    if problems or not reasons:
        raise RuntimeError(f"llama.cpp gave no answer: {problems}")
    tokens = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return Completion("".join(pieces), *tokens, is_cut="stop" not in reasons)
