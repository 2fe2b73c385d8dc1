"""Tests of tfrec.data.vectors, through the tables that hold them."""

import json

import numpy as np
import pandas as pd
import pytest

from tfrec.data.readers import read_items
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.errors import DataError

VECTORS = [[3.0, 4.0], [0.0, 2.0], [-1.0, 0.0]]
UNIT = [[0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]]


def frame(vectors=VECTORS):
    ids = [f"i{row}" for row in range(len(vectors))]
    return pd.DataFrame({"item_id": ids, "vector": pd.Series(vectors, dtype=object)})


def write(vectors, path):
    table = frame(vectors)
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".csv":
        table.assign(vector=[json.dumps(each) for each in vectors]).to_csv(path)
    else:
        table.to_json(path, orient="records", lines=True)
    return path


@pytest.mark.parametrize("name", ["items.parquet", "items.csv", "items.jsonl"])
def test_each_kind_of_file(tmp_path, name):
    items = read_items(write(VECTORS, tmp_path / name))
    np.testing.assert_allclose(items.vectors, UNIT, atol=1e-6)


def test_a_column_by_another_name(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text('{"item_id": "a", "embedding": [0, 5]}\n', "utf-8")
    items = read_items(path, {"vector": "embedding"})
    assert items.vectors.tolist() == [[0.0, 1.0]]


def test_a_table_that_was_read_can_be_written_and_read(tmp_path):
    items = Items(frame())
    items.frame.to_parquet(tmp_path / "items.parquet")
    again = Items(pd.read_parquet(tmp_path / "items.parquet"))
    np.testing.assert_array_equal(again.vectors, items.vectors)


def test_without_the_column():
    assert Items(pd.DataFrame({"item_id": ["a"]})).vectors is None


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ([1.0], "has not 2 numbers, as most have"),
        ([1.0, 2.0, 3.0], "has not 2 numbers, as most have"),
        (None, "is missing or empty"),
        ([], "is missing or empty"),
        ([1.0, float("nan")], "is no list of finite numbers"),
        ([1.0, float("inf")], "is no list of finite numbers"),
        ([1.0, 1e39], "is no list of finite numbers"),
        ([[1.0], [2.0]], "is no list of finite numbers"),
        (["a", "b"], "is no list of finite numbers"),
        ("[1, 2", "is no list of finite numbers"),
        (7, "is no list of finite numbers"),
    ],
)
def test_a_bad_vector_is_named_with_its_row(bad, words):
    with pytest.raises(DataError, match=f"`vector` {words}") as error:
        Items(frame([*VECTORS, bad]))
    assert "row 4" in str(error.value)


def test_files_of_different_lengths(tmp_path):
    folder = tmp_path / "items"
    folder.mkdir()
    write(VECTORS, folder / "a.parquet")
    longer = frame([[1.0, 2.0, 3.0]]).assign(item_id=["long"])
    longer.to_parquet(folder / "b.parquet")
    with pytest.raises(DataError, match="same length.*3 numbers at most, and 2 for"):
        _ = read_items(folder).vectors


def test_items_of_the_log_alone_have_zeros():
    log = {"user_id": ["u"], "item_id": ["new"], "timestamp": [1]}
    tables = (Events(pd.DataFrame(log)), Items(frame()))
    dataset = Dataset("log", *tables, Users(pd.DataFrame({"user_id": []})))
    np.testing.assert_allclose(dataset.items.vectors, [*UNIT, [0, 0]], atol=1e-6)
    assert len(dataset.digest()) == 64
