"""Whether the deployed path is as good as the model: a log replayed through it.

Claim: answers of a real gateway and a real server, each asked just before the event
that it is judged by and after all earlier ones were posted, keep at least 99 % of the
offline NDCG@10 with live histories. What interest vectors keep stands beside it.

    python benchmarks/freshness_online.py training/configs/movielens.toml \
      --model saved_models/movielens --interest runs/freshness/interest.json

The model should have been trained with `train.refit = "train"`.
"""

import math
import pathlib
import sys
import tempfile
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

# The tests' processes serve here as well.
sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from tests.serving.online.gateway_process import GatewayProcess, Http
from tests.serving.server_process import serving

K = 10
BATCH = 1000  # events of one request


def main(
    config: pathlib.Path,
    model: Annotated[pathlib.Path, typer.Option(help="Folder of versions.")],
    interest: Annotated[
        pathlib.Path | None, typer.Option(help="As the gateway's.")
    ] = None,
    num_queries: Annotated[int, typer.Option(help="The first of the test.")] = 1000,
):
    """Replays the first test questions of a log, in order of time."""
    from serving.gateway.online_interests import read_settings
    from tfrec.config import load_config
    from tfrec.evaluation.evaluate import evaluate
    from tfrec.export.saved_recommender import SavedRecommender
    from tfrec.training.evaluation import test_split
    from tfrec.training.interest_vectors import InterestVectors
    from tfrec.training.log import load_run_data
    from tfrec.training.resolving import resolved

    settings = load_config(config, ["evaluation.split=rolling"])
    data = load_run_data(settings)
    settings = resolved(settings, data)
    repeats = settings.data.allow_repeats
    split = test_split(settings, data.interactions)
    order = np.argsort(split.queries.timestamps, kind="stable")[:num_queries]
    queries = split.queries.take(order)
    saved = SavedRecommender(model, data.dataset.users)
    vectors = InterestVectors(saved, split.cut, read_settings(interest))
    offline = {
        mode: evaluate(recommender, queries, allow_repeats=repeats).per_query["ndcg@10"]
        for mode, recommender in {"history": saved, "interest": vectors}.items()
    }
    base = f"--model_base_path={model.resolve()}"
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(f"--model_name={model.name}", base) as server,
    ):
        profiles = pathlib.Path(folder, "users.parquet")
        data.dataset.users.frame.to_parquet(profiles)
        flags = ["--target", server.target, "--model", model.name]
        flags += ["--profiles", profiles]
        flags += ["--interest", interest] if interest else []
        deployed = {
            mode: _replay(
                [*flags, "--store", f"sqlite:///{folder}/{mode}.db"],
                split.cut,
                queries,
                {"mode": mode, "allow_repeats": repeats},
            )
            for mode in offline
        }
    Console().print(_table(offline, deployed))


def _replay(flags, cut, queries, wishes):
    """`[num_queries]` NDCG@10 of what a gateway answers."""
    gateway = GatewayProcess(*flags)
    try:
        return np.array(list(_ask_in_order(Http(gateway.port), cut, queries, wishes)))
    finally:
        gateway.stop()


def _ask_in_order(ask, cut, queries, wishes):
    log = queries.interactions
    posted = log.offsets[:-1].copy()  # each user's first event that was not sent
    for i, user in enumerate(queries.user_rows):
        name, now = log.user_ids[user], int(queries.timestamps[i])
        if posted[user] == log.offsets[user] and wishes["mode"] == "interest":
            # The long-term vector begins as training left this user.
            _post(ask, log, user, posted, log.timestamps < cut)
            ask.recommend(name, k=K, now=int(cut), **wishes)
        _post(ask, log, user, posted, np.arange(len(log)) < queries.history_ends[i])
        answer = ask.recommend(name, k=K, now=now, **wishes)
        ids = [item["item_id"] for item in answer["items"]]
        (target,) = log.item_ids[queries.targets(i)]
        yield 1 / math.log2(2 + ids.index(target)) if target in ids else 0.0


def _post(ask, log, user, posted, is_due):
    """Sends a user's events that are due, and notes it in `posted`."""
    own = np.arange(posted[user], log.offsets[user + 1])
    due = own[is_due[own]]
    for start in range(0, len(due), BATCH):
        body = [_event(log, event) for event in due[start : start + BATCH]]
        status, answer = ask("POST", "/v1/events", body)
        assert (status, answer["accepted"]) == (202, len(body)), answer
    posted[user] += len(due)


def _event(log, place):
    return {
        "user_id": log.user_ids[log.user_rows[place]],
        "item_id": log.item_ids[log.item_rows[place]],
        "event": log.event_names[log.event_rows[place]],
        "value": float(log.values[place]),
        "timestamp": int(log.timestamps[place]),
        "sequence": int(log.sequences[place]),
        "event_id": str(place),  # the log may have what differs in nothing else
    }


def _table(offline, deployed):
    table = Table("answers from", "questions", "NDCG@10", "share of live", "as offline")
    live = offline["history"].mean()
    for mode, values in offline.items():
        for where, found in {
            "the model": values,
            "the gateway": deployed[mode],
        }.items():
            same = f"{np.isclose(found, values).mean():.1%}"
            figures = (
                f"{len(found):,}",
                f"{found.mean():.4f}",
                f"{found.mean() / live:.1%}",
            )
            table.add_row(f"{where}, {mode}", *figures, same)
    return table


if __name__ == "__main__":
    typer.run(main)
