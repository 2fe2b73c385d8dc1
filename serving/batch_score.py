"""Recommendations for a whole table of queries, from a saved model.

    python -m serving.batch_score --model saved_models/tfrec --events log.parquet \
        --queries queries.csv --k 10 --out recommendations.parquet

Memory does not grow with the tables: they are divided by user on disk, one shard is
scored at a time, and the result is put back into the order of the queries. A run
that was killed goes on where it was if the same inputs are given again.
"""

import pathlib
import time
from typing import Annotated

from typer import Option

from tfrec.errors import ConfigError
from tfrec.program import read_pairs, run_program, show_log


def score(
    model: Annotated[pathlib.Path, Option(help="Folder of a saved model or version.")],
    events: Annotated[
        pathlib.Path, Option(help="Events of the users: file or folder.")
    ],
    out: Annotated[pathlib.Path, Option(help="Output: .parquet, .csv or .jsonl file.")],
    queries: Annotated[
        pathlib.Path | None,
        Option(
            help="Table of query_id, user_id, timestamp and optionally sequence and "
            "columns of requests. Default: each user of the events, after the last "
            "event."
        ),
    ] = None,
    k: Annotated[int, Option("--k", "-k", help="Number of items for each query.")] = 10,
    users: Annotated[
        pathlib.Path | None,
        Option(help="Table of profiles: user_id, text, columns of users."),
    ] = None,
    filter: Annotated[
        list[str] | None,
        Option(help="Limit of an attribute: price_max=10, brand_any=acme|zeta."),
    ] = None,
    allow_repeats: Annotated[
        bool, Option("--allow-repeats", help="Items of the history may be recommended.")
    ] = False,
    domain: Annotated[
        str, Option(help="Domains, separated by commas. Default: all.")
    ] = "",
):
    """Writes recommendations for a table of queries, from a saved model.

    Columns of the output: query_id, user_id, rank, item_id, score, probability. A
    killed run continues when it is called again with the same inputs.
    """
    if k < 1:
        raise ConfigError(f"`--k` must be at least 1. Received: {k}.")
    filters = read_pairs("--filter", filter)
    # TensorFlow takes seconds to import: not before the flags are right.
    from serving.batch.scoring_run import ScoringRun
    from serving.batch.shard_scoring import ListRules
    from serving.batch.tables import check_output

    show_log()
    started = time.monotonic()
    tables = {"events": events, "queries": queries, "users": users}
    domains = tuple(part.strip() for part in domain.split(",") if part.strip())
    options = ListRules(k, allow_repeats, domains, filters)
    run = ScoringRun(model, tables, check_output(out), options)
    with run.telling_what_is_kept():
        run.divide()
        reused = run.score()
        num_rows, num_queries = run.write()
    print(
        f"{out}: {num_rows} rows for {num_queries} queries in "
        f"{time.monotonic() - started:.1f} s ({run.num_shards} shards"
        f"{f', {reused} of them from an earlier run' if reused else ''})."
    )


def main():
    """Entry point of `tfrec-batch-score`."""
    run_program(score)


if __name__ == "__main__":
    main()
