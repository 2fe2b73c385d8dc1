"""Sources by URL."""

import pathlib
import threading

from serving.stream.source import EventSource
from tfrec.errors import ConfigError


def open_source(url: str, stopped: threading.Event) -> EventSource:
    """The source that a URL names.

    Args:
        url: `kafka://host:port/topic?group=name`, `jsonl:PATH`, or `-` for JSONL
            on stdin.
        stopped: ends the reading when set.

    Raises:
        ConfigError: the URL is none of these.
        OSError: the file cannot be read.
    """
    if url.startswith("kafka:"):
        from serving.stream.kafka import KafkaSource

        return KafkaSource(url, stopped)
    scheme, _, path = url.partition(":")
    if url in ("-", "jsonl:-") or (scheme == "jsonl" and path):
        from serving.stream.jsonl import JsonlSource

        is_stdin = path in ("", "-")
        return JsonlSource(None if is_stdin else pathlib.Path(path), stopped)
    raise ConfigError(
        "`--source` must be kafka://HOST:PORT/TOPIC?group=NAME, jsonl:PATH or -. "
        f"Received: {url!r}."
    )
