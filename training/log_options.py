"""What programs on the log of a gateway do alike: reading it, writing their page."""

import json
import pathlib
from typing import Any

import pandas as pd

from tfrec.data.impressions import Attribution, attribute, read_interaction_log
from tfrec.errors import ConfigError
from tfrec.experiments.kinds import read_worths
from tfrec.files import replacing
from tfrec.values import read_time

ENDINGS = (".json", ".md")
LONGEST_HOURS = 24 * 366


def attributed_log(
    folder: pathlib.Path,
    since: str | None,
    until: str | None,
    window_s: int,
    kinds: tuple[str, ...] | None = None,
) -> tuple[Attribution, pd.DataFrame]:
    """The log of a span, whose events are read until the window after its end.

    Impressions after the span take their events, and are then left out.

    Args:
        folder: of the log.
        since: ISO 8601 or seconds, None for all.
        until: likewise, exclusive.
        window_s: seconds in which events belong to an impression.
        kinds: kinds of events that count, None for all.

    Raises:
        DataError: as `read_interaction_log`.
        ConfigError: a time is none.
    """
    start, end = _seconds("--since", since), _seconds("--until", until)
    last = None if end is None else end + window_s
    impressions, events = read_interaction_log(folder, start, last)
    attribution = attribute(impressions, events, window_s, kinds)
    return attribution if end is None else attribution.until(end), events


def _seconds(flag, text):
    try:
        moment = read_time(text)
    except ValueError as error:
        raise ConfigError(f"`{flag}` {error}. Received: {text!r}.") from None
    return None if moment is None else moment.seconds


def window_seconds(hours: float) -> int:
    """Seconds of `--window-hours`.

    Raises:
        ConfigError: it is no time that passes.
    """
    if not 0 <= hours < LONGEST_HOURS:
        raise ConfigError(
            f"`--window-hours` must be from 0 to {LONGEST_HOURS}, because events are "
            f"read for that long after the last impression. Received: {hours}."
        )
    return round(hours * 3600)


def read_shares(text: str) -> dict[str, float] | None:
    """Shares from `"a=0.5,b=0.5"`, None for `""`.

    Raises:
        ConfigError: an arm has no number.
    """
    shares = read_worths("--shares", text)
    if any(share is None for share in shares.values()):
        raise ConfigError(
            "`--shares` must give each arm a number, such as a=0.5,b=0.5. "
            f"Received: {text!r}."
        )
    return {arm: float(share or 0) for arm, share in shares.items()} or None


def check_report_file(path: pathlib.Path | None) -> None:
    """Raises a ConfigError where `write_page` would not know what to write."""
    if path is not None and path.suffix not in ENDINGS:
        raise ConfigError(
            f"`--out` must end with {' or '.join(ENDINGS)}, because that chooses the "
            f"form of the report. Received: {path}."
        )


def write_page(path: pathlib.Path | None, report: dict[str, Any], page: str) -> None:
    """Writes the report by the ending of the name, or nothing for None."""
    if path is None:
        return
    is_json = path.suffix == ".json"
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n" if is_json else page
    with replacing(path) as aside:
        aside.write_text(text, encoding="utf-8")
