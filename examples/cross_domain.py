"""What people buy first in a department they have never bought in, by the others.

    python -m examples.cross_domain --domain Produce

Complete Journey's departments are domains. The log is cut in time. Of a share of the
households the training part loses all purchases in one domain, as if there were none.
Each is then asked once, at its first purchase there after the cut. Three answers are
compared: a model of all domains, which reads the history elsewhere; a model of the
domain alone, which has no history of these households; and what sells best in it.
"""

from typing import Annotated

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from typer import Option

import tfrec
from tfrec.datasets.registry import load_dataset
from tfrec.errors import DataError
from tfrec.evaluation.bootstrap import intervals, paired_bootstrap
from tfrec.program import run_program

K = 10
COLUMNS = ["item_id", "event", "value", "timestamp"]


def cross_domain(
    domain: Annotated[str, Option(help="Department that is asked for.")] = "Produce",
    households: Annotated[int, Option(help="A sample of them; 0 for all.")] = 800,
    share: Annotated[float, Option(help="Of the households that are asked.")] = 0.5,
    cut: Annotated[float, Option(help="Share of the log before the cut.")] = 0.8,
    max_epochs: Annotated[int, Option(help="Of the towers.")] = 2,
    new_item_cost: Annotated[
        float, Option(help="model.new_item_cost: what showing new items may cost.")
    ] = 0.0,
):
    """Prints NDCG@10 of the three, with 95 % intervals."""
    events, items = read_log(households)
    of_domain = items["domain"] == domain
    if not of_domain.any():
        known = ", ".join(sorted(set(items["domain"])))
        raise DataError(f"`--domain` must be one of {known}. Received: {domain!r}.")
    events["is_in"] = events["item_id"].isin(items["item_id"][of_domain])
    train, questions = make_questions(events, share, cut)
    settings = {"max_epochs": max_epochs, "new_item_cost": new_item_cost}
    both = tfrec.Recommender(**settings).fit(train[["user_id", *COLUMNS]], items)
    inside = train[train["is_in"]]
    alone = tfrec.Recommender(**settings).fit(
        inside[["user_id", *COLUMNS]], items[of_domain]
    )
    now = [question["now"] for question in questions]
    options = {"k": K, "allow_repeats": True, "now": now}
    histories = [question["history"] for question in questions]
    lists = {
        "all domains": both.recommend(histories, domain=[domain], **options),
        "the domain alone": alone.recommend([[] for _ in questions], **options),
    }
    best = inside["item_id"].value_counts().index[:K].tolist()
    found = {name: in_rows(frame, len(questions)) for name, frame in lists.items()}
    found["popularity in the domain"] = [best] * len(questions)
    show(found, [question["bought"] for question in questions], domain)


def read_log(households):
    """Events of a sample of households, and items with their department as domain."""
    dataset = load_dataset("complete-journey")
    events, items = dataset.events.frame, dataset.items.frame
    if households:
        names = pd.Series(events["user_id"].unique()).sample(households, random_state=0)
        events = events[events["user_id"].isin(names)]
    items = items[items["item_id"].isin(events["item_id"])]
    department = items["category"].str.partition("|")[0]
    return events.copy(), items.assign(domain=department)


def make_questions(events, share, cut):
    """`(training events, questions)`; a question knows nothing of its domain."""
    time = events["timestamp"].quantile(cut)
    names = pd.Series(events["user_id"].unique())
    asked = set(names.sample(frac=share, random_state=1))
    is_hidden = events["user_id"].isin(asked) & events["is_in"]
    train = events[(events["timestamp"] < time) & ~is_hidden]
    questions = []
    for _, own in events[events["user_id"].isin(asked)].groupby("user_id"):
        later = own[own["is_in"] & (own["timestamp"] >= time)]
        now = later["timestamp"].min()
        history = own[~own["is_in"] & (own["timestamp"] < now)]
        if later.empty or history.empty:
            continue
        bought = set(later["item_id"][later["timestamp"] == now])
        rows = list(history.sort_values("timestamp")[COLUMNS].itertuples(index=False))
        questions.append(
            {"history": list(map(tuple, rows)), "now": now, "bought": bought}
        )
    return train, questions


def in_rows(frame, size):
    """The item ids of each query of an answer, best first."""
    lists = [[] for _ in range(size)]
    for query, item_id in zip(frame["query"], frame["item_id"], strict=True):
        lists[query].append(item_id)
    return lists


def ndcg(items, bought):
    """NDCG@10 of one list."""
    gains = 1 / np.log2(np.arange(2, K + 2))
    hits = np.array([item in bought for item in items] + [False] * (K - len(items)))
    return float(gains[hits].sum() / gains[: len(bought)].sum())


def show(found, bought, domain):
    """Prints a table, the first row compared with the others."""
    values = {
        name: np.array([ndcg(*pair) for pair in zip(lists, bought, strict=True)])
        for name, lists in found.items()
    }
    users = np.arange(len(bought))
    (first, ours), *_ = values.items()
    table = Table(
        f"{domain}: {len(bought)} households", "NDCG@10 (95 %)", "difference (p)"
    )
    for name, own in values.items():
        ((low, high),) = intervals(own[:, None], users)
        compared = ""
        if name != first:
            compared = paired_bootstrap(ours, own)
            compared = f"{compared.difference:+.4f} ({compared.p:.3f})"
        table.add_row(name, f"{own.mean():.4f} ({low:.4f}–{high:.4f})", compared)
    Console().print(table)


if __name__ == "__main__":
    run_program(cross_domain)
