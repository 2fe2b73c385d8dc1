"""Tests of serving.batch_score: the whole program on the toy."""

import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from serving.batch import scoring_run
from serving.batch.shards import Spool
from serving.batch_score import main
from tests.serving.programs import run_program
from tests.serving.toy_artefact import (
    ITEM_IDS,
    MAX_HISTORY_LENGTH,
    VECTORS,
    embedding_oracle,
    ranking_oracle,
)

COLUMNS = ["query_id", "user_id", "rank", "item_id", "score", "probability"]
DAY_S = 86_400
LOG = pd.DataFrame(
    [
        ("ann", "a", 1 * DAY_S, "view", 1.0, 0),
        ("bob", "e", 1 * DAY_S, "view", 2.0, 0),
        ("ann", "c", 3 * DAY_S, "skip", 1.0, 2),  # out of order, on purpose
        ("ann", "b", 3 * DAY_S, "view", 1.0, 1),
        ("ann", "b", 3 * DAY_S, "view", 1.0, 1),  # a duplicate
        ("ann", "d", 4 * DAY_S, "view", 1.0, 0),
        ("ann", "café", 5 * DAY_S, "view", 1.0, 0),
    ],
    columns=["user_id", "item_id", "timestamp", "event", "value", "sequence"],
)
QUERIES = pd.DataFrame(
    [
        ("q9", "ann", 3 * DAY_S, 2),
        ("q1", "cid", 2 * DAY_S, 0),
        ("q5", "ann", 3 * DAY_S, 0),
        ("q2", "bob", 9 * DAY_S, 0),
        ("q7", "ann", 3 * DAY_S, 9),
    ],
    columns=["query_id", "user_id", "timestamp", "sequence"],
)


def expected_rows(queries, k, log=LOG, profiles=None, allow_repeats=False):
    """Row by row, event by event: the slow and obvious way."""
    log = log.drop_duplicates().sort_values(["timestamp", "sequence"], kind="stable")
    rows = []
    for query in queries.to_dict("records"):
        moment = (query["timestamp"], query.get("sequence", -np.inf))
        history = [
            (e["item_id"], e["event"], e["value"], e["timestamp"], e.get("text", ""))
            for e in log.to_dict("records")
            if e["user_id"] == query["user_id"]
            and (e["timestamp"], e["sequence"]) < moment
        ]
        text = (profiles or {}).get(query["user_id"], "")
        read = history[-MAX_HISTORY_LENGTH:]
        embedding = embedding_oracle(read, text, now=query["timestamp"])
        hidden = [] if allow_repeats else [event[0] for event in history]
        for rank, item_id in enumerate(ranking_oracle(embedding, hidden, k), start=1):
            score = VECTORS[ITEM_IDS.index(item_id)].astype(float) @ embedding
            probability = 1 / (1 + np.exp(-score))
            ids = (query["query_id"], query["user_id"])
            rows.append((*ids, rank, item_id, score, probability))
    return pd.DataFrame(rows, columns=COLUMNS)


def assert_rows(found, expected):
    assert list(found.columns) == COLUMNS
    for name in COLUMNS[:4]:
        assert found[name].tolist() == expected[name].tolist(), name
    for name in COLUMNS[4:]:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)


