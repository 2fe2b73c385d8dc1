"""Tests of logs in folders: what is in the files, and what is taken out of them."""

import json
import threading

import pandas as pd
import pytest

from serving.interaction_log.folder import FolderLog
from serving.interaction_log.log_writer import LogWriter
from serving.interaction_log.opening import open_log, open_writer
from serving.interaction_log.sink import LogError
from serving.user_states.log_records import (
    IMPRESSIONS,
    erasure_record,
    event_record,
    record,
)
from serving.user_states.memory import MemoryStates
from serving.user_states.outbox import Batch
from serving.user_states.sqlite import SqliteStates
from tests.contracts.user_states import event
from tests.serving.online.gateway_process import eventually
from tfrec.errors import ConfigError


def shown(recommendation_id, user_id, *item_ids):
    items = [
        {"item_id": each, "score": None, "probability": 0.5, "propensity": 1.0}
        for each in item_ids
    ]
    fields = {"recommendation_id": recommendation_id, "user_id": user_id}
    fields |= {"timestamp": 7, "items": items, "source": "history", "model": "toy"}
    fields |= {"model_version": 3, "rules_version": "", "experiment": "", "arm": ""}
    return record(IMPRESSIONS, fields)


def at(received, raw):
    """A record as if it had come at another time."""
    return json.dumps(json.loads(raw) | {"received": received}).encode()


def read(folder, table):
    """All rows of a table; None without any file."""
    files = sorted((folder / table).rglob("*.parquet"))
    return pd.concat(map(pd.read_parquet, files)) if files else None


def pairs(folder, table="events"):
    found = read(folder, table)
    rows = [] if found is None else found[["user_id", "item_id"]].to_numpy().tolist()
    return sorted(map(tuple, rows))


def test_files_lie_by_table_and_hour(tmp_path):
    log = FolderLog(tmp_path)
    seen = shown("r", "ann", "a", "b")
    rated = event_record(event("ann", 5, "b", value=4, text="fine é", sequence=2))
    bare = event_record(event("bob", 6))
    log.write(Batch("n-1", [at(0, seen), at(3599, rated), at(3600, bare)]))
    assert sorted(
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")
    ) == [
        "events/1970-01-01T00/part-n-1.parquet",
        "events/1970-01-01T01/part-n-1.parquet",
        "impressions/1970-01-01T00/part-n-1.parquet",
    ]
    events = read(tmp_path, "events")
    assert events["value"].tolist()[0] == 4
    assert pd.isna(events["value"].tolist()[1])
    assert events["text"].tolist() == ["fine é", ""]
    impressions = read(tmp_path, "impressions")
    assert impressions["position"].tolist() == [1, 2]
    assert impressions["recommendation_id"].tolist() == ["r", "r"]
    assert impressions["score"].isna().all()


def test_a_batch_again_changes_nothing(tmp_path):
    log = FolderLog(tmp_path)
    batch = Batch("n-1", [event_record(event("ann", 5)), shown("r", "ann", "a")])
    log.write(batch)
    log.write(batch)
    assert pairs(tmp_path) == [("ann", "a")]
    assert pairs(tmp_path, "impressions") == [("ann", "a")]


def test_who_is_forgotten_leaves_all_files(tmp_path):
    log = FolderLog(tmp_path)
    both = [event_record(event("ann", 5)), event_record(event("bob", 5))]
    log.write(Batch("n-1", [*both, shown("r", "ann", "a"), shown("s", "bob", "a")]))
    log.write(Batch("n-2", [event_record(event("ann", 6))]))
    again = event_record(event("ann", 8, "new"))
    forgotten = [event_record(event("ann", 7)), erasure_record("ann"), again]
    for _ in range(2):  # the process ended before the batch was done
        log.write(Batch("n-3", forgotten))
        assert pairs(tmp_path) == [("ann", "new"), ("bob", "a")]
        assert pairs(tmp_path, "impressions") == [("bob", "a")]


