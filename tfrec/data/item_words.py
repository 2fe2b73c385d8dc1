"""Keywords and topics of items, which `python -m training.enrich` writes."""

import dataclasses
import hashlib
import logging
import pathlib

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from tfrec.data.readers import read_folder
from tfrec.data.schema import WORDS, Items
from tfrec.errors import DataError

logger = logging.getLogger(__name__)

ITEM_WORDS, TEXT_WORDS = "items_words.parquet", "texts_words.parquet"


def text_hash(text: str) -> str:
    """What a text is known by: the SHA-256 of its UTF-8, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_with_words(folder, data_config, features=None):
    """As `read_folder`, the items with the words that the folder has of them."""
    dataset = read_folder(folder, data_config, features=features)
    items = with_words(dataset.items, pathlib.Path(folder))
    return dataclasses.replace(dataset, items=items)


def with_words(items: Items, folder: pathlib.Path) -> Items:
    """The catalogue with the `keywords` and `topic` that a folder has of it.

    Columns that the catalogue brings itself stay. An item whose text is another one by
    now has none until the texts are read again, which a warning says.

    Args:
        items: the catalogue.
        folder: of the log.

    Raises:
        DataError: the file is damaged, or is no such table.
    """
    path = folder / ITEM_WORDS
    missing = [name for name in WORDS if name not in items.frame]
    if not path.exists() or not missing:
        return items
    words = _read(path).set_index("item_id")
    frame = items.frame
    found = words.reindex(frame["item_id"])
    is_same = (found["text_hash"] == [*map(text_hash, items.texts)]).to_numpy()
    num_old = int((found["text_hash"].notna().to_numpy() & ~is_same).sum())
    if num_old:
        logger.warning(
            "%s: %d items have another text by now and go without keywords and topic. "
            "Run `python -m training.enrich %s` again.",
            *(path, num_old, folder),
        )
    columns = {n: found[n].fillna("").to_numpy(object) for n in missing}
    columns = {n: pd.Series(v).where(is_same, "") for n, v in columns.items()}
    return Items.of_parsed(frame.assign(**columns))


def _read(path):
    names = ["item_id", "text_hash", *WORDS]
    try:
        table = pa.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path} cannot be read: {error}. Delete it, or write it again with "
            f"`python -m training.enrich {path.parent}`."
        ) from error
    if missing := {*names} - {*table.column_names}:
        raise DataError(
            f"{path} must have {', '.join(names)}. Received: a table without "
            f"{', '.join(sorted(missing))}. Delete it, or write it again."
        )
    return table.select(names).to_pandas()
