"""The items of a saved model as its `items.parquet` has them, read without pandas."""

import pathlib

from tfrec.errors import DataError
from tfrec.optional import import_optional

REQUIRED = ("item_id", "title")


def read_item_table(
    path: str | pathlib.Path, *more: str, with_numbers: bool = False
) -> dict[str, list]:
    """Columns of a table of items.

    Args:
        path: parquet file with `item_id` and `title`.
        *more: further columns, left out where the file lacks them.
        with_numbers: whether every column of numbers comes as well.

    Returns:
        Name to values.

    Raises:
        DataError: it cannot be read, is no parquet file, or lacks `item_id` or `title`.
        MissingPackageError: pyarrow is not installed.
    """
    parquet = import_optional(
        "pyarrow.parquet", "titles of items", "Install pyarrow, or give no items."
    )
    try:
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            wanted = {*REQUIRED, *more} & set(schema.names)
            if with_numbers:
                wanted |= {each.name for each in schema if _is_number(each.type)}
            table = file.read(columns=sorted(wanted))
    except (OSError, ValueError) as error:  # one of them pyarrow's ArrowInvalid
        raise DataError(f"{path} cannot be read as parquet: {error}") from error
    missing = [name for name in REQUIRED if name not in wanted]
    if missing:
        raise DataError(
            f"Items must have `item_id` and `title`, because answers show both. "
            f"Received: {path}, without {', '.join(missing)}."
        )
    return table.to_pydict()


def _is_number(kind: object) -> bool:
    """Whether an Arrow type is one of whole or floating numbers."""
    return str(kind).startswith(("int", "uint", "float", "double", "halffloat"))