def test_what_is_taken_back_leaves_alone(tmp_path):
    log = FolderLog(tmp_path)
    first, second = event("ann", 5, event_id="e"), event("ann", 6, "b", event_id="f")
    others = event("bob", 5, event_id="e")
    log.write(Batch("n-1", [*map(event_record, (first, second, others))]))
    log.write(Batch("n-2", [shown("r", "ann", "a"), erasure_record("ann", "e")]))
    assert pairs(tmp_path) == [("ann", "b"), ("bob", "a")]
    assert pairs(tmp_path, "impressions") == [("ann", "a")]


def test_hours_are_deleted_when_they_are_old(tmp_path):
    log = FolderLog(tmp_path, keep_days=1)
    hours = [0, 3600, 90_000]
    log.write(
        Batch("n", [at(hour, event_record(event("ann", hour))) for hour in hours])
    )
    (tmp_path / "events" / "NOTES").touch()
    log.tidy(86_400 + 3600)
    assert sorted(read(tmp_path, "events")["timestamp"]) == [3600, 90_000]
    FolderLog(tmp_path).tidy(10**9)
    assert len(read(tmp_path, "events")) == 2


def test_what_cannot_be_written_waits(tmp_path, caplog):
    """A folder that is away for a while loses nothing and doubles nothing."""
    states, folder = MemoryStates(), tmp_path / "log"
    writer = open_writer(states, str(folder), None, 600)
    (folder / "events").rmdir()
    (folder / "events").write_text("in the way")
    states.append([event("ann", 1), event("bob", 2)])
    with pytest.raises(LogError, match=r"The log in .*log"):
        writer.write_waiting()
    assert states.outbox.waiting() == 2
    (folder / "events").unlink()
    states.append([event("cid", 3)])
    assert writer.write_waiting() == 3
    assert pairs(folder) == [("ann", "a"), ("bob", "a"), ("cid", "a")]


def test_the_thread_writes_in_time_and_at_the_end(tmp_path):
    states = MemoryStates()
    writer = open_writer(states, str(tmp_path), None, 0.1)
    states.append([event("ann", 1)])
    writer.start()
    eventually(lambda: pairs(tmp_path) == [("ann", "a")])
    writer.close()
    late = LogWriter(states.outbox, FolderLog(tmp_path), 600)
    late.start()
    eventually(lambda: states.outbox.waiting() == 0)
    states.append([event("bob", 1)])
    late.close()
    assert pairs(tmp_path) == [("ann", "a"), ("bob", "a")]


def test_a_writer_is_woken_for_who_is_forgotten(tmp_path):
    states = MemoryStates()
    writer = open_writer(states, str(tmp_path), None, 600)
    states.append([event("ann", 1)])
    writer.start()
    eventually(lambda: pairs(tmp_path) == [("ann", "a")])
    states.forget("ann")
    writer.wake()
    eventually(lambda: states.outbox.waiting() == 0)
    assert pairs(tmp_path) == []
    writer.close()


def test_what_nobody_foresaw_is_told_and_tried_again(tmp_path, caplog):
    states = MemoryStates()
    states.outbox.add([b"no JSON"])
    writer = open_writer(states, str(tmp_path), None, 0.1)
    writer.start()
    eventually(lambda: "JSONDecodeError" in writer.problem)
    writer.close()
    assert states.outbox.waiting() == 1
    assert "Records wait in the store" in caplog.text


def test_many_writers_of_one_store(tmp_path):
    """Such as several gateways: each record is written once."""
    stores = [SqliteStates(tmp_path / "states.db") for _ in range(3)]
    writers = [open_writer(each, str(tmp_path / "log"), None, 600) for each in stores]
    stores[0].append([event(f"user {n}", n) for n in range(300)])
    threads = [threading.Thread(target=each.write_waiting) for each in writers]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(pairs(tmp_path / "log")) == 300
    assert stores[0].outbox.waiting() == 0
    for each in stores:
        each.close()


@pytest.mark.parametrize(
    ("url", "keep_days", "words"),
    [
        ("http://x", None, "must be a folder or kafka://"),
        ("kafka://host", None, "must be a folder or kafka://"),
        ("kafka://host/topic", 3, "must be left out with a topic"),
        ("", 3, "must be given with `--log`"),
    ],
)
def test_wrong_logs(url, keep_days, words):
    with pytest.raises(ConfigError, match=words):
        open_writer(MemoryStates(), url, keep_days, 600)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LogError, match="The log in"):
        open_log(str(tmp_path / "file"))
