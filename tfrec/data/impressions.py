"""What was shown, what happened afterwards, and which event belongs to which row."""

import dataclasses
import logging
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tfrec.data.hourly_parts import HOUR_S, NUMBER, TEXT, WHOLE, read_parts
from tfrec.errors import DataError
from tfrec.values import read_time

logger = logging.getLogger(__name__)

IMPRESSIONS = {
    **dict.fromkeys(("recommendation_id", "user_id", "item_id"), TEXT),
    "position": WHOLE,  # in the list, from 1
    **dict.fromkeys(("score", "probability", "propensity"), NUMBER),
    "timestamp": WHOLE,
    **dict.fromkeys(("source", "model"), TEXT),
    "model_version": WHOLE,
    **dict.fromkeys(("rules_version", "experiment", "arm"), TEXT),
}
EVENTS = {
    **dict.fromkeys(("user_id", "item_id"), TEXT),
    "timestamp": WHOLE,
    "event": TEXT,
    "value": NUMBER,
    "sequence": WHOLE,
    **dict.fromkeys(("event_id", "text", "recommendation_id"), TEXT),
    "received": WHOLE,
}
PLACE = ["recommendation_id", "item_id"]  # tells an impression from all others
CONTENT = ["user_id", "item_id", "event", "timestamp", "sequence", "text"]
LATE_S = 86_400  # how long after the span its events may still be received
TOLERANCE_S = 5  # by which clocks of one system may differ
REPEATED = "num_repeated"  # in `attrs` of a frame: rows that were dropped


