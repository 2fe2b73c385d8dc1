"""Tests of serving.gateway.profiles."""

import pandas as pd
import pytest

from serving.gateway.profiles import read_profiles
from serving.profile import Profile
from tfrec.errors import DataError


def test_those_with_a_text_are_read(tmp_path):
    path = tmp_path / "users.csv"
    texts = {"user_id": ["7", "8", "9"], "text": ["a gardener", "", "a cook"]}
    pd.DataFrame(texts).to_csv(path, index=False)
    assert read_profiles(path) == {"7": Profile("a gardener"), "9": Profile("a cook")}


def test_other_columns_are_features_where_they_say_something(tmp_path):
    path = tmp_path / "users.csv"
    columns = {"user_id": ["7", "8"], "age": [31, None], "city": ["Rome", ""]}
    pd.DataFrame(columns).to_csv(path, index=False)
    profiles = read_profiles(path)
    assert profiles.keys() == {"7"}
    assert {n: str(v) for n, v in profiles["7"].features.items()} == {
        "age": "31.0",
        "city": "Rome",
    }


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(DataError):
        read_profiles(tmp_path / "users.csv")
