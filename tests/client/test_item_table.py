"""Tests of tfrec.client.item_table."""

import pyarrow as pa
import pytest
from pyarrow import parquet

from tfrec.client.item_table import read_item_table
from tfrec.errors import DataError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "items.parquet"


def test_columns_that_are_wanted_and_there(path):
    table = {"item_id": ["a", "b"], "title": ["A", ""], "text": ["long", "longer"]}
    parquet.write_table(pa.table(table), path)
    read = read_item_table(path, "category")
    assert read == {"item_id": ["a", "b"], "title": ["A", ""]}
    parquet.write_table(pa.table(table | {"category": ["x|y", "x"]}), path)
    assert read_item_table(path, "category")["category"] == ["x|y", "x"]


def test_a_table_without_titles(path):
    parquet.write_table(pa.table({"item_id": ["a"]}), path)
    with pytest.raises(DataError, match=r"must have .* Received: .*, without title"):
        read_item_table(path)


def test_a_file_that_is_no_parquet(path):
    path.write_text("item_id,title\na,A\n")
    with pytest.raises(DataError, match="cannot be read as parquet"):
        read_item_table(path)


def test_a_file_that_is_not_there(path):
    with pytest.raises(DataError, match="cannot be read as parquet.*No such file"):
        read_item_table(path)
