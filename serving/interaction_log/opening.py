"""Logs by URL."""

import pathlib
from typing import Annotated

from typer import Option

from serving.interaction_log.log_writer import LogWriter
from serving.interaction_log.sink import LogSink
from serving.user_states.store import UserStates
from tfrec.errors import ConfigError

Log = Annotated[
    str,
    Option(
        "--log",
        envvar="TFREC_LOG",
        show_envvar=True,
        help="Where to log events and what was shown: a folder, or "
        "kafka://HOST:PORT/TOPIC. Default: nowhere.",
    ),
]
LogKeepDays = Annotated[
    float | None,
    Option(
        "--log-keep-days",
        min=0,
        help="Days after which hours of a log's folder are deleted. Default: never.",
    ),
]
LogInterval = Annotated[
    float,
    Option(
        "--log-interval-s",
        min=0.1,
        help="Seconds that records wait in the store at most before they are in the "
        "log; each time makes files.",
    ),
]


def open_writer(
    states: UserStates, url: str, keep_days: float | None, interval_s: float
) -> LogWriter | None:
    """What writes the log of some states, which now keep records for it.

    Args:
        states: their outbox is emptied.
        url: as of `open_log`, `""` for no log.
        keep_days: as of `FolderLog`.
        interval_s: as of `LogWriter`.

    Returns:
        A writer that has not begun, None without a log.

    Raises:
        As `open_log`.
    """
    if not url:
        if keep_days is not None:
            raise ConfigError(
                "`--log-keep-days` must be given with `--log`, because nothing is "
                "kept without a log."
            )
        return None
    writer = LogWriter(states.outbox, open_log(url, keep_days), interval_s)
    states.keeps_log = True
    return writer


def open_log(url: str, keep_days: float | None = None) -> LogSink:
    """The log that a URL names.

    Args:
        url: path of a folder, or `kafka://host:port[,host:port]/topic`.
        keep_days: as of `FolderLog`.

    Raises:
        ConfigError: the URL or the combination is wrong.
        LogError: the folder cannot be made.
        MissingPackageError: the log needs a package.
    """
    if "://" not in url:
        from serving.interaction_log.folder import FolderLog

        return FolderLog(pathlib.Path(url), keep_days)
    if not url.startswith("kafka://"):
        raise ConfigError(
            f"`--log` must be a folder or kafka://HOST:PORT/TOPIC. Received: {url!r}."
        )
    if keep_days is not None:
        raise ConfigError(
            "`--log-keep-days` must be left out with a topic, because Kafka deletes by "
            "the topic's own retention."
        )
    from serving.interaction_log.kafka import KafkaLog

    return KafkaLog(url)