WRITE = {
    "parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}
READ = {
    "parquet": pd.read_parquet,
    "csv": pd.read_csv,
    "jsonl": lambda path: pd.read_json(path, lines=True),
}


@pytest.fixture
def run(monkeypatch, capsys, toy, tmp_path):
    """Runs the program on tables; gives exit code, the path written and stderr."""

    def run(*flags, form="parquet", out=None, **tables):
        out = out or tmp_path / "answers" / f"out.{form}"
        arguments = ["--model", toy, "--out", out, *flags]
        for name, frame in tables.items():
            path = tmp_path / f"{name}.{form}"
            if isinstance(frame, pd.DataFrame):
                WRITE[form](frame, path)
            arguments += [f"--{name}", path]
        code = run_program(monkeypatch, main, *arguments)
        return code, out, capsys.readouterr().err

    return run


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_queries_see_what_was_strictly_before_them(run, form):
    """q9 sees b (sequence 1 < 2) but not c; q5 sees neither; q1's user is unknown."""
    code, out, err = run("--k", 4, form=form, events=LOG, queries=QUERIES)
    assert code == 0, err
    assert_rows(READ[form](out), expected_rows(QUERIES, 4))
    assert list(out.parent.iterdir()) == [out]  # nothing is left beside it


def test_without_sequence_the_whole_second_is_not_yet_seen(run):
    queries = QUERIES.drop(columns="sequence")
    code, out, _ = run("--k", 6, events=LOG, queries=queries)
    assert code == 0
    found = pd.read_parquet(out)
    assert_rows(found, expected_rows(queries, 6))
    seen_by_q9 = set(ITEM_IDS) - set(found[found["query_id"] == "q9"]["item_id"])
    assert seen_by_q9 == {"a"}


def test_without_queries_every_user_at_the_end_of_the_log(run):
    """Ann has five items, one more than the model reads twice over: all stay hidden."""
    at_end = pd.DataFrame(
        {
            "query_id": ["ann", "bob"],
            "user_id": ["ann", "bob"],
            "timestamp": 5 * DAY_S,
            "sequence": np.inf,
        }
    )
    code, out, _ = run("--k", 6, events=LOG)
    assert code == 0
    found = pd.read_parquet(out)
    assert_rows(found, expected_rows(at_end, 6))
    assert found[found["user_id"] == "ann"]["item_id"].tolist() == ["e"]


def test_same_answers_as_over_grpc(run, client):
    """Ids to the letter; the same arrays, the same graph."""
    _, out, _ = run("--k", 4, events=LOG)
    found = pd.read_parquet(out).groupby("user_id")["item_id"].apply(list)
    history = [("e", "view", 2.0, 1 * DAY_S)]
    alone = client.recommend(history, k=4, now=5 * DAY_S)
    assert found["bob"] == [item.item_id for item in alone]


def test_allow_repeats(run):
    code, out, _ = run("--allow-repeats", "-k", 6, events=LOG, queries=QUERIES)
    assert code == 0
    assert_rows(pd.read_parquet(out), expected_rows(QUERIES, 6, allow_repeats=True))


def test_profiles(run):
    users = pd.DataFrame({"user_id": ["cid", "dan"], "text": ["likes a lot", "none"]})
    code, out, _ = run("--k", 2, events=LOG, queries=QUERIES, users=users)
    assert code == 0
    profiles = {"cid": "likes a lot"}
    assert_rows(pd.read_parquet(out), expected_rows(QUERIES, 2, profiles=profiles))


def test_texts_of_events(run):
    """A search has no item, and a kind that the model does not know."""
    search = {
        "user_id": "ann",
        "item_id": "",
        "timestamp": 3 * DAY_S,
        "event": "search",
    }
    search |= {"value": 1.0, "sequence": 1, "text": "quiet films"}
    log = pd.concat([LOG.assign(text=""), pd.DataFrame([search])], ignore_index=True)
    code, out, err = run("--k", 4, events=log, queries=QUERIES)
    assert code == 0, err
    found, plain = pd.read_parquet(out), expected_rows(QUERIES, 4)
    assert_rows(found, expected_rows(QUERIES, 4, log=log))
    assert np.abs(found["score"] - plain["score"]).max() > 0.1


def test_types_of_the_result(run):
    """Ids of queries stay integers where they were; those of users are strings."""
    queries = QUERIES.assign(query_id=range(5), user_id=[7, 8, 9, 10, 11])
    _, out, _ = run("--k", 1, events=LOG, queries=queries)
    dtypes = pd.read_parquet(out).dtypes.astype(str).to_dict()
    assert dtypes == {
        "query_id": "int64",
        "user_id": "str",
        "rank": "int32",
        "item_id": "str",
        "score": "float32",
        "probability": "float32",
    }


def random_log(num_events, num_users):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "user_id": [f"user-{n}" for n in rng.integers(0, num_users, num_events)],
            "item_id": rng.choice(ITEM_IDS, num_events),
            "timestamp": rng.integers(1, 9 * DAY_S, num_events),
            "event": rng.choice(["view", "skip"], num_events),
            "value": rng.integers(1, 4, num_events).astype(float),
            "sequence": 0,
        }
    )


def random_queries(num_queries, num_users):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "query_id": [f"q{n}" for n in range(num_queries)],
            "user_id": [f"user-{n}" for n in rng.integers(0, num_users, num_queries)],
            "timestamp": rng.integers(1, 9 * DAY_S, num_queries),
        }
    )


def test_many_shards_give_the_same_rows_in_the_order_of_the_queries(run, monkeypatch):
    log, queries = random_log(400, 80), random_queries(300, 90)
    monkeypatch.setattr(scoring_run, "SHARD_BYTES", 500)
    monkeypatch.setattr("serving.batch.shards.MERGED_POSITIONS", 7)
    monkeypatch.setattr("serving.batch.shard_scoring.BATCH_QUERIES", 4)
    code, out, _ = run("--k", 3, events=log, queries=queries)
    assert code == 0
    assert_rows(pd.read_parquet(out), expected_rows(queries, 3, log))


def test_every_user_comes_once_from_many_shards(run, monkeypatch):
    log = random_log(300, 120).drop_duplicates(["user_id", "item_id"])
    monkeypatch.setattr(scoring_run, "SHARD_BYTES", 500)
    code, out, _ = run("--k", 1, events=log)
    assert code == 0
    counts = log.groupby("user_id")["item_id"].nunique()
    users = pd.read_parquet(out)["user_id"]
    assert sorted(users) == sorted(counts[counts < len(ITEM_IDS)].index)


