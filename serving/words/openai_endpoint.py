"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, a cloud."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from serving.security.exposure import is_loopback
from serving.words.contract import ChatMessage, Completion, LanguageModelError
from serving.words.http_answer import parts, posted
from tfrec.errors import ConfigError

_DONE = b"[DONE]"
_SHOWN = 200  # letters of a refusal


class OpenAIEndpoint:
    """A `LanguageModel` behind HTTP.

    Args:
        url: up to the version, such as `http://127.0.0.1:8000/v1`.
        model: as the server calls it.
        api_key_env: environment variable with the key, `""` for none.

    Raises:
        ConfigError: the URL is none, the key would travel as plain text, or its
            variable is empty.
    """

    def __init__(self, url: str, model: str, api_key_env: str = ""):
        self._url = _read_url(url)
        self.name = model
        self.is_local = is_loopback(self._url.hostname or "")
        self._key = _read_key(api_key_env)
        if self._key and self._url.scheme == "http" and not self.is_local:
            raise ConfigError(
                "`words.url` must begin with https, because the key in "
                f"`{api_key_env}` would be plain text to the network otherwise. "
                f"Received: {url}."
            )

    def generate(
        self, messages: Sequence[ChatMessage], *, max_tokens: int, deadline: float
    ) -> Completion:
        """As `LanguageModel.generate`; the answer is streamed if the server can."""
        question = {
            "model": self.name,
            "messages": list(messages),
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        headers = {"content-type": "application/json", "accept": "text/event-stream"}
        if self._key:
            headers["authorization"] = f"Bearer {self._key}"
        body = json.dumps(question).encode()
        with posted(self._url, body, headers, deadline) as response:
            if response.status != 200:
                raise self._refusal(response)
            kind = response.headers.get_content_type()
            came = parts(response, deadline)
            if kind == "text/event-stream":
                return _read_stream(came)
            return _read_whole(b"".join(came))

    def close(self) -> None:
        """Nothing is kept open."""

    def _refusal(self, response):
        words = response.read1(_SHOWN).decode("utf-8", "replace")
        if self._key:
            words = words.replace(self._key, "…")
        return LanguageModelError(
            "refused",
            f"{self._url.netloc} answered {response.status}: {' '.join(words.split())}",
        )


def _read_url(url):
    try:
        found = urlsplit(url.rstrip("/") + "/chat/completions")
        host, port = found.hostname, found.port or 1
    except ValueError:
        host, port = None, 0
    is_http = host and port and found.scheme in ("http", "https")
    if is_http and "@" not in found.netloc:
        return found
    shown = url.rpartition("@")[2]
    raise ConfigError(
        "`words.url` must be the URL of an OpenAI-compatible server without a "
        f"password, such as http://127.0.0.1:8000/v1. Received: {shown!r}."
    )


def _read_key(variable):
    if not variable:
        return ""
    key = os.environ.get(variable, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ConfigError(
            f"The environment variable `{variable}` of `words.api_key_env` must hold "
            "a key of printable ASCII characters. Set it before the program starts."
        )
    return key


def _read_whole(body):
    answer = _parse(body)
    choice = _first(answer)
    return _completion([_content(choice, "message")], choice, answer)


def _read_stream(came: Iterable[bytes]) -> Completion:
    """The pieces of an event stream, put together."""
    pieces: list[str] = []
    last: dict = {}
    usage: dict = {}
    for data in _events(came):
        answer = _parse(data)
        usage = answer if answer.get("usage") else usage
        if answer.get("choices") == []:  # as the last part, which has the usage
            continue
        choice = _first(answer)
        pieces.append(_content(choice, "delta"))
        last = choice if choice.get("finish_reason") else last
    if not last:
        raise LanguageModelError("cut", "The stream ended before its text did.")
    return _completion(pieces, last, usage)


def _events(came: Iterable[bytes]) -> Iterator[bytes]:
    """The data of each event up to `[DONE]`; a line that is not whole is left out."""
    rest = b""
    for part in came:
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            name, _, data = line.partition(b":")
            if name != b"data":
                continue
            data = data.strip()
            if data == _DONE:
                return
            yield data


def _parse(data):
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or "error" in answer:
        raise _garbage(data)
    return answer


def _first(answer):
    choices = answer.get("choices")
    if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
        raise _garbage(answer)
    return choices[0]


def _content(choice, name):
    message = choice.get(name) or {}
    content = message.get("content") if isinstance(message, dict) else 0
    if content is None:
        return ""
    if not isinstance(content, str):
        raise _garbage(choice)
    return content


def _completion(pieces, choice, answer):
    reason = choice.get("finish_reason")
    if reason not in ("stop", "length"):  # such as a tool call, or a filter
        raise _garbage(choice)
    counted = answer.get("usage")
    usage = counted if isinstance(counted, dict) else {}
    tokens = _count(usage, "prompt"), _count(usage, "completion")
    return Completion("".join(pieces), *tokens, is_cut=reason == "length")


def _count(usage, side):
    number = usage.get(f"{side}_tokens")
    return number if isinstance(number, int) and 0 <= number < 10**9 else 0


def _garbage(received):
    return LanguageModelError(
        "garbage",
        "An answer must be a chat completion of OpenAI's form. Received: "
        f"{str(received)[:_SHOWN]!r}.",
    )
