"""The items that are most like each item of a saved model, as one table.

python -m serving.batch_similar --model saved_models/tfrec --k 10 --out similar.parquet
"""

import pathlib
import time
from typing import Annotated

from typer import Option

from tfrec.errors import ConfigError
from tfrec.program import read_pairs, run_program, show_log


def similar(
    model: Annotated[pathlib.Path, Option(help="Folder of a saved model or version.")],
    out: Annotated[pathlib.Path, Option(help="Output: .parquet, .csv or .jsonl file.")],
    items: Annotated[
        pathlib.Path | None,
        Option(help="Table of item_id. Default: every item of the model."),
    ] = None,
    k: Annotated[int, Option("--k", "-k", help="Number of items for each item.")] = 10,
    category: Annotated[
        list[str] | None, Option(help="Only items of this category; may be repeated.")
    ] = None,
    domain: Annotated[
        list[str] | None, Option(help="Only items of this domain; may be repeated.")
    ] = None,
    filter: Annotated[
        list[str] | None,
        Option(help="Limit of an attribute: price_max=10, brand_any=acme|zeta."),
    ] = None,
):
    """Writes the items that are most like each item, from a saved model.

    Columns of the output: item_id, rank, similar_item_id, score. An item that the model
    does not know has no rows.
    """
    if k < 1:
        raise ConfigError(f"`--k` must be at least 1. Received: {k}.")
    filters = read_pairs("--filter", filter)
    # TensorFlow takes seconds to import: not before the flags are right.
    from serving.batch.similar_run import read_item_ids, write_similar
    from serving.batch.tables import check_output
    from tfrec.export.loaded import load

    show_log()
    started = time.monotonic()
    check_output(out)
    item_ids = None if items is None else read_item_ids(items)
    loaded = load(model)
    if item_ids is None:
        item_ids = [*loaded.titles]
    options = {"categories": category or (), "domain": domain or ()}
    num_rows = write_similar(loaded, item_ids, out, k=k, filters=filters, **options)
    print(
        f"{out}: {num_rows} rows for {len(item_ids)} items in "
        f"{time.monotonic() - started:.1f} s."
    )


def main():
    """Entry point of `tfrec-batch-similar`."""
    run_program(similar)


if __name__ == "__main__":
    main()