def read_interaction_log(
    folder: str | pathlib.Path, since: Any = None, until: Any = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Impressions and events of a log folder, each row once.

    Only the hours that can hold rows of the span are read. Impressions are received
    within an hour of their time, events at most a day after the span.

    Args:
        folder: has `impressions/` and `events/`, in both folders of UTC hours such as
            `2026-11-30T14` with `part-*.parquet`.
        since: UTC seconds, ISO 8601 or a datetime; earlier rows are left out.
        until: likewise; rows at or after it are left out.

    Returns:
        Two frames in order of time, with the columns of `IMPRESSIONS` and of `EVENTS`.
        An event is repeated if it has the same user and `event_id`, or no `event_id`
        and the same content. `attrs["num_repeated"]` of each counts what was dropped.

    Raises:
        DataError: a folder or all impressions are missing, a column is missing or has
            another type, or an impression has no list, no item, or no position.
    """
    folder = pathlib.Path(folder)
    start, end = _seconds("since", since), _seconds("until", until)
    first = None if start is None else start - HOUR_S
    shown_last = None if end is None else end + HOUR_S
    impressions = read_parts(
        folder / "impressions", IMPRESSIONS, first, shown_last
    ).pipe(_in_span, start, end)
    if impressions.empty:
        raise DataError(
            "A log must have impressions in `impressions/`, because there is nothing "
            f"to measure otherwise. Received: none in {folder}"
            + (" in this span." if since is not None or until is not None else ".")
        )
    _check_impressions(impressions)
    last = None if end is None else end + LATE_S
    events = read_parts(folder / "events", EVENTS, first, last)
    events = events.pipe(_in_span, start, end)
    if events.empty:
        logger.warning("The log %s has no events in this span.", folder)
    impressions = _once(impressions, impressions.duplicated(PLACE))
    return impressions, _once(events, _is_repeated(events))


def _seconds(name, raw):
    try:
        moment = read_time(raw)
    except ValueError as error:
        raise DataError(f"`{name}` {error}. Received: {raw!r}.") from None
    return None if moment is None else moment.seconds


def _in_span(frame, since, until):
    times = frame["timestamp"]
    is_inside = np.ones(len(frame), bool)
    if since is not None:
        is_inside &= times >= since
    if until is not None:
        is_inside &= times < until
    return frame[is_inside].sort_values("timestamp", kind="stable", ignore_index=True)


def _check_impressions(frame):
    rules = {
        "`recommendation_id` must not be empty": frame["recommendation_id"] == "",
        "`item_id` must not be empty": frame["item_id"] == "",
        "`position` must be 1 or more": frame["position"] < 1,
    }
    broken = [f"{int(bad.sum())} × {rule}" for rule, bad in rules.items() if bad.any()]
    if broken:
        raise DataError(
            "Every impression must have its list, item and position, because figures "
            f"are counted by them. Received: {'; '.join(broken)}."
        )


def _is_repeated(events):
    """`[num_events]` bool: by its id where it has one, else by its content."""
    has_id = (events["event_id"] != "").to_numpy()
    by_id = events.duplicated(["user_id", "event_id"]).to_numpy()
    # People without an id are told apart by their lists.
    by_content = events[~has_id].duplicated([*CONTENT, "recommendation_id"])
    is_repeated = by_id & has_id
    is_repeated[~has_id] = by_content.to_numpy()
    return is_repeated


def _once(frame, is_repeated):
    kept = frame[~np.asarray(is_repeated)].reset_index(drop=True)
    kept.attrs[REPEATED] = len(frame) - len(kept)
    return kept


def with_people(impressions: pd.DataFrame) -> pd.DataFrame:
    """Impressions with the column `person`: the user, or the list of nobody known.

    Each list of an anonymous visitor counts as a person of its own.

    Args:
        impressions: frame with `user_id` and `recommendation_id`.
    """
    users, lists = impressions["user_id"], impressions["recommendation_id"]
    names = ("user " + users).where(users != "", "list " + lists)
    return impressions.assign(person=names)


@dataclasses.dataclass(frozen=True)
class Attribution:
    """Which events belong to which impressions.

    Attributes:
        impressions: frame in the order that was given, with `num_events` (int),
            `chosen` (bool), and of its first event `chosen_event` (kind, `""` for
            none), `chosen_value` (NaN for none) and `chosen_at` (int UTC seconds, 0 for
            none).
        matches: frame with a row per event that belongs to an impression, in order of
            time: `impression` and `event_row` (positions in the two frames), `event`
            (kind), `value`, `timestamp`, and `delay_s` after the impression.
        counts: dict of how many events there are (`events`), name a list
            (`with_list`), belong to an impression by their list (`by_list`) or by user
            and item (`by_user`), name a list that the log lacks (`unknown_list`), are
            before their impression (`too_early`) or after the window (`too_late`), or
            are of an item that was not shown to them (`not_shown`).
    """

    impressions: pd.DataFrame
    matches: pd.DataFrame
    counts: dict[str, int]

    def until(self, end: int) -> "Attribution":
        """Without the impressions at or after `end`; what they have is left out too.

        Args:
            end: int UTC seconds.
        """
        is_kept = (self.impressions["timestamp"] < end).to_numpy()
        places = np.cumsum(is_kept) - 1
        rows = self.matches["impression"].to_numpy()
        matches = self.matches[is_kept[rows]].reset_index(drop=True)
        return dataclasses.replace(
            self,
            impressions=self.impressions[is_kept].reset_index(drop=True),
            matches=matches.assign(impression=places[matches["impression"]]),
        )


def attribute(
    impressions: pd.DataFrame,
    events: pd.DataFrame,
    window_s: int,
    kinds: Sequence[str] | None = None,
    tolerance_s: int = TOLERANCE_S,
) -> Attribution:
    """Finds the impression of each event; an event counts for one at most.

    An event with a `recommendation_id` belongs to its item in that list. One without
    belongs to the latest impression of its user and item that is not after it, or, if
    there is none, to one that is later by the tolerance at most.

    Args:
        impressions: as `read_interaction_log` gives them, each row once.
        events: likewise.
        window_s: seconds after an impression in which events belong to it.
        kinds: kinds of events that count, None for all.
        tolerance_s: seconds by which an event may be before its impression, because
            clocks differ.

    Returns:
        `Attribution`.

    Raises:
        DataError: `window_s` or `tolerance_s` is negative.
    """
    for name, value in (("window_s", window_s), ("tolerance_s", tolerance_s)):
        if not value >= 0:
            raise DataError(
                f"`{name}` must be 0 or more, because it is a time that passes. "
                f"Received: {value}."
            )
    rows = np.arange(len(events))
    if kinds is not None:
        rows = rows[events["event"].isin(list(kinds)).to_numpy()]
    chosen = events.iloc[rows]
    has_list = (chosen["recommendation_id"] != "").to_numpy()
    found = np.full(len(rows), -1)
    found[has_list] = _by_list(impressions, chosen[has_list])
    found[~has_list] = _by_user(impressions, chosen[~has_list], window_s, tolerance_s)
    shown_at = impressions["timestamp"].to_numpy()[found] if len(impressions) else found
    delays = np.where(found >= 0, chosen["timestamp"].to_numpy() - shown_at, 0)
    is_early, is_late = delays < -tolerance_s, delays > window_s
    is_match = (found >= 0) & ~is_early & ~is_late
    counts = {
        "with_list": has_list,
        "by_list": is_match & has_list,
        "by_user": is_match & ~has_list,
        "unknown_list": has_list & ~_is_known(impressions, chosen),
        "too_early": is_early,
        "too_late": is_late,
    }
    counts["not_shown"] = (found < 0) & ~counts["unknown_list"]
    counts = {name: int(mask.sum()) for name, mask in counts.items()}
    counts["events"] = len(rows)
    matches = _matches(chosen, rows, found, delays, is_match)
    return Attribution(_with_choices(impressions, matches), matches, counts)


def _is_known(impressions, events):
    codes = _codes("recommendation_id", impressions, events)
    return np.isin(codes[len(impressions) :], codes[: len(impressions)])


def _by_list(impressions, events):
    """`[num_events]` rows of impressions by list and item, -1 for none."""
    shown, named = _pair_codes("recommendation_id", impressions, events)
    return pd.Index(shown).get_indexer(named)


def _by_user(impressions, events, window_s, tolerance_s):
    """`[num_events]` rows of impressions by user, item and time, -1 for none."""
    shown_pairs, pairs = _pair_codes("user_id", impressions, events)
    times = impressions["timestamp"].to_numpy(np.int64)
    shown = pd.DataFrame(
        {
            "pair": shown_pairs,
            "timestamp": times,
            "shown_at": times,
            "row": np.arange(len(impressions)),
        }
    )
    shown = shown[(impressions["user_id"] != "").to_numpy()]
    shown = shown.sort_values("timestamp", kind="stable")
    happened = pd.DataFrame(
        {
            "pair": pairs,
            "timestamp": events["timestamp"].to_numpy(np.int64),
            "order": np.arange(len(events)),
        }
    ).sort_values("timestamp", kind="stable")
    how: dict[str, Any] = {"on": "timestamp", "by": "pair"}
    before = pd.merge_asof(happened, shown, **how)
    after = pd.merge_asof(
        happened, shown, **how, direction="forward", tolerance=tolerance_s
    )
    found = np.full(len(events), -1)
    is_recent = before["timestamp"] - before["shown_at"] <= window_s
    rows = before["row"].where(is_recent, after["row"])
    rows = rows.fillna(before["row"]).fillna(-1)
    found[happened["order"].to_numpy()] = rows.to_numpy(int)
    return found


def _pair_codes(column, impressions, events):
    """One int64 per (cell of the column, item) of each frame, equal where both are."""
    items = _codes("item_id", impressions, events)
    codes = _codes(column, impressions, events) * (items.max(initial=0) + 1) + items
    return codes[: len(impressions)], codes[len(impressions) :]


def _codes(column, *frames):
    """One int64 per cell of both frames together, equal where the cells are."""
    cells = np.concatenate([frame[column].to_numpy(object) for frame in frames])
    return pd.factorize(cells)[0].astype(np.int64)


def _matches(events, rows, found, delays, is_match):
    matches = pd.DataFrame(
        {
            "impression": found[is_match],
            "event_row": rows[is_match],
            "event": events["event"].to_numpy()[is_match],
            "value": events["value"].to_numpy()[is_match],
            "timestamp": events["timestamp"].to_numpy()[is_match],
            "sequence": events["sequence"].to_numpy()[is_match],
            "delay_s": delays[is_match],
        }
    )
    matches = matches.sort_values(
        ["timestamp", "sequence"], kind="stable", ignore_index=True
    )
    return matches.drop(columns="sequence")


def _with_choices(impressions, matches):
    num_events = np.bincount(matches["impression"], minlength=len(impressions))
    firsts = matches.drop_duplicates("impression").set_index("impression")
    firsts = firsts.reindex(np.arange(len(impressions)))
    return impressions.assign(
        num_events=num_events,
        chosen=num_events > 0,
        chosen_event=firsts["event"].fillna("").to_numpy(),
        chosen_value=firsts["value"].to_numpy(),
        chosen_at=firsts["timestamp"].fillna(0).to_numpy(np.int64),
    )