def test_finished_shards_are_reused_only_with_the_same_inputs(run, monkeypatch, capsys):
    log, queries = random_log(400, 80), random_queries(100, 80)
    monkeypatch.setattr(scoring_run, "SHARD_BYTES", 1000)
    score, scored = scoring_run.ScoringRun._score_shard, []

    def fail_at_third(self, shard, now):
        if len(scored) == 2:
            raise OSError(28, "No space left on device")
        scored.append(shard)
        return score(self, shard, now)

    monkeypatch.setattr(scoring_run.ScoringRun, "_score_shard", fail_at_third)
    code, out, err = run("--k", 3, events=log, queries=queries)
    assert code == 1
    assert "No space left on device" in err
    assert not out.exists()

    def count(self, shard, now):
        scored.append(shard)
        return score(self, shard, now)

    monkeypatch.setattr(scoring_run.ScoringRun, "_score_shard", count)
    code, out, _ = run("--k", 3, events=log, queries=queries)
    assert code == 0
    assert len(scored) == len(set(scored))  # none was scored twice
    assert_rows(pd.read_parquet(out), expected_rows(queries, 3, log))


def test_other_inputs_start_anew(run, monkeypatch):
    """What the failed run left behind was for k = 3; the next asks for 2."""
    monkeypatch.setattr(scoring_run, "SHARD_BYTES", 1000)
    log, queries = random_log(400, 80), random_queries(100, 80)

    def fail(self):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(scoring_run.ScoringRun, "write", fail)
        assert run("--k", 3, events=log, queries=queries)[0] == 1
    code, out, _ = run("--k", 2, events=log, queries=queries)
    assert code == 0
    assert_rows(pd.read_parquet(out), expected_rows(queries, 2, log))


def test_killed_run_goes_on_where_it_was(run, toy, tmp_path):
    """kill -9 as soon as one shard is finished; nothing lost, nothing doubled."""
    log, queries = random_log(60_000, 9_000), random_queries(20_000, 9_000)
    log.to_csv(tmp_path / "events.csv", index=False)  # about 2.5 MB: three shards
    queries.to_csv(tmp_path / "queries.csv", index=False)
    out, again = tmp_path / "out.parquet", tmp_path / "again.parquet"
    command = [sys.executable, "-m", "serving.batch_score", "--model", toy, "--k", "2"]
    command += ["--events", tmp_path / "events.csv", "--out", out]
    command += ["--queries", tmp_path / "queries.csv"]
    victim = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not list(tmp_path.glob(".out.parquet.parts/*/part-*.arrow")):
        assert victim.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    assert not out.exists()
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    assert "from an earlier run" in finished.stdout
    resumed = pd.read_parquet(out)
    code, undisturbed, _ = run(
        "-k", 2, form="csv", events=None, queries=None, out=again
    )
    assert code == 0
    pd.testing.assert_frame_equal(resumed, pd.read_parquet(undisturbed))


@pytest.mark.parametrize(
    ("flags", "tables", "words"),
    [
        (["--k", 0], {"events": LOG}, "`--k` must be at least 1. Received: 0."),
        (["--model", "nowhere"], {"events": LOG}, "or integer version folders"),
        ([], {"events": None}, "events.parquet, that does not exist"),
        ([], {"events": LOG.drop(columns="item_id")}, "a column `item_id`"),
        (
            [],
            {"events": LOG.assign(timestamp="noon")},
            "7 × `timestamp` must be UTC seconds",
        ),
        ([], {"events": LOG[:0]}, "at least one event"),
        (
            [],
            {"events": LOG, "queries": QUERIES.drop(columns="query_id")},
            "a column `query_id`",
        ),
        (
            [],
            {
                "events": LOG,
                "users": pd.DataFrame({"user_id": ["x", "x"], "text": ["", ""]}),
            },
            "comes more than once",
        ),
    ],
)
def test_errors(run, tmp_path, flags, tables, words):
    code, out, err = run(*flags, **tables)
    assert code == 1
    assert words in err
    assert err.startswith("Error: ") or "\nError: " in err
    assert not out.exists()


def test_output_format_is_checked_first(run, tmp_path):
    code, out, err = run(events=LOG, out=tmp_path / "out.xlsx")
    assert code == 1
    assert "`--out` must end in .parquet, .csv, .jsonl" in err


def test_spool_keeps_rows_and_their_order(tmp_path):
    frames = [random_log(50, 9), random_log(70, 9)]
    spool = Spool(tmp_path, "events", 4)
    spool.write(frames)
    shards = [spool.read(shard) for shard in range(4)]
    everything = pd.concat(frames)
    for user_id, rows in everything.groupby("user_id"):
        holders = [s for s in shards if s is not None and user_id in set(s["user_id"])]
        assert len(holders) == 1
        kept = holders[0][holders[0]["user_id"] == user_id]
        assert kept["timestamp"].tolist() == rows["timestamp"].tolist()
    assert spool.largest("timestamp") == everything["timestamp"].max()
